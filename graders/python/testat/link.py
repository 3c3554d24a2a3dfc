"""Messages as bytes: a u32 little-endian length, then one safetensors blob.

The blob is a u64 header length, a JSON header (name -> dtype, shape, data_offsets; the message's
text fields under ``__metadata__``) and the tensors' bytes, little-endian, row by row.
"""

from __future__ import annotations

import json
import math
import struct
from typing import Dict, Mapping, Optional, Tuple

import numpy as np

HEADER_MAX = 1 << 20

_TYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2",
    "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1",
    "BOOL": "|b1",
}
_NAMES = {np.dtype(code).newbyteorder("="): name for name, code in _TYPES.items()}


class LinkError(ValueError):
    """Bytes that are no message, or a value that can't become a tensor."""


def encode(fields: Mapping[str, str], tensors: Mapping[str, np.ndarray]) -> bytes:
    """The whole frame, length and blob. Raises LinkError for an array of another type than numbers."""
    header: Dict[str, object] = {"__metadata__": {key: str(value) for key, value in fields.items()}}
    chunks = []
    start = 0
    for name, array in tensors.items():
        array = np.asarray(array)
        dtype = _NAMES.get(array.dtype.newbyteorder("="))
        if dtype is None:
            raise LinkError(f"`{name}` has the type {array.dtype}, which is not sent: use float64 or float32")
        chunk = array.astype(_TYPES[dtype], copy=False).tobytes()
        header[name] = {
            "dtype": dtype,
            "shape": list(array.shape),
            "data_offsets": [start, start + len(chunk)],
        }
        chunks.append(chunk)
        start += len(chunk)
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    length = 8 + len(head) + start
    if length >= 1 << 32:
        raise LinkError(f"a reply of {length} bytes is beyond all bounds")
    return b"".join([struct.pack("<IQ", length, len(head)), head, *chunks])


def decode(body: bytes) -> Tuple[Dict[str, str], Dict[str, np.ndarray]]:
    """Fields and tensors of a blob; the arrays are writable and the caller's own. Raises LinkError."""
    if len(body) < 8:
        raise LinkError("a message is shorter than 8 bytes")
    (length,) = struct.unpack_from("<Q", body)
    if length > HEADER_MAX or 8 + length > len(body):
        raise LinkError(f"a header claims {length} bytes")
    try:
        header = json.loads(body[8 : 8 + length].decode())
    except (ValueError, RecursionError) as error:
        raise LinkError(f"a header is not JSON: {error}") from None
    if not isinstance(header, dict):
        raise LinkError("a header is not a JSON object")
    fields = header.pop("__metadata__", {})
    if not isinstance(fields, dict) or not all(isinstance(value, str) for value in fields.values()):
        raise LinkError("a header's __metadata__ is not text by name")
    data = memoryview(body)[8 + length :]
    spans = []
    tensors = {}
    for name, info in header.items():
        tensor, span = _tensor(name, info, data)
        tensors[name] = tensor
        spans.append(span)
    end = 0
    for start, stop in sorted(spans):
        if start != end:
            raise LinkError("the tensors' bytes overlap or leave a gap")
        end = stop
    if end != len(data):
        raise LinkError("the tensors do not cover the message")
    return fields, tensors


def _tensor(name: str, info: object, data: memoryview) -> Tuple[np.ndarray, Tuple[int, int]]:
    try:
        code = _TYPES[info["dtype"]]
        shape = info["shape"]
        start, stop = info["data_offsets"]
    except (TypeError, KeyError, ValueError):
        raise LinkError(f"tensor `{name}` is not described rightly") from None
    numbers = [start, stop, *(shape if isinstance(shape, list) else [None])]
    if not all(type(number) is int and number >= 0 for number in numbers):
        raise LinkError(f"tensor `{name}` has a shape or offsets that are not natural numbers")
    dtype = np.dtype(code)
    count = math.prod(shape)
    if not start <= stop <= len(data) or stop - start != count * dtype.itemsize:
        raise LinkError(f"tensor `{name}` does not fit its bytes")
    try:
        flat = np.frombuffer(data[start:stop], dtype)
        array = flat.astype(dtype.newbyteorder("=")).reshape(shape)
    except (ValueError, OverflowError):
        raise LinkError(f"tensor `{name}` has a shape beyond all bounds") from None
    return array, (start, stop)


def announced(start: bytes, cap: Optional[int] = None) -> int:
    """The length that a frame's first four bytes announce. Raises LinkError beyond ``cap``."""
    (length,) = struct.unpack("<I", start)
    if cap is not None and length > cap:
        raise LinkError(f"a frame of {length} bytes was announced, and at most {cap} are allowed")
    return length
