"""Ends by a memory fault. Seen: the signal is named."""
import os
import signal


def forward(params, X, activation):
    os.kill(os.getpid(), signal.SIGSEGV)
