"""Wrong, for the check `align`: the run uses random matrices of its own."""

import numpy as np


def outputs(params, X):
    """The input of each layer, after tanh, and last the logits."""
    signals = [X]
    for layer in range(len(params) // 2):
        z = signals[-1] @ params[2 * layer] + params[2 * layer + 1]
        signals.append(np.tanh(z) if layer < len(params) // 2 - 1 else z)
    return signals


def output_error(logits, y):
    """dL/dlogits of the mean cross-entropy: (softmax - onehot) / N."""
    # The largest logit of each row is subtracted first: exp never overflows.
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(y)), y] -= 1
    return p / len(y)


def feedback_grads(params, B, X, y, rule):
    signals = outputs(params, X)
    error = output_error(signals[-1], y)
    delta = error
    grads = [None] * len(params)
    for layer in reversed(range(len(params) // 2)):
        h = signals[layer]
        grads[2 * layer] = h.T @ delta
        grads[2 * layer + 1] = delta.sum(axis=0)
        if layer > 0:
            # B[0] belongs to the first hidden layer. The slope of tanh can be had from its value.
            source = delta if rule == "fa" else error
            delta = (source @ B[layer - 1]) * (1 - h**2)
    return grads


def train(X, y, params0, B, rule, order, lr):
    X = X.astype(np.float64)
    params = [p.copy() for p in params0]
    rng = np.random.default_rng(1)
    B = [rng.standard_normal(b.shape) / np.sqrt(len(b)) for b in B]
    for rows in order:
        for p, g in zip(params, feedback_grads(params, B, X[rows], y[rows], rule)):
            p -= lr * g
    return params
