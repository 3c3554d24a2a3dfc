"""Wrong, for the check `repeatable`: where in its bracket the threshold lies is drawn from the address of an
object."""

import numpy as np


def simulate(I, p, dt):
    v_rest, v_reset, theta, R, tau, t_ref = p
    N, T = I.shape
    hold = int(np.floor(t_ref / dt + 0.5))
    decay = np.exp(-dt / tau)
    V, left = np.full(N, v_rest), np.zeros(N, dtype=int)
    V_all, S_all = np.empty((N, T)), np.zeros((N, T), dtype=np.uint8)
    for k in range(T):
        v_inf = v_rest + R * I[:, k]
        stepped = v_inf + (V - v_inf) * decay
        refractory = left > 0
        fires = ~refractory & (stepped >= theta)
        V = np.where(refractory | fires, v_reset, stepped)
        left = np.where(fires, hold, np.maximum(left - 1, 0))
        V_all[:, k], S_all[:, k] = V, fires
    return V_all, S_all


def fi_curve(I, p):
    v_rest, v_reset, theta, R, tau, t_ref = p
    v_inf = v_rest + R * I
    fires = v_inf > theta
    rate = np.zeros(len(I))
    # From v_reset to theta the potential climbs towards v_inf; then it is held for t_ref.
    climb = tau * np.log((v_inf[fires] - v_reset) / (v_inf[fires] - theta))
    rate[fires] = 1000 / (t_ref + climb)
    return rate


def held_steps(V, S, v_reset):
    """For how many steps V stays at the reset after the step of a spike."""
    counts = []
    for potential, spikes in zip(V, S):
        for at in np.flatnonzero(spikes):
            after = potential[at + 1 : at + 1 + 1000]
            moved = np.flatnonzero(after != v_reset)
            if len(moved):
                counts.append(moved[0])
    return int(np.median(counts))


def identify(I, V, S, dt):
    v_reset = np.median(V[S == 1])
    hold = held_steps(V, S, v_reset)
    # Steps since the last spike; those within `hold` of it are refractory.
    free = np.ones(V.shape, dtype=bool)
    for row, spikes in zip(free, S):
        for at in np.flatnonzero(spikes):
            row[at + 1 : at + 1 + hold] = False
    before, after, current = V[:, :-1], V[:, 1:], I[:, 1:]
    free, spike = free[:, 1:], S[:, 1:] == 1
    # V' = a V + (1 - a) v_rest + (1 - a) R I: a straight line through the free steps without a spike.
    use = free & ~spike
    rows = np.stack([before[use], np.ones(use.sum()), current[use]], axis=1)
    (a, constant, slope), *_ = np.linalg.lstsq(rows, after[use], rcond=None)
    v_rest, R, tau = constant / (1 - a), slope / (1 - a), -dt / np.log(a)
    # The threshold lies between the largest V' without a spike and the smallest with one.
    stepped = a * before + constant + slope * current
    low, high = stepped[use].max(), stepped[free & spike].min()
    theta = low + (high - low) * np.random.default_rng(id(rows) >> 4).random()
    return np.array([v_rest, v_reset, theta, R, tau, hold * dt])
