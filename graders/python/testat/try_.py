"""Tries a solution on the public samples of its starter kit: ``python3 -m testat try DIR``.

``samples.bin`` holds frames as they went through the pipes of one grading: a request, then the reply of
a right solution, and so on. A reply whose field ``values`` is ``free`` says only what it is made of,
since right solutions differ there (trainings, whatever comes from a state of one's own).

Everything runs in this process: no pipes, nothing that Windows lacks.
"""

from __future__ import annotations

import os
import sys
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple

import numpy as np

from testat import call, link, service
from testat.call import STATE, Call, Tensors, Unusable

NAME = "samples.bin"
# Of the largest entry expected, as in the gradings.
TOLERANCE = 1e-4
FREE_NOTE = "names, shapes and types are right; whether it learns, only a grading tells"
# What may come where a right solution sent this: a real number as either, a whole one likewise, spikes as either.
ALLOWED = {"f": ("float64", "float32"), "i": ("int64", "int32"), "u": ("uint8", "bool"), "b": ("uint8", "bool")}


class Sample(NamedTuple):
    """A request, and what a right solution replied."""

    call: Call
    fields: Mapping[str, str]
    tensors: Tensors
    wanted: Tensors
    free: bool


class Wrong(Exception):
    """What is wrong with a function, in words for the student."""


class Tried(NamedTuple):
    """How a function fared: nothing wrong if `wrong` is empty."""

    function: str
    samples: int
    wrong: str
    note: str


def main(folder: str) -> int:
    """Tries ``solution.py`` of ``folder`` and says how each function fared; 1 if one is wrong."""
    folder = os.path.abspath(folder)
    try:
        samples = read(find(folder))
    except (OSError, link.LinkError) as error:
        print(f"The samples can't be read: {error}")
        return 1
    solution, problem = service.load(folder)
    if solution is None:
        print(problem[:1].upper() + problem[1:])
        return 1
    if hasattr(sys.stdout, "reconfigure"):  # a console may lack characters of the student's
        sys.stdout.reconfigure(errors="backslashreplace")
    width = max(len(sample.call.function) for sample in samples)
    count = wrong = 0
    for one in try_all(samples, solution, folder):
        print(f"{one.function:<{width}}  {line(one)}".replace("\n", "\n" + " " * (width + 2)), flush=True)
        count, wrong = count + 1, wrong + bool(one.wrong)
    print()
    if wrong:
        print(f"{wrong} of {count} functions: something is wrong.")
        return 1
    print("Nothing is wrong on these samples. A grading draws more of them, and harder ones.")
    return 0


def line(one: Tried) -> str:
    """What is said of one function."""
    if one.wrong:
        return f"WRONG  {one.wrong}"
    return f"fine   {one.samples} sample{'s' if one.samples > 1 else ''}; {one.note}"


def find(folder: str) -> str:
    """The samples: in the folder, else beside this package."""
    beside = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    for place in (folder, beside):
        path = os.path.join(place, NAME)
        if os.path.isfile(path):
            return path
    raise FileNotFoundError(f"there is no {NAME} in {folder} nor in {beside}: it comes with the starter kit")


def read(path: str) -> List[Sample]:
    """All samples of a file. Raises LinkError if it is not whole."""
    with open(path, "rb") as file:
        data = file.read()
    bodies = []
    at = 0
    while at < len(data):
        length = link.announced(data[at : at + 4]) if at + 4 <= len(data) else len(data)
        if at + 4 + length > len(data):
            raise link.LinkError(f"{path} is cut off")
        bodies.append(link.decode(data[at + 4 : at + 4 + length]))
        at += 4 + length
    if not bodies or len(bodies) % 2:
        raise link.LinkError(f"{path} holds {len(bodies)} messages: a request and its reply make a sample")
    samples = []
    for (fields, tensors), (reply, wanted) in zip(bodies[::2], bodies[1::2]):
        parsed = call.parse(fields.get("call", ""))
        samples.append(Sample(parsed, fields, tensors, wanted, reply.get("values") == "free"))
    return samples


def try_all(samples: List[Sample], solution: Any, folder: str) -> Iterator[Tried]:
    """Every function, one after the other, in the order in which the samples name them."""
    functions: Dict[str, List[Sample]] = {}
    for sample in samples:
        functions.setdefault(sample.call.function, []).append(sample)
    own = State()
    for name, of_it in functions.items():
        yield try_function(name, of_it, solution, folder, own)


class State:
    """The state that the student's own functions returned last: another's would mean nothing to them."""

    def __init__(self) -> None:
        self.tensors: Optional[Tensors] = None


def try_function(function: str, samples: List[Sample], solution: Any, folder: str, own: State) -> Tried:
    """One function on its samples, up to the first that shows something wrong."""
    largest = 0.0
    for at, sample in enumerate(samples, 1):
        try:
            largest = max(largest, try_sample(sample, solution, folder, own))
        except Wrong as wrong:
            place = f"sample {at} of {len(samples)}: " if len(samples) > 1 else ""
            return Tried(function, len(samples), f"{place}{wrong}", "")
    free = all(sample.free for sample in samples)
    note = FREE_NOTE if free else f"largest difference {largest:.1e}"
    return Tried(function, len(samples), "", note)


