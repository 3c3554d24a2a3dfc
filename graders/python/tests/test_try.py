"""Trying a solution on samples, as a student does at home: through the command line."""

import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import unittest

import numpy as np

from testat import link

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
X = np.arange(6.0).reshape(2, 3)
LEARN = "learn(state:state, X) -> state:state"
GUESS = "guess(state:state, X) -> classes"


def sample(call, fields, tensors, wanted, free=False):
    """A request and its reply, as frames."""
    request = link.encode({"op": "p0.x", "call": call, **fields}, tensors)
    return request + link.encode({"values": "free"} if free else {}, wanted)


SAMPLES = [
    sample("double(X) -> Y, curve?", {}, {"X": X}, {"Y": 2 * X, "curve": np.ones(5, np.float32)}),
    sample("double(X) -> Y, curve?", {}, {"X": -X}, {"Y": -2 * X}),
    sample("count(X) -> n:int", {}, {"X": X}, {"n": np.array([6])}),
    sample(LEARN, {"state": "none"}, {"X": X}, {"state.theirs": np.ones(3)}, free=True),
    sample(GUESS, {}, {"X": X, "state.theirs": np.ones(3)}, {"classes": np.array([0, 1])}, free=True),
]
RIGHT = """
import numpy as np
def double(X):
    print("looking")
    return (2 * X).astype(np.float32)
def count(X):
    return X.size
def learn(state, X):
    return {"mine": X.mean(axis=0)}
def guess(state, X):
    return np.full(len(X), 7) if state["mine"].shape == (3,) else None
"""


def tried(source, samples=tuple(SAMPLES), **environment):
    """Exit code and output of ``python -m testat try`` in a folder with this solution."""
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "samples.bin"), "wb") as file:
            file.write(b"".join(samples))
        if source is not None:
            with open(os.path.join(folder, "solution.py"), "w", encoding="utf-8") as file:
                file.write(textwrap.dedent(source))
        ended = subprocess.run(
            [sys.executable, "-B", "-m", "testat", "try", folder], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env={**os.environ, "PYTHONPATH": PACKAGE, **environment}, text=True,
        )
        return ended.returncode, ended.stdout


class Try(unittest.TestCase):
    def fails(self, source, words):
        code, said = tried(source)
        self.assertEqual(code, 1, said)
        self.assertIn(words, said)

    def test_a_right_solution_is_fine(self):
        code, said = tried(RIGHT)
        self.assertEqual(code, 0, said)
        self.assertIn("double  fine   2 samples; largest difference 0.0e+00", said)
        self.assertIn("learn   fine   1 sample; names, shapes and types are right", said)
        self.assertIn("Nothing is wrong", said)

    def test_it_says_what_is_missing_or_cannot_be_imported(self):
        self.fails(None, "There is no file solution.py")
        self.fails("import nowhere", "solution.py, line 1, in <module>: import nowhere")
        self.fails(RIGHT.replace("def count", "def counted"), "count   WRONG  there is no function `count`")

    def test_it_shows_the_students_own_lines(self):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(os.path.join(PACKAGE, "testat"), os.path.join(folder, "testat"))
            for name, data in (("samples.bin", b"".join(SAMPLES)), ("solution.py", b"def double(X):\n    return Y\n")):
                with open(os.path.join(folder, name), "wb") as file:
                    file.write(data)
            ended = subprocess.run(
                [sys.executable, "-B", "-m", "testat", "try"], cwd=folder, capture_output=True, text=True,
                env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            )
        self.assertIn("solution.py, line 2, in double: return Y", ended.stdout)
        self.assertNotIn("try_.py", ended.stdout)
        self.fails(RIGHT.replace("X.size", "X.sice"), "solution.py, line 7, in count: return X.sice")
        self.fails(RIGHT.replace("return X.size", "raise SystemExit"), "WRONG  it called sys.exit")

    def test_it_names_shape_type_and_place(self):
        for instead, words in (
            ("2 * X.T", "`Y` has the shape (3, 2), due is (2, 3)"),
            ("(2 * X).astype(np.float16)", "`Y` is float16, due is float64 or float32"),
            ("2 * X + (X == 4)", "sample 1 of 2: `Y` differs by 1.0e-01 of its largest entry"),
            ("2 * np.abs(X)", "sample 2 of 2: `Y` differs"),
            ("X / 0 * 0", "`Y` is nan at [0, 0]: every number must be finite"),
            ("None", "`Y` is None (is there a `return`?)"),
        ):
            self.fails(RIGHT.replace("(2 * X).astype(np.float32)", instead), words)
        self.fails(RIGHT.replace("X.size", "X.size + 1"), "at [0] came 7, due is 6")
        self.fails(RIGHT.replace("X.size", "X.mean()"), "`n` is float64, due is int64 or int32")

    def test_what_needs_a_state_is_not_tried_with_anothers(self):
        self.fails(RIGHT.replace('{"mine"', '[]; {"mine"'), "guess   WRONG  not tried: it needs a state")

    def test_samples_that_are_cut_off_are_said_to_be(self):
        code, said = tried(RIGHT, [SAMPLES[0][:-1]])
        self.assertEqual((code, "is cut off" in said), (1, True), said)

    def test_without_samples_it_says_where_they_come_from(self):
        with tempfile.TemporaryDirectory() as folder:
            ended = subprocess.run(
                [sys.executable, "-B", "-m", "testat", "try", folder], capture_output=True,
                env={**os.environ, "PYTHONPATH": PACKAGE}, text=True,
            )
        self.assertEqual((ended.returncode, "it comes with the starter kit" in ended.stdout), (1, True))


if __name__ == "__main__":
    unittest.main()
