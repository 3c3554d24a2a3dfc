"""Allocates without end. Seen: the memory limit ends it, and the report says memory."""


def forward(params, X, activation):
    kept = []
    while True:
        kept.append(bytearray(8 << 20))
