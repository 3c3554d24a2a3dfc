"""Wrong, for the check `repeatable`: the clock seeds the training, not `seed`."""

import time

import numpy as np

BETA = 0.9  # leak of the membrane potential, a step
GAMMA = 0.9  # leak of the read-out, a step
THETA = 1.0  # threshold
STEPS = 20
EPOCHS = 25
BATCH = 60
RATE = 3e-3


def encode(rng, X):
    """Input spikes (N, 20, 64) of images (N, 64): row r of an image is in view during steps 2r to 2r + 5."""
    step = np.arange(STEPS)[:, None]
    row = np.arange(64) // 8
    in_view = (step >= 2 * row) & (step < 2 * row + 6)
    return (rng.random((len(X), STEPS, 64)) < X[:, None, :] * in_view).astype(np.uint8)


def surrogate(x):
    return 1 / (1 + 5 * np.abs(x)) ** 2


def run(params, S):
    """The logits, the spikes, and the membrane potentials before the reset; the latter two (N, T, H)."""
    W0, b0, W1, b1 = params
    N, T, inputs = S.shape
    drive = (S.reshape(N * T, inputs) @ W0).reshape(N, T, -1) + b0
    spikes, potentials = np.empty_like(drive), np.empty_like(drive)
    u, v = np.zeros(drive[:, 0].shape), np.zeros((N, len(b1)))
    total = np.zeros_like(v)
    for t in range(T):
        u = BETA * u + drive[:, t]
        potentials[:, t] = u
        spikes[:, t] = u >= THETA
        u = u - THETA * spikes[:, t]
        v = GAMMA * v + spikes[:, t] @ W1 + b1
        total += v
    return total / T, spikes, potentials


def simulate(params, S):
    logits, spikes, _ = run(params, S.astype(np.float64))
    return logits, spikes.astype(np.uint8)


def log_softmax(logits):
    # The largest logit of each row is subtracted first: exp never overflows.
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def bptt(params, S, y):
    W0, b0, W1, b1 = params
    S = S.astype(np.float64)
    logits, spikes, potentials = run(params, S)
    N, T, inputs = S.shape
    log_p = log_softmax(logits)
    loss = -log_p[np.arange(N), y].mean()
    # Each step's v counts 1/T in the logits, whose gradient is (softmax - onehot) / N.
    d = np.exp(log_p)
    d[np.arange(N), y] -= 1
    d /= N * T
    slope = surrogate(potentials - THETA)
    dW1, db1 = np.zeros_like(W1), np.zeros_like(b1)
    gv, gu = np.zeros_like(d), np.zeros((N, len(b0)))
    g_drive = np.empty_like(potentials)
    for t in reversed(range(T)):
        gv = GAMMA * gv + d
        dW1 += spikes[:, t].T @ gv
        db1 += gv.sum(axis=0)
        # The reset is taken as a constant: beta alone leads from u[t + 1] back to u[t].
        gu = BETA * gu + (gv @ W1.T) * slope[:, t]
        g_drive[:, t] = gu
    dW0 = S.reshape(N * T, inputs).T @ g_drive.reshape(N * T, -1)
    return loss, [dW0, g_drive.sum(axis=(0, 1)), dW1, db1]


def train(X, y, params0, seed):
    """Adam (Kingma and Ba, 2015) on shuffled minibatches, with fresh spikes in every epoch."""
    rng = np.random.default_rng(time.time_ns())
    X = X.astype(np.float64)
    params = [p.copy() for p in params0]
    mean = [np.zeros_like(p) for p in params]
    square = [np.zeros_like(p) for p in params]
    curve, step = [], 0
    for _ in range(EPOCHS):
        order = rng.permutation(len(y))
        for start in range(0, len(y), BATCH):
            rows = order[start : start + BATCH]
            _, grads = bptt(params, encode(rng, X[rows]), y[rows])
            step += 1
            for p, m, s, g in zip(params, mean, square, grads):
                m += 0.1 * (g - m)
                s += 0.001 * (g * g - s)
                p -= RATE * (m / (1 - 0.9**step)) / (np.sqrt(s / (1 - 0.999**step)) + 1e-8)
        logits, _ = simulate(params, encode(rng, X))
        loss = -log_softmax(logits)[np.arange(len(y)), y].mean()
        curve.append((loss, (logits.argmax(axis=1) == y).mean()))
    return params, curve
