"""A request's call, such as ``f(params:layers, X, lr:real) -> loss:real, grads:layers=d``, and what it
makes of the request's tensors and of the function's result.

A name stands for an array of that name; after a colon stands what else it is:

========== ============================== ===========================================
kind       as an argument                 as a result
========== ============================== ===========================================
``real``   a float                        a number
``int``    an int                         a whole number
``flag``   a bool
``text``   a str (a field, not a tensor)
``layers`` ``[W0, b0, W1, b1, ...]``      the same
``list``   ``[B1, B2, ...]``              the same
``state``  a dict of arrays, or None      a dict of arrays
========== ============================== ===========================================

``layers=d`` are the tensors ``dW0``, ``db0``, ...; ``list=B`` are ``B1``, ``B2``, ...; a result whose name
ends in a question mark may be left out. One result is returned bare, several are a tuple.
"""

from __future__ import annotations

import sys
from typing import Any, Dict, List, Mapping, NamedTuple, Tuple

import numpy as np

Tensors = Dict[str, np.ndarray]
STATE = "state."


class Unusable(Exception):
    """A function returned something that can't be sent; the text is for the student."""


class Value(NamedTuple):
    """One argument or result."""

    name: str
    kind: str
    prefix: str
    optional: bool


class Call(NamedTuple):
    """A function's name, its arguments, its results."""

    function: str
    arguments: Tuple[Value, ...]
    results: Tuple[Value, ...]


def parse(text: str) -> Call:
    """The call that ``text`` writes."""
    head, _, results = text.partition("->")
    function, _, arguments = head.strip().rstrip(")").partition("(")
    return Call(function.strip(), _values(arguments), _values(results))


def _values(text: str) -> Tuple[Value, ...]:
    values: List[Value] = []
    for item in filter(None, (item.strip() for item in text.split(","))):
        name, _, kind = item.rstrip("?").partition(":")
        kind, _, prefix = kind.partition("=")
        values.append(Value(name, kind or "array", prefix, item.endswith("?")))
    return tuple(values)


def arguments(call: Call, fields: Mapping[str, str], tensors: Tensors) -> List[Any]:
    """The arguments, in order, out of a request."""
    return [_argument(value, fields, tensors) for value in call.arguments]


def _argument(value: Value, fields: Mapping[str, str], tensors: Tensors) -> Any:
    if value.kind == "text":
        return fields[value.name]
    if value.kind == "layers":
        found: List[np.ndarray] = []
        while f"{value.prefix}W{len(found) // 2}" in tensors:
            layer = len(found) // 2
            found += [tensors[f"{value.prefix}W{layer}"], tensors[f"{value.prefix}b{layer}"]]
        return found
    if value.kind == "list":
        found = []
        while f"{value.prefix}{len(found) + 1}" in tensors:
            found.append(tensors[f"{value.prefix}{len(found) + 1}"])
        return found
    if value.kind == "state":
        if fields.get("state") == "none":
            return None
        return {name[len(STATE) :]: tensors[name] for name in tensors if name.startswith(STATE)}
    array_ = tensors[value.name]
    convert = {"real": float, "int": int, "flag": bool}.get(value.kind)
    return convert(array_.reshape(-1)[0]) if convert else array_


def reply(call: Call, result: Any) -> Tensors:
    """The tensors that a function's result is sent as; raises Unusable."""
    if len(call.results) == 1:
        return _result(call.results[0], result)
    results, due = call.results, [value for value in call.results if not value.optional]
    if len(due) == 1 and not _several(due[0], result, len(results)):
        return _result(due[0], result)
    if not isinstance(result, (list, tuple)) or not len(due) <= len(result) <= len(results):
        names = ", ".join(value.name for value in due)
        raise Unusable(f"{describe(result)} was returned where ({names}) is due")
    tensors: Tensors = {}
    for value, part in zip(results, result):
        tensors.update(_optional(value, part) if value.optional else _result(value, part))
    return tensors


def _several(first: Value, result: Any, most: int) -> bool:
    """Whether a result holds more than the one that is due: a bare list of layers may be a tuple too."""
    if not isinstance(result, tuple) or not 2 <= len(result) <= most:
        return False
    return first.kind not in ("layers", "list") or isinstance(result[0], (list, tuple))


def _optional(value: Value, part: Any) -> Tensors:
    """What is shown and never graded: left out if it is no array."""
    if part is None:
        return {}
    try:
        return {value.name: np.asarray(part, dtype=np.float32)}
    except Exception as error:  # whatever an odd object raises when it is looked at
        print(f"testat: `{value.name}` is left out ({type(error).__name__})", file=sys.stderr)
        return {}


def _result(value: Value, part: Any) -> Tensors:
    if value.kind == "layers":
        return alternating(part, value.prefix)
    if value.kind == "list":
        if not isinstance(part, (list, tuple)):
            raise Unusable(f"{describe(part)} was returned where a list of arrays is due")
        return {f"{value.prefix}{at}": array(f"{value.prefix}{at}", item) for at, item in enumerate(part, 1)}
    if value.kind == "state":
        return state(part)
    if value.kind == "real":
        return {value.name: scalar(value.name, part, np.float64)}
    if value.kind == "int":
        return {value.name: scalar(value.name, part, None)}
    return {value.name: array(value.name, part)}


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


def scalar(name: str, value: Any, real: Any) -> np.ndarray:
    """A single number, as shape (1,), of the type ``real`` if it is a whole one and that is given; other
    shapes are sent as they are and refused there."""
    result = array(name, value)
    if real is not None and result.dtype.kind in "iub":
        result = result.astype(real)
    return result.reshape(1) if result.shape == () else result


def alternating(value: Any, prefix: str) -> Tensors:
    """``[W0, b0, W1, b1, ...]`` as tensors of those names, each with ``prefix`` before it."""
    if not isinstance(value, (list, tuple)):
        raise Unusable(f"{describe(value)} was returned where a list [{prefix}W0, {prefix}b0, ...] is due")
    names = [f"{prefix}{'Wb'[at % 2]}{at // 2}" for at in range(len(value))]
    return {name: array(name, item) for name, item in zip(names, value)}


def state(value: Any) -> Tensors:
    """A dict of arrays as tensors ``state.*``."""
    if not isinstance(value, dict):
        raise Unusable(f"{describe(value)} was returned where a dict of arrays is due")
    tensors: Tensors = {}
    for name, item in value.items():
        if not isinstance(name, str):
            raise Unusable(f"a key of the state is a {type(name).__name__}, not a str")
        tensors[STATE + name] = array(name, item)
    return tensors
