"""Try your solution at home: `python3 practice.py`. The grader's checks are stricter and more."""

import time

import numpy as np
from testat import digits

import solution


def smooth_loss(params, S, y, spikes, potentials):
    """The loss of a twin in which a spike moves with the potential as the surrogate says, and the resets stay
    as they are in `spikes`: its true gradient is what `bptt` must return."""
    W0, b0, W1, b1 = params
    sigmoid = lambda x: x / (1 + 5 * np.abs(x))  # its derivative is the surrogate
    N, T, _ = S.shape
    u, v, total = np.zeros((N, len(b0))), np.zeros((N, len(b1))), np.zeros((N, len(b1)))
    for t in range(T):
        u = solution.BETA * u + S[:, t] @ W0 + b0
        z = spikes[:, t] + sigmoid(u - solution.THETA) - sigmoid(potentials[:, t] - solution.THETA)
        u = u - solution.THETA * spikes[:, t]
        v = solution.GAMMA * v + z @ W1 + b1
        total += v
    logits = total / T
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -log_p[np.arange(N), y].mean()


def potentials_of(params, S, spikes):
    """The potentials before each reset, if `spikes` are right."""
    u, all_of_them = np.zeros((len(S), len(params[1]))), []
    for t in range(S.shape[1]):
        u = solution.BETA * u + S[:, t] @ params[0] + params[1]
        all_of_them.append(u)
        u = u - solution.THETA * spikes[:, t]
    return np.stack(all_of_them, axis=1)


def gradient_check():
    """Every gradient against the finite difference of the smooth twin's loss."""
    rng = np.random.default_rng(0)
    for N, T, sizes in ((1, 1, (5, 4, 3)), (4, 12, (5, 6, 3)), (3, 25, (8, 10, 4))):
        params = []
        for inputs, outputs in zip(sizes, sizes[1:]):
            params += [0.6 * rng.standard_normal((inputs, outputs)), 0.2 * rng.standard_normal(outputs)]
        S = (rng.random((N, T, sizes[0])) < 0.4).astype(np.uint8)
        y = rng.integers(0, sizes[-1], N)
        spikes = np.asarray(solution.simulate(params, S)[1]).astype(float)
        potentials = potentials_of(params, S, spikes)
        assert ((potentials >= solution.THETA) == spikes).all(), "the spikes are not those of the potentials"
        loss, grads = solution.bptt(params, S, y)
        assert abs(loss - smooth_loss(params, S, y, spikes, potentials)) < 1e-9, "the loss is another"
        worst = 0.0
        for p, g in zip(params, grads):
            assert np.shape(g) == p.shape, f"a gradient has shape {np.shape(g)}, its parameter {p.shape}"
            for at in np.ndindex(p.shape):
                old, step = p[at], 1e-6
                p[at] = old + step
                above = smooth_loss(params, S, y, spikes, potentials)
                p[at] = old - step
                below = smooth_loss(params, S, y, spikes, potentials)
                p[at] = old
                worst = max(worst, abs((above - below) / (2 * step) - g[at]))
        print(f"gradients, N {N}, T {T}, sizes {sizes}: largest difference {worst:.1e} (below 1e-7 is right)")


def learning(seed):
    """Accuracy and spikes on fresh images of an alphabet of its own."""
    rng = np.random.default_rng(seed)
    glyphs = digits.alphabet(rng)
    X, y = digits.samples(rng, glyphs, 1200)
    X_test, y_test = digits.samples(rng, glyphs, 597)
    params0 = [0.12 * rng.standard_normal((64, 32)), np.zeros(32), 0.1 * rng.standard_normal((32, 10)), np.zeros(10)]
    begun = time.time()
    result = solution.train(X, y, [p.copy() for p in params0], seed)
    seconds = time.time() - begun
    params = result[0] if isinstance(result, tuple) and len(result) == 2 else result
    logits, spikes = solution.simulate(params, solution.encode(rng, X_test))
    right = (np.asarray(logits).argmax(axis=1) == y_test).mean()
    print(
        f"alphabet {seed}: {100 * right:.1f} % right (80 % are required), a neuron spikes in {np.mean(spikes):.3f} "
        f"of the steps (0.005 to 0.6), {seconds:.1f} s"
    )


if __name__ == "__main__":
    gradient_check()
    for seed in range(3):
        learning(seed)
