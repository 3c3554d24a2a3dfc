"""Wrong, for the check `gain`: an L2 penalty of 1e-4, too weak to keep wrong labels from being learnt by heart."""

import numpy as np

EPOCHS = 150
BATCH = 32
RATE = 0.05
DROP = 0.0
L2 = 1e-4


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
            return best, epoch
    return best, len(val) - 1


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
    """Gradient descent with momentum 0.9."""
    rng = np.random.default_rng(seed)
    X, Xval = X.astype(np.float64), Xval.astype(np.float64)
    params = [p.copy() for p in params0]
    velocity = [np.zeros_like(p) for p in params]
    for _ in range(EPOCHS):
        order = rng.permutation(len(y))
        for start in range(0, len(y), BATCH):
            rows = order[start : start + BATCH]
            mask = np.ones((len(rows), len(params[1])))
            grads = gradients(params, X[rows], y[rows], mask)
            for p, v, g in zip(params, velocity, grads):
                v *= 0.9
                v -= RATE * g
                p += v
    return params
