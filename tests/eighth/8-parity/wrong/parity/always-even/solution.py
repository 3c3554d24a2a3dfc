"""Wrong: says that every train is even."""


def parity(spikes):
    return 0
