"""Wrong, for the check `corr`: nothing ever weakens, so all weights end at 1."""

import numpy as np

EPOCHS = 10  # passes of Sanger's rule over the samples
RATE = 0.5  # its first rate, of samples of unit mean square
HALVED = 500  # steps after which it is halved

POTENTIATION = 0.01
DEPRESSION = 0.012  # more than potentiation: inputs that predict nothing lose
TRACE_MS = 20.0
MEMBRANE_MS = 10.0
THRESHOLD = 5.0


def hebb(w0, X, eta, decay):
    W = [w0]
    for x in X:
        w = W[-1]
        y = w @ x
        W.append(w + eta * (y * x - decay * w))
    return np.array(W)


def oja(w0, X, eta):
    W = [w0]
    for x in X:
        w = W[-1]
        y = w @ x
        W.append(w + eta * y * (x - y * w))
    return np.array(W)


def bcm(w0, theta0, X, eta, tau):
    W, thetas = [w0], [theta0]
    for x in X:
        w, theta = W[-1], thetas[-1]
        y = max(w @ x, 0.0)
        W.append(w + eta * x * y * (y - theta))
        thetas.append(theta + (y * y - theta) / tau)
    return np.array(W), np.array(thetas)


def stdp(w0, pre, post, p, dt):
    a_plus, a_minus, tau_plus, tau_minus, w_min, w_max = p
    keep_plus, keep_minus = np.exp(-dt / tau_plus), np.exp(-dt / tau_minus)
    before, after = np.zeros(len(w0)), 0.0  # a trace for each input, one for the neuron
    W = [w0]
    for spikes, fired in zip(pre.T.astype(float), post.astype(float)):
        before, after = before * keep_plus, after * keep_minus
        w = W[-1] - a_minus * after * spikes + a_plus * before * fired
        W.append(np.clip(w, w_min, w_max))
        # Only now: spikes of one step do not see each other.
        before, after = before + spikes, after + fired
    return np.array(W)


def stdp_window(d, p):
    a_plus, a_minus, tau_plus, tau_minus = p[:4]
    size = np.abs(d)
    causal, acausal = a_plus * np.exp(-size / tau_plus), -a_minus * np.exp(-size / tau_minus)
    return np.where(d > 0, causal, np.where(d < 0, acausal, 0.0))


def learn_pca(X, k, seed):
    """Sanger's rule (1989): Oja's, each output seeing what those before it leave over."""
    rng = np.random.default_rng(seed)
    X = X / np.sqrt((X**2).sum(axis=1).mean())
    W = 0.1 * rng.standard_normal((k, X.shape[1]))
    step = 0
    for _ in range(EPOCHS):
        for i in rng.permutation(len(X)):
            y = W @ X[i]
            W += RATE / (1 + step / HALVED) * (np.outer(y, X[i]) - np.tril(np.outer(y, y)) @ W)
            step += 1
    return W.T


def learn_stdp(pre, seed):
    """A leaky neuron driven by all inputs; weights between 0 and 1, and no luck in it at all."""
    keep_trace, keep_u = np.exp(-1 / TRACE_MS), np.exp(-1 / MEMBRANE_MS)
    w, before = np.full(len(pre), 0.5), np.zeros(len(pre))
    after, u, fired = 0.0, 0.0, False
    for active in (np.flatnonzero(column) for column in pre.T.copy()):
        before *= keep_trace
        after *= keep_trace
        if len(active):
            w[active] = np.maximum(w[active], 0.0)
        if fired:
            # The spike caused in the step before registers now, so that its causes lie before it.
            w = np.minimum(w + POTENTIATION * before, 1.0)
            after += 1.0
        before[active] += 1.0
        u = (0.0 if fired else u * keep_u) + w[active].sum()
        fired = u > THRESHOLD
    return w
