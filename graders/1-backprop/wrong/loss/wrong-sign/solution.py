"""Wrong, for the check `loss`: the log-likelihood is returned, which is the loss with the wrong sign."""

import numpy as np

EPOCHS = 40
BATCH = 32
RATE = 3e-3


def outputs(params, X, activation):
    """The input of each layer, after the activation, and last the logits."""
    signals = [X]
    for layer in range(len(params) // 2):
        z = signals[-1] @ params[2 * layer] + params[2 * layer + 1]
        if layer < len(params) // 2 - 1:
            z = np.maximum(z, 0) if activation == "relu" else np.tanh(z)
        signals.append(z)
    return signals


def forward(params, X, activation):
    return outputs(params, X, activation)[-1]


def log_softmax(logits):
    # The largest logit of each row is subtracted first: exp never overflows.
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def loss_and_grads(params, X, y, activation):
    signals = outputs(params, X, activation)
    N = len(y)
    log_p = log_softmax(signals[-1])
    loss = log_p[np.arange(N), y].mean()
    # dL/dz of the last layer is (softmax - onehot) / N.
    delta = np.exp(log_p)
    delta[np.arange(N), y] -= 1
    delta /= N
    grads = [None] * len(params)
    for layer in reversed(range(len(params) // 2)):
        h = signals[layer]
        grads[2 * layer] = h.T @ delta
        grads[2 * layer + 1] = delta.sum(axis=0)
        if layer > 0:
            # Both derivatives can be had from the output: h > 0 where z > 0, and 1 - tanh(z)^2.
            slope = h > 0 if activation == "relu" else 1 - h**2
            delta = (delta @ params[2 * layer].T) * slope
    return loss, grads


def sgd(params, X, y, order, lr, momentum, activation):
    params = [p.copy() for p in params]
    velocity = [np.zeros_like(p) for p in params]
    for rows in order:
        _, grads = loss_and_grads(params, X[rows], y[rows], activation)
        for p, v, g in zip(params, velocity, grads):
            v *= momentum
            v -= lr * g
            p += v
    return params


def train(X, y, params0, seed):
    """Adam (Kingma and Ba, 2015) on shuffled minibatches; also the learning curve."""
    rng = np.random.default_rng(seed)
    X = X.astype(np.float64)
    params = [p.copy() for p in params0]
    mean = [np.zeros_like(p) for p in params]
    square = [np.zeros_like(p) for p in params]
    curve, step = [], 0
    for _ in range(EPOCHS):
        order = rng.permutation(len(y))
        for start in range(0, len(y), BATCH):
            rows = order[start : start + BATCH]
            _, grads = loss_and_grads(params, X[rows], y[rows], "relu")
            step += 1
            for p, m, s, g in zip(params, mean, square, grads):
                m += 0.1 * (g - m)
                s += 0.001 * (g * g - s)
                p -= RATE * (m / (1 - 0.9**step)) / (np.sqrt(s / (1 - 0.999**step)) + 1e-8)
        logits = forward(params, X, "relu")
        loss = -log_softmax(logits)[np.arange(len(y)), y].mean()
        curve.append((loss, (logits.argmax(axis=1) == y).mean()))
    return params, curve
