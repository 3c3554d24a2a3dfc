"""Wrong, for the check `early_stop`: the best epoch is sought among all, also those that were never run."""

import numpy as np

EPOCHS = 30
BATCH = 32
RATE = 1e-3
DROP = 0.8
L2 = 0.005


def penalty(params, l1, l2):
    value, grads = 0.0, []
    for W, b in zip(params[::2], params[1::2]):
        value += 0.5 * l2 * (W**2).sum() + l1 * np.abs(W).sum()
        grads += [l2 * W + l1 * np.sign(W), np.zeros_like(b)]
    return value, grads


def dropout(h, mask, q, dout, training):
    if not training:
        return h, dout
    factor = mask / (1 - q)
    return h * factor, dout * factor


def batch_norm(x, gamma, beta, run_mean, run_var, momentum, eps, training):
    if not training:
        return gamma * (x - run_mean) / np.sqrt(run_var + eps) + beta, run_mean, run_var
    mean, var = x.mean(axis=0), x.var(axis=0)
    y = gamma * (x - mean) / np.sqrt(var + eps) + beta
    return y, (1 - momentum) * run_mean + momentum * mean, (1 - momentum) * run_var + momentum * var


def early_stop(val, patience, min_delta):
    lowest, best = np.inf, -1
    for epoch, loss in enumerate(val):
        if loss < lowest - min_delta:
            lowest, best = loss, epoch
        elif epoch - best >= patience:
            return int(np.argmin(val)), epoch
    return int(np.argmin(val)), len(val) - 1


def log_softmax(logits):
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def loss(params, X, y):
    """The mean cross-entropy of the network as it is used: nothing is dropped."""
    W0, b0, W1, b1 = params
    log_p = log_softmax(np.maximum(X @ W0 + b0, 0) @ W1 + b1)
    return -log_p[np.arange(len(y)), y].mean()


def gradients(params, X, y, mask):
    """Gradients of the cross-entropy with dropout in the hidden layer, and of the L2 penalty."""
    W0, b0, W1, b1 = params
    z = X @ W0 + b0
    h = np.maximum(z, 0)
    out, _ = dropout(h, mask, DROP, h, True)
    delta = np.exp(log_softmax(out @ W1 + b1))
    delta[np.arange(len(y)), y] -= 1
    delta /= len(y)
    _, below = dropout(h, mask, DROP, delta @ W1.T, True)
    below = below * (z > 0)
    grads = [X.T @ below, below.sum(axis=0), out.T @ delta, delta.sum(axis=0)]
    return [g + p for g, p in zip(grads, penalty(params, 0, L2)[1])]


def train(X, y, Xval, yval, params0, seed):
    """Adam (Kingma and Ba, 2015) with dropout and L2; also the learning curve."""
    rng = np.random.default_rng(seed)
    X, Xval = X.astype(np.float64), Xval.astype(np.float64)
    params = [p.copy() for p in params0]
    mean = [np.zeros_like(p) for p in params]
    square = [np.zeros_like(p) for p in params]
    curve, step = [], 0
    for _ in range(EPOCHS):
        order = rng.permutation(len(y))
        for start in range(0, len(y), BATCH):
            rows = order[start : start + BATCH]
            mask = (rng.random((len(rows), len(params[1]))) >= DROP).astype(np.float64)
            grads = gradients(params, X[rows], y[rows], mask)
            step += 1
            for p, m, s, g in zip(params, mean, square, grads):
                m += 0.1 * (g - m)
                s += 0.001 * (g * g - s)
                p -= RATE * (m / (1 - 0.9**step)) / (np.sqrt(s / (1 - 0.999**step)) + 1e-8)
        curve.append((loss(params, X, y), loss(params, Xval, yval)))
    return params, curve
