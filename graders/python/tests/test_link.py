"""Messages as bytes: what goes out comes back, and nothing malformed comes in."""

import json
import struct
import unittest

import numpy as np

from testat import link


def blob(header, data=b""):
    head = (header if isinstance(header, str) else json.dumps(header)).encode()
    return struct.pack("<Q", len(head)) + head + data


class Codec(unittest.TestCase):
    def test_what_is_encoded_is_decoded(self):
        tensors = {
            "W0": np.arange(6.0).reshape(2, 3)[:, ::-1],
            "f": np.float32([1, np.nan]),
            "y": np.array([-1, 2]),
            "s": np.array([True, False]),
            "big": np.arange(3, dtype=">i4"),
            "none": np.zeros((0, 4)),
            "one": np.float64(2.5),
        }
        frame = link.encode({"id": "17", "error": "ü\n"}, tensors)
        self.assertEqual(link.announced(frame[:4]), len(frame) - 4)
        fields, back = link.decode(frame[4:])
        self.assertEqual(fields, {"id": "17", "error": "ü\n"})
        for name, array in tensors.items():
            np.testing.assert_array_equal(back[name], array)
            self.assertTrue(back[name].flags.writeable and back[name].dtype.isnative)

    def test_arrays_that_are_no_numbers_are_refused(self):
        for value in (np.array(["a"]), np.array([None]), np.array([1j])):
            with self.assertRaises(link.LinkError):
                link.encode({}, {"x": value})

    def test_malformed_messages_are_refused(self):
        ok = {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}
        bad = [
            b"", b"1234567", struct.pack("<Q", 1 << 63), struct.pack("<Q", 9) + b"{}",
            blob("[" * 100_000), blob("[]"), blob({"__metadata__": {"id": 1}}), blob({"a": 1}),
            blob({"a": ok}, b"123"), blob({"a": ok}, b"12345"),
            blob({"a": ok, "b": {**ok, "data_offsets": [2, 6]}}, b"123456"),
            blob({"a": {**ok, "data_offsets": [4, 0]}}, b"1234"),
            blob({"a": {**ok, "shape": [-4]}}, b"1234"),
            blob({"a": {**ok, "shape": [2.0, 2]}}, b"1234"),
            blob({"a": {**ok, "shape": [1 << 62, 1 << 62]}}, b"1234"),
            blob({"a": {**ok, "shape": [0, 1 << 62, 1 << 62], "data_offsets": [0, 0]}}),
            blob({"a": {**ok, "dtype": "F4"}}, b"1234"),
        ]
        for body in bad:
            with self.assertRaises(link.LinkError, msg=repr(body[:60])):
                link.decode(body)

    def test_a_length_beyond_the_cap_is_refused(self):
        with self.assertRaises(link.LinkError):
            link.announced(b"\xff\xff\xff\xff", 16 << 20)


if __name__ == "__main__":
    unittest.main()
