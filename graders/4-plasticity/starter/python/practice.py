"""Try your solution at home: `python3 practice.py`. The grader's checks are stricter and more."""

import time

import numpy as np

import solution


def held_inputs():
    """One input that is held: the courses can be worked out by hand."""
    x, eta, T = 1.7, 0.01, 200
    w0, X = np.array([0.4]), np.full((T, 1), x)
    decay = 2.5
    W = solution.hebb(w0, X, eta, decay)
    exact = 0.4 * (1 + eta * (x * x - decay)) ** np.arange(T + 1)
    say("hebb, one input held", W[:, 0], exact)
    W = solution.oja(w0, np.full((5000, 1), x), eta)
    say("oja, one input held: ends at 1", W[-1], np.ones(1))
    W, theta = solution.bcm(w0, 0.3, np.full((20000, 1), x), 0.002, 20.0)
    say("bcm, one input held: y and theta end at 1", np.array([W[-1, 0] * x, theta[-1]]), np.ones(2))
    W, theta = solution.bcm(-w0, 2.0, np.full((50, 1), x), 0.01, 20.0)
    say("bcm, w.x negative: theta falls", theta, 2.0 * 0.95 ** np.arange(51))


def one_pair():
    """One input spike and one output spike: `stdp` must do what `stdp_window` says."""
    p = np.array([0.013, 0.021, 14.0, 31.0, 0.0, 1.0])
    for dt in (0.5, 2.0):
        for gap in (-30, -3, -1, 0, 1, 3, 30):
            pre, post = np.zeros((1, 100), np.uint8), np.zeros(100, np.uint8)
            pre[0, 50] = post[50 + gap] = 1
            W = solution.stdp(np.array([0.5]), pre, post, p, dt)
            dw = solution.stdp_window(np.array([gap * dt]), p)
            say(f"one pair, output {gap * dt:+.1f} ms after the input", W[-1] - 0.5, dw)


def say(what, got, expected):
    got = np.asarray(got, float)
    if got.shape != expected.shape:
        print(f"WRONG {what}: shape {got.shape} instead of {expected.shape}")
        return
    worst = np.max(np.abs(got - expected))
    print(f"{'right' if worst < 1e-6 else 'WRONG'} {what}: largest difference {worst:.1e}")


def directions(seed):
    """Least cosine with the true directions of a cloud."""
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(15, 26)), 1 + seed % 3
    Q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    variances = np.concatenate([[8, 4, 2], 0.5 * rng.uniform(0.3, 1, n - 3)])
    X = rng.uniform(0.5, 2) * (rng.standard_normal((2000, n)) * np.sqrt(variances)) @ Q.T
    begun = time.time()
    W = solution.learn_pca(X.copy(), k, seed)
    took = time.time() - begun
    lengths = np.linalg.norm(W, axis=0)
    cosines = np.abs((W * Q[:, :k]).sum(axis=0)) / lengths
    print(f"cloud {seed}, k = {k}: cosines {np.round(cosines, 3)} (0.95 is required), "
          f"lengths {np.round(lengths, 3)}, {took:.1f} s")


def correlated(seed):
    """Area under the ROC curve of the weights."""
    rng = np.random.default_rng(seed)
    T, group = 60000, np.zeros(40, bool)
    group[rng.choice(40, 12, replace=False)] = True
    pre = rng.random((40, T)) < 0.015
    common = np.zeros(T, bool)
    common[rng.choice(T, 900, replace=False)] = True
    pre[group] = (rng.random((12, T)) < 0.003) | (common & (rng.random((12, T)) < 0.8))
    begun = time.time()
    w = solution.learn_stdp(pre.astype(np.uint8), seed)
    took = time.time() - begun
    inside, outside = w[group][:, None], w[~group]
    area = (inside > outside).mean() + 0.5 * (inside == outside).mean()
    print(f"trains {seed}: AUROC {area:.3f} (0.90 is required), mean weight {w[group].mean():.2f} in the "
          f"group, {w[~group].mean():.2f} outside, {took:.1f} s")


if __name__ == "__main__":
    held_inputs()
    one_pair()
    for seed in range(3):
        directions(seed)
    for seed in range(3):
        correlated(seed)
