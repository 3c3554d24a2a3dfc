"""Leaves a process behind that ignores every polite signal, then crashes. Seen: it is gone too."""
import os
import signal
import time


def forward(params, X, activation):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in range(1, 32):
                try:
                    signal.signal(number, signal.SIG_IGN)
                except (OSError, ValueError):
                    pass
            while True:
                time.sleep(0.05)
        os._exit(0)
    os._exit(7)
