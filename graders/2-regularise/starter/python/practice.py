"""Try your solution at home: `python3 practice.py`. The grader's checks are stricter and more."""

import time

import numpy as np
from testat import digits

import solution


def penalty_gradient():
    """The gradient of the penalty against its finite difference."""
    rng = np.random.default_rng(0)
    params = digits.network(rng, 5, 4, 3)
    _, grads = solution.penalty(params, 0.3, 0.2)
    worst = 0.0
    for p, g in zip(params, grads):
        assert np.shape(g) == p.shape, f"a gradient has shape {np.shape(g)}, its parameter {p.shape}"
        for at in np.ndindex(p.shape):
            old, step = p[at], 1e-6
            p[at] = old + step
            above, _ = solution.penalty(params, 0.3, 0.2)
            p[at] = old - step
            below, _ = solution.penalty(params, 0.3, 0.2)
            p[at] = old
            worst = max(worst, abs((above - below) / (2 * step) - g[at]))
    print(f"penalty: largest difference from the slope {worst:.1e} (below 1e-7 is right)")


def dropout_mean():
    """Dropped or not, a unit's mean output must be the same."""
    rng = np.random.default_rng(1)
    h, q = np.ones((1000, 100)), 0.7
    out, _ = solution.dropout(h, (rng.random(h.shape) >= q).astype(np.float64), q, h, True)
    still, _ = solution.dropout(h, np.zeros_like(h), q, h, False)
    print(f"dropout: mean output {np.mean(out):.2f} while training, {np.mean(still):.2f} at the test (both must be 1)")


def normalised_batch():
    """Means and variances after batch normalisation."""
    x = 3 + 2 * np.random.default_rng(2).standard_normal((40, 3))
    one, zero = np.ones(3), np.zeros(3)
    y, mean, var = solution.batch_norm(x, one, zero, zero, one, 1.0, 1e-5, True)
    print(f"batch_norm: mean {np.abs(y.mean(axis=0)).max():.1e} (must be 0), variance {y.var(axis=0).round(3)} (must be 1)")
    again, _, _ = solution.batch_norm(x, one, zero, mean, var, 1.0, 1e-5, False)
    print(f"batch_norm: at the test, by these running values, the same to {np.abs(again - y).max():.1e}")


def stopping():
    """Four answers that can be found by hand."""
    for val, patience, min_delta, right in (
        ([3.0, 2.0, 1.0], 1, 0.0, (2, 2)),
        ([1.0, 1.0, 0.5, 0.75, 0.75], 2, 0.0, (2, 4)),
        ([2.0, 1.25, 0.5, -0.25, -1.0], 3, 1.0, (4, 4)),
        ([2.0, 1.0, 1.0], 2, 1.0, (0, 2)),
    ):
        got = solution.early_stop(np.array(val), patience, min_delta)
        print(f"early_stop: {tuple(map(int, got))}, must be {right}")


def mislabelled(rng, y):
    """Each label replaced with probability one half by one of the nine others."""
    return np.where(rng.random(len(y)) < 0.5, (y + rng.integers(1, 10, len(y))) % 10, y)


def learning(seed):
    """Accuracy on fresh images, and expected loss on half-wrong labels, of an alphabet of its own."""
    rng = np.random.default_rng(seed)
    glyphs = digits.alphabet(rng)
    X, y = digits.samples(rng, glyphs, 900, polarity=False, strength=0.5)
    X_test, y_test = digits.samples(rng, glyphs, 897, polarity=False, strength=0.5)
    y = mislabelled(rng, y)
    params0 = digits.network(rng, 64, 256, 10)
    begun = time.time()
    result = solution.train(X[:800], y[:800], X[800:], y[800:], [p.copy() for p in params0], seed)
    W0, b0, W1, b1 = result[0] if isinstance(result, tuple) and len(result) == 2 else result
    logits = np.maximum(X_test.astype(np.float64) @ W0 + b0, 0) @ W1 + b1
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    own = log_p[np.arange(len(y_test)), y_test]
    loss = -(0.5 * own + 0.5 * (log_p.sum(axis=1) - own) / 9).mean()
    right = (logits.argmax(axis=1) == y_test).mean()
    print(
        f"alphabet {seed}: {100 * right:.1f} % right (85 % are required), "
        f"expected loss {loss:.3f} (2.03 are allowed), {time.time() - begun:.1f} s"
    )


if __name__ == "__main__":
    penalty_gradient()
    dropout_mean()
    normalised_batch()
    stopping()
    for seed in range(3):
        learning(seed)
