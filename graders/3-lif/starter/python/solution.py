"""Project 3: leaky integrate-and-fire neuron. Replace each `raise` by your own lines.

Units: ms, mV, MOhm, nA (1 MOhm nA = 1 mV), Hz. `p` is [v_rest, v_reset, theta, R, tau, t_ref].
The handout says what each function must return.
"""

import numpy as np


def simulate(I, p, dt):
    """V (N, T) float64 and S (N, T) uint8 of N neurons under the currents I (N, T), each from rest."""
    raise NotImplementedError("simulate is not written yet: begin here")


def fi_curve(I, p):
    """The steady firing rate in Hz for each constant current of I (K,)."""
    raise NotImplementedError("fi_curve is not written yet")


def identify(I, V, S, dt):
    """The parameters (6,) of the neuron that was recorded: I, V, S are (6, T)."""
    raise NotImplementedError("identify is not written yet")
