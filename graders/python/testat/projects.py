"""Which request calls which function of ``solution.py``, with which arguments, and what it returns."""

from __future__ import annotations

import sys
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Tuple

import numpy as np

Tensors = Dict[str, np.ndarray]


class Unusable(Exception):
    """A function returned something that can't be sent; the text is for the student."""


class Request(NamedTuple):
    """What came: text fields and arrays, both by name."""

    fields: Mapping[str, str]
    tensors: Mapping[str, np.ndarray]

    def params(self) -> List[np.ndarray]:
        """``[W0, b0, W1, b1, ...]``, as many as there are."""
        found: List[np.ndarray] = []
        while f"W{len(found) // 2}" in self.tensors:
            layer = len(found) // 2
            found += [self.tensors[f"W{layer}"], self.tensors[f"b{layer}"]]
        return found

    def real(self, name: str) -> float:
        """The scalar ``name`` as a Python float."""
        return float(self.tensors[name].reshape(-1)[0])

    def integer(self, name: str) -> int:
        """The scalar ``name`` as a Python int."""
        return int(self.tensors[name].reshape(-1)[0])


class Operation(NamedTuple):
    """A function of the solution, and how a request becomes its arguments and its result a reply."""

    function: str
    arguments: Callable[[Request], Tuple[Any, ...]]
    reply: Callable[[Any], Tensors]


def describe(value: Any) -> str:
    """What ``value`` is, in a few words."""
    if value is None:
        return "None (is there a `return`?)"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, (list, tuple)):
        return f"a {type(value).__name__} of {len(value)}"
    return f"a {type(value).__name__}"


def array(name: str, value: Any) -> np.ndarray:
    """``value`` as an array of numbers; raises Unusable."""
    if value is None:
        raise Unusable(f"`{name}` is {describe(value)}")
    try:
        result = np.asarray(value)
    except Exception as error:  # whatever an odd object raises when it is looked at
        raise Unusable(f"`{name}` can't be made an array: {type(error).__name__}") from None
    if result.dtype.kind not in "fiub":
        raise Unusable(f"`{name}` is {describe(value)} of {result.dtype}, not of numbers")
    return result


def scalar(name: str, value: Any) -> np.ndarray:
    """A single real number, as shape (1,); other shapes are sent as they are and refused there."""
    result = array(name, value)
    if result.dtype.kind in "iub":
        result = result.astype(np.float64)
    return result.reshape(1) if result.shape == () else result


def alternating(value: Any, prefix: str) -> Tensors:
    """``[W0, b0, W1, b1, ...]`` as tensors of those names, each with ``prefix`` before it."""
    if not isinstance(value, (list, tuple)):
        raise Unusable(f"{describe(value)} was returned where a list [{prefix}W0, {prefix}b0, ...] is due")
    names = [f"{prefix}{'Wb'[at % 2]}{at // 2}" for at in range(len(value))]
    return {name: array(name, item) for name, item in zip(names, value)}


def _logits(result: Any) -> Tensors:
    return {"logits": array("logits", result)}


def _loss_and_grads(result: Any) -> Tensors:
    if not isinstance(result, (list, tuple)) or len(result) != 2:
        raise Unusable(f"{describe(result)} was returned where (loss, grads) is due")
    loss, grads = result
    return {"loss": scalar("loss", loss), **alternating(grads, "d")}


def _trained(result: Any) -> Tensors:
    curve = None
    if isinstance(result, tuple) and len(result) == 2 and isinstance(result[0], (list, tuple)):
        result, curve = result
    tensors = alternating(result, "")
    if curve is not None:
        try:
            tensors["curve"] = np.asarray(curve, dtype=np.float32)
        except Exception as error:  # shown, never graded: a bad one is left out
            print(f"testat: the curve is left out ({type(error).__name__})", file=sys.stderr)
    return tensors


OPERATIONS: Dict[str, Operation] = {
    "p1.forward": Operation(
        "forward",
        lambda request: (request.params(), request.tensors["X"], request.fields["activation"]),
        _logits,
    ),
    "p1.grads": Operation(
        "loss_and_grads",
        lambda request: (
            request.params(), request.tensors["X"], request.tensors["y"], request.fields["activation"],
        ),
        _loss_and_grads,
    ),
    "p1.sgd": Operation(
        "sgd",
        lambda request: (
            request.params(), request.tensors["X"], request.tensors["y"], request.tensors["order"],
            request.real("lr"), request.real("momentum"), request.fields["activation"],
        ),
        lambda result: alternating(result, ""),
    ),
    "p1.train": Operation(
        "train",
        lambda request: (
            request.tensors["X"], request.tensors["y"], request.params(), request.integer("seed"),
        ),
        _trained,
    ),
}
