"""What the hostile programs of the corpus share; lies beside solution.py in each archive that asks for it."""

import ctypes
import json
import os
import struct
import sys

LIBC = ctypes.CDLL(None, use_errno=True)


def all_refused(attempts):
    """Tries each; ends the request by naming what worked, or by saying that nothing did."""
    worked = []
    for name, attempt in attempts.items():
        try:
            attempt()
        except OSError:  # anything else is a mistake in the attack, and shows as one
            continue
        worked.append(name)
    if worked:
        raise RuntimeError(f"GOT THROUGH: {worked}")
    raise RuntimeError(f"all {len(attempts)} refused")


def call(number, *arguments):
    """A system call by its number on x86-64; raises OSError as the kernel refuses."""
    values = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    return checked(LIBC.syscall(ctypes.c_long(number), *values))


def checked(result):
    """A C function's result, or its error as OSError."""
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def read(path, count=64):
    """The beginning of a file; an empty one counts as refused."""
    with open(path, "rb") as file:
        found = file.read(count)
    if not found:
        raise OSError(f"{path} is empty")
    return found


def listed(path):
    """What is in a folder; an empty one counts as refused."""
    found = os.listdir(path)
    if not found:
        raise OSError(f"{path} is empty")
    return found


def serving():
    """The variables of the loop that serves requests: its pipes, and the request at work."""
    frame = sys._getframe()
    while frame.f_code.co_name != "serve":
        frame = frame.f_back
    return frame.f_locals


def ident():
    """The id of the request at work."""
    body = serving()["body"]
    (length,) = struct.unpack_from("<Q", body)
    return json.loads(body[8 : 8 + length])["__metadata__"]["id"]


def send(data):
    """Bytes into the pipe of replies, as they are."""
    serving()["outgoing"].write(data)


def frame(head, data=b"", announced=None):
    """A frame around a header, which may be any bytes or a dict."""
    if isinstance(head, dict):
        head = json.dumps({"__metadata__": {"id": ident()}, **head}).encode()
    body = struct.pack("<Q", len(head)) + head + data
    return struct.pack("<I", len(body) if announced is None else announced) + body
