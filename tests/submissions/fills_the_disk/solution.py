"""Fills every folder it can write to. Seen: its private space is full, it gets an error, no file is left."""
import os


def forward(params, X, activation):
    written = 0
    for folder in ("/tmp", "/work", "/dev/shm"):
        try:
            for number in range(1000):
                with open(os.path.join(folder, f"file{number}"), "wb") as file:
                    file.write(b"x" * (4 << 20))
                    written += 4
        except OSError as error:
            print(folder, error)
    raise RuntimeError(f"the disk took {written} MiB")
