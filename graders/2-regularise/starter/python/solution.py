"""Project 2: regularisation with half of the labels wrong. Replace each `raise` by your own lines.

`params` is a list [W0, b0, W1, b1, ...]; rows of X are samples; a layer computes x @ W + b.
The handout says what each function must return.
"""

import numpy as np


def penalty(params, l1, l2):
    """l2/2 * sum W^2 + l1 * sum |W| over the weights alone, and [dW0, db0, dW1, db1, ...]."""
    raise NotImplementedError("penalty is not written yet: begin here")


def dropout(h, mask, q, dout, training):
    """out and dh, both of the shape of h (N, H); mask is 1 where a unit is kept."""
    raise NotImplementedError("dropout is not written yet")


def batch_norm(x, gamma, beta, run_mean, run_var, momentum, eps, training):
    """y (N, F), new_mean (F,), new_var (F,)."""
    raise NotImplementedError("batch_norm is not written yet")


def early_stop(val, patience, min_delta):
    """The best epoch and the last one run, counted from 0; val is (E,)."""
    raise NotImplementedError("early_stop is not written yet")


def train(X, y, Xval, yval, params0, seed):
    """Trained parameters of the network 64-256-10 with ReLU; X is (800, 64) float32, half of y is wrong."""
    rng = np.random.default_rng(seed)  # draw every random choice from it
    return params0
