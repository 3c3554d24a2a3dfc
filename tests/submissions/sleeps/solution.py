"""Waits for ever without using the processor. Seen: its request runs out of time."""
import time


def forward(params, X, activation):
    time.sleep(3600)