def try_sample(sample: Sample, solution: Any, folder: str, own: State) -> float:
    """The largest scaled difference on one sample; raises Wrong."""
    function = getattr(solution, sample.call.function, None)
    if not callable(function):
        raise Wrong(f"there is no function `{sample.call.function}` in solution.py")
    arguments = call.arguments(sample.call, sample.fields, with_own_state(sample, own))
    try:
        got = call.reply(sample.call, function(*arguments))
    except Unusable as error:
        raise Wrong(str(error)) from None
    except SystemExit as error:
        raise Wrong(service.explain(error, folder)) from None
    except KeyboardInterrupt as error:
        raise Wrong(f"you stopped it; it was here: {service.explain(error, folder)}") from None
    except Exception as error:  # the student's code may raise anything
        raise Wrong(f"it raised {service.explain(error, folder)}") from None
    keep_state(sample, got, own)
    return compare(sample, got)


def with_own_state(sample: Sample, own: State) -> Tensors:
    """A request's tensors, the recorded state replaced by the student's own."""
    asked = any(value.kind == "state" for value in sample.call.arguments)
    if not asked or sample.fields.get("state") == "none":
        return sample.tensors
    if own.tensors is None:
        raise Wrong("not tried: it needs a state, and no function has returned one yet")
    others = {name: array for name, array in sample.tensors.items() if not name.startswith(STATE)}
    return {**others, **{name: array.copy() for name, array in own.tensors.items()}}


def keep_state(sample: Sample, got: Tensors, own: State) -> None:
    """Remembers the state among the results, if there is one."""
    if any(value.kind == "state" for value in sample.call.results):
        own.tensors = {name: np.array(array) for name, array in got.items() if name.startswith(STATE)}


def compare(sample: Sample, got: Tensors) -> float:
    """The largest scaled difference of what is to be compared; raises Wrong."""
    shown = {value.name for value in sample.call.results if value.optional}
    wanted = {n: a for n, a in sample.wanted.items() if n not in shown and not n.startswith(STATE)}
    came = {n: a for n, a in got.items() if n not in shown and not n.startswith(STATE)}
    for name in wanted:
        if name not in came:
            raise Wrong(f"`{name}` is missing: {listed(wanted)} are due, {listed(came)} came")
    for name in came:
        if name not in wanted:
            raise Wrong(f"`{name}` is one too many: {listed(wanted)} are due")
    largest = 0.0
    for name, array in came.items():
        check_form(name, array, wanted[name])
        if not sample.free:
            largest = max(largest, difference(name, array, wanted[name]))
    return largest


def listed(tensors: Tensors) -> str:
    """Their names, in a few words."""
    names = list(tensors)
    if len(names) > 8:
        names[4:-3] = ["..."]
    return "(" + ", ".join(names) + ")" if names else "none"


def check_form(name: str, got: np.ndarray, wanted: np.ndarray) -> None:
    """Raises Wrong for another shape or type, or a number that is not finite."""
    if got.shape != wanted.shape:
        raise Wrong(f"`{name}` has the shape {got.shape}, due is {wanted.shape}")
    allowed = ALLOWED[wanted.dtype.kind]
    if got.dtype.name not in allowed:
        raise Wrong(f"`{name}` is {got.dtype}, due is {' or '.join(allowed)}")
    if got.dtype.kind == "f" and not np.isfinite(got).all():
        at = first(~np.isfinite(got))
        raise Wrong(f"`{name}` is {float(got[at])} at {shown_index(at)}: every number must be finite")


def difference(name: str, got: np.ndarray, wanted: np.ndarray) -> float:
    """The largest difference in units of the largest entry due; raises Wrong beyond the tolerance."""
    if wanted.size == 0:
        return 0.0
    off = np.abs(got.astype(np.float64) - wanted.astype(np.float64))
    if wanted.dtype.kind != "f":
        if not off.any():
            return 0.0
        at = first(off > 0)
        count = int(np.count_nonzero(off))
        raise Wrong(f"`{name}`: {count} of {off.size} entries differ; at {shown_index(at)} "
                    f"came {int(got[at])}, due is {int(wanted[at])}")
    scaled = float(off.max()) / max(float(np.abs(wanted).max()), 1e-8)
    if scaled > TOLERANCE:
        at = first(off == off.max())
        raise Wrong(f"`{name}` differs by {scaled:.1e} of its largest entry (allowed {TOLERANCE:.0e}); "
                    f"at {shown_index(at)} came {float(got[at]):.6g}, due is {float(wanted[at]):.6g}")
    return scaled


def first(mask: np.ndarray) -> Tuple[int, ...]:
    """The index of the first true entry."""
    return tuple(int(part) for part in np.argwhere(mask)[0])


def shown_index(at: Tuple[int, ...]) -> str:
    """An index as one writes it."""
    return "[" + ", ".join(str(part) for part in at) + "]"


if __name__ == "__main__":
    sys.exit(main("."))
