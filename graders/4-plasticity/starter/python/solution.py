"""Project 4: synaptic plasticity. Replace each `raise` by your own lines.

A course of the weights has T + 1 rows: row 0 is w0, row t + 1 the weights after sample or step t.
The handout says what each function must return.
"""

import numpy as np


def hebb(w0, X, eta, decay):
    """The course (T+1, n) by Hebb's rule with decay over the rows of X (T, n)."""
    raise NotImplementedError("hebb is not written yet: begin here")


def oja(w0, X, eta):
    """The course (T+1, n) by Oja's rule over the rows of X (T, n)."""
    raise NotImplementedError("oja is not written yet")


def bcm(w0, theta0, X, eta, tau):
    """The courses of the weights (T+1, n) and of the threshold (T+1,) by BCM."""
    raise NotImplementedError("bcm is not written yet")


def stdp(w0, pre, post, p, dt):
    """The course (T+1, n) by STDP; pre is (n, T), post (T,), p = [A+, A-, tau+, tau-, w_min, w_max]."""
    raise NotImplementedError("stdp is not written yet")


def stdp_window(d, p):
    """The change (m,) by one pair of spikes, output minus input being d (m,) milliseconds."""
    raise NotImplementedError("stdp_window is not written yet")


def learn_pca(X, k, seed):
    """The first k principal directions of X (2000, n) as columns (n, k) of length 1."""
    rng = np.random.default_rng(seed)  # draw every random choice from it
    return np.eye(X.shape[1], k)


def learn_stdp(pre, seed):
    """Weights (40,) that STDP gives the inputs of a neuron of yours; pre is (40, 60000), steps of 1 ms."""
    return np.full(len(pre), 0.5)
