"""Try your solution at home: `python3 practice.py`. The grader's checks are stricter and more."""

import numpy as np

import solution

NAMES = ("v_rest", "v_reset", "theta", "R", "tau", "t_ref")


def neuron(rng, dt):
    """Random parameters, as the grader draws them."""
    v_rest = rng.uniform(-75, -60)
    v_reset = v_rest + rng.choice([rng.uniform(2, 6), rng.uniform(-8, -2)])
    theta = v_rest + rng.uniform(12, 25)
    t_ref = (np.floor(rng.uniform(1.5, 5) / dt) + rng.uniform(0.6, 0.9)) * dt
    return np.array([v_rest, v_reset, theta, rng.uniform(5, 15), rng.uniform(6, 25), t_ref])


def currents(rng, p, N, T, dt):
    """Fluctuating currents around the rheobase, (N, T)."""
    rheobase, x, I = (p[2] - p[0]) / p[3], np.zeros(N), np.empty((N, T))
    for k in range(T):
        x += -x * dt / 5 + np.sqrt(2 * dt / 5) * rng.standard_normal(N)
        I[:, k] = rheobase * (0.95 + 0.7 * x)
    return I


def rise():
    """Below the threshold a constant current gives an exponential."""
    p, dt = np.array([-70.0, -65.0, -50.0, 10.0, 8.0, 2.0]), 0.5
    V, S = solution.simulate(np.full((2, 60), 1.5), p, dt)
    time = dt * (1 + np.arange(60))
    worst = np.abs(V - (-55 - 15 * np.exp(-time / 8))).max()
    print(f"rise: largest difference {worst:.1e} mV (below 1e-6 is right), {np.sum(S)} spikes (0 are right)")


def interval():
    """Just over the threshold at a step's end: a train whose period can be counted by hand."""
    p, dt = np.array([-70.0, -65.0, -50.0, 10.0, 8.0, 1.3]), 0.5
    _, S = solution.simulate(np.full((1, 12), 200.0), p, dt)
    print(f"so strong a current fires at every free step: {np.flatnonzero(S[0])} ([0 4 8] is right)")


def rates():
    """The f-I curve at four currents, from the closed form."""
    p = np.array([-70.0, -65.0, -50.0, 10.0, 8.0, 2.0])
    rate = np.asarray(solution.fi_curve(np.array([1.0, 2.1, 2.5, 4.0]), p))
    print(f"rates: {np.round(rate, 2)} Hz ([0 41.36 76.39 154.39] is right)")


def unknown(seed):
    """Finds a neuron that your own `simulate` recorded."""
    rng = np.random.default_rng(seed)
    dt = (0.05, 0.1, 0.2)[seed % 3]
    p = neuron(rng, dt)
    I = currents(rng, p, 6, 5000, dt)
    V, S = solution.simulate(I, p, dt)
    found = np.asarray(solution.identify(I, V, S, dt))
    for name, true, got in zip(NAMES, p, found):
        print(f"neuron {seed}: {name} {got:.4f}, true {true:.4f}")


if __name__ == "__main__":
    rise()
    interval()
    rates()
    for seed in range(3):
        unknown(seed)
