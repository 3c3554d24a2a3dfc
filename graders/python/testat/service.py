"""The loop: requests in, replies out, every error in words.

The protocol moves to private descriptors before any line of the solution runs; then standard input is
empty and standard output leads to the log, so a stray ``print`` breaks nothing.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import traceback
from types import ModuleType
from typing import Any, BinaryIO, Dict, Optional, Tuple

import numpy as np

from testat import API, call, link
from testat.call import Unusable

PACKAGE = os.path.dirname(os.path.abspath(__file__))
TEXT_MAX = 2000
FRAMES_MAX = 6


class Failure(Exception):
    """A reply's error text."""


def serve(folder: str) -> int:
    """Serves ``solution.py`` of ``folder`` until the grader closes the pipe; returns the exit code."""
    incoming, outgoing = private_pipes()
    folder = os.path.abspath(folder)
    solution, problem = load(folder)
    while True:
        body = read_frame(incoming)
        if body is None:
            return 0
        reply = answer(body, solution, problem, folder)
        flush()
        try:
            outgoing.write(reply)
        except BrokenPipeError:
            return 0


def private_pipes() -> Tuple[BinaryIO, BinaryIO]:
    """Copies of descriptors 0 and 1, which then lead to nothing and to standard error."""
    incoming, outgoing = os.dup(0), os.dup(1)
    if os.name == "nt":
        import msvcrt

        for descriptor in (incoming, outgoing):
            msvcrt.setmode(descriptor, os.O_BINARY)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")
    return open(incoming, "rb", buffering=1 << 16), _Whole(open(outgoing, "wb", buffering=0))


class _Whole:
    """Writes all of what it is given: a bare pipe may take a part."""

    def __init__(self, raw: BinaryIO) -> None:
        self.raw = raw

    def write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self.raw.write(rest) :]


def read_frame(incoming: BinaryIO) -> Optional[bytes]:
    """The next frame's body; None at the end, also when the end comes within a frame."""
    start = incoming.read(4)
    if len(start) < 4:
        return None
    length = link.announced(start)
    body = incoming.read(length)
    return body if len(body) == length else None


def load(folder: str) -> Tuple[Optional[ModuleType], str]:
    """The solution, or why it can't be imported."""
    path = os.path.join(folder, "solution.py")
    if not os.path.isfile(path):
        return None, "there is no file solution.py at the top of the submission"
    # As `python solution.py` would: its own modules can be imported.
    sys.path.insert(0, folder)
    try:
        spec = importlib.util.spec_from_file_location("solution", path)
        if spec is None or spec.loader is None:
            return None, "solution.py can't be imported"
        module = importlib.util.module_from_spec(spec)
        sys.modules["solution"] = module
        spec.loader.exec_module(module)
    except BaseException as error:  # the student's code may raise anything, SystemExit too
        return None, f"solution.py can't be imported: {explain(error, folder)}"
    return module, ""


def answer(body: bytes, solution: Optional[ModuleType], problem: str, folder: str) -> bytes:
    """The reply's frame to one request's body."""
    fields: Dict[str, str] = {}
    try:
        fields, tensors = link.decode(body)
        reply = {"id": fields.get("id", "")}
        if solution is None:
            raise Failure(problem)
        if fields.get("op") == "hello":
            return link.encode({**reply, "lang": "python", "api": API}, {})
        result = perform(fields, tensors, solution, folder)
        return link.encode(reply, result)
    except (Failure, Unusable, link.LinkError) as error:
        return link.encode({"id": fields.get("id", ""), "error": str(error)[:TEXT_MAX]}, {})


def perform(
    fields: Dict[str, str], tensors: Dict[str, np.ndarray], solution: ModuleType, folder: str
) -> Dict[str, np.ndarray]:
    """Calls the function that a request asks for."""
    due = call.parse(fields.get("call", ""))
    function = getattr(solution, due.function, None)
    if not callable(function):
        raise Failure(f"solution.py has no function `{due.function}`")
    arguments = call.arguments(due, fields, tensors)
    try:
        result = function(*arguments)
        return call.reply(due, result)
    except Unusable:
        raise
    except BaseException as error:  # the student's code may raise anything, SystemExit too
        raise Failure(explain(error, folder)) from None


def explain(error: BaseException, folder: str) -> str:
    """An error in words: type, text, and the student's own lines that led there, innermost last."""
    try:
        text = _text(error)
        lines = []
        for frame in traceback.extract_tb(error.__traceback__):
            path = os.path.abspath(frame.filename)
            # The package itself may lie in the folder: a starter kit brings it along.
            if path.startswith(folder + os.sep) and os.path.dirname(path) != PACKAGE:
                place = f"{os.path.relpath(path, folder)}, line {frame.lineno}, in {frame.name}"
                lines.append(f"\n  {place}: {frame.line}" if frame.line else f"\n  {place}")
        return (text[: TEXT_MAX // 2] + "".join(lines[-FRAMES_MAX:]))[:TEXT_MAX]
    except BaseException:  # an error may be built so that looking at it raises another
        return "an error that can't be described"


def _text(error: BaseException) -> str:
    name = type(error).__name__
    if isinstance(error, SystemExit):
        return "it called sys.exit"
    try:
        text = str(error)
    except BaseException:  # the text of an exception is the student's code as well
        return f"{name} (its text can't be made: str() of it raises)"
    return f"{name}: {text}" if text else name


def flush() -> None:
    """Sends what was printed to the log; whatever a solution made of sys.stdout is its own affair."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:  # the student may have replaced or closed it
            continue
