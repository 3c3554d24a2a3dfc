"""Try your solution at home: `python3 practice.py`. The grader's checks are stricter and more."""

import time

import numpy as np
from testat import digits

import solution


def logits(params, X):
    """The network's output: tanh in every layer but the last."""
    for layer in range(len(params) // 2):
        X = X @ params[2 * layer] + params[2 * layer + 1]
        X = np.tanh(X) if layer < len(params) // 2 - 1 else X
    return X


def loss(params, X, y):
    z = logits(params, X)
    z = z - z.max(axis=1, keepdims=True)
    return (np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(y)), y]).mean()


def gradient_check():
    """With B = W transposed, feedback alignment gives the gradient of the loss."""
    rng = np.random.default_rng(0)
    for sizes in ((5, 6, 4), (4, 6, 5, 3), (5, 5, 5, 5)):
        params = [p + 0.3 * rng.standard_normal(p.shape) for p in digits.network(rng, *sizes)]
        X, y = rng.standard_normal((7, sizes[0])), rng.integers(0, sizes[-1], 7)
        B = [W.T.copy() for W in params[2::2]]
        grads = solution.feedback_grads(params, B, X, y, "fa")
        worst = 0.0
        for p, g in zip(params, grads):
            assert np.shape(g) == p.shape, f"a gradient has shape {np.shape(g)}, its parameter {p.shape}"
            for at in np.ndindex(p.shape):
                old, step = p[at], 1e-6
                p[at] = old + step
                above = loss(params, X, y)
                p[at] = old - step
                below = loss(params, X, y)
                p[at] = old
                worst = max(worst, abs((above - below) / (2 * step) - g[at]))
        print(f"fa with B = W.T, sizes {sizes}: largest difference {worst:.1e} (below 1e-7 is right)")


def run(rule, sizes, seed):
    """A run as the grader prescribes it, on an alphabet of its own."""
    rng = np.random.default_rng(seed)
    glyphs = digits.alphabet(rng)
    X, y = digits.samples(rng, glyphs, 1200, strength=0.7)
    X_test, y_test = digits.samples(rng, glyphs, 597, strength=0.7)
    params0 = digits.network(rng, *sizes, gain=0.01)
    rows = [above if rule == "fa" else sizes[-1] for above in sizes[2:]]
    B = [rng.standard_normal((r, own)) / np.sqrt(r) for r, own in zip(rows, sizes[1:-1])]
    order = np.concatenate([rng.permutation(1200)[:1184].reshape(37, 32) for _ in range(40)])
    begun = time.time()
    params = solution.train(X, y, [p.copy() for p in params0], B, rule, order, rng.uniform(0.05, 0.08))
    seconds = time.time() - begun
    right = (logits(params, X_test.astype(np.float64)).argmax(axis=1) == y_test).mean()
    W, B = params[-2].T, B[-1]
    cosine = (W * B).sum() / np.linalg.norm(W) / np.linalg.norm(B)
    print(
        f"{rule}, alphabet {seed}: {100 * right:.1f} % right (most runs: above 95), "
        f"alignment {cosine:.2f} (most runs: about 0.75), {seconds:.1f} s"
    )


if __name__ == "__main__":
    gradient_check()
    for seed in range(2):
        run("fa", (64, 128, 10), seed)
        run("dfa", (64, 128, 64, 10), seed)
