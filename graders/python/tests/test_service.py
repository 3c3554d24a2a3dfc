"""The served process as the grader sees it: real pipes, real solutions, awkward ones too."""

import os
import subprocess
import sys
import tempfile
import textwrap
import unittest

import numpy as np

from testat import link

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RIGHT = """
import numpy as np
def forward(params, X, activation):
    X += 0  # arguments are writable copies
    return X @ params[0] + params[1]
def loss_and_grads(params, X, y, activation):
    return 1, [np.zeros_like(p) for p in params]
def sgd(params, X, y, order, lr, momentum, activation):
    assert order.shape == (2, 3) and lr == 0.5 and momentum == 0.25 and activation == "tanh"
    return params
def train(X, y, params0, seed):
    assert X.dtype == np.float32 and y.dtype == np.int64 and type(seed) is int
    return params0, [[1.0, 0.5]]
"""
LAYER = {"W0": np.ones((3, 2)), "b0": np.zeros(2)}
X = np.arange(12.0).reshape(4, 3)
Y = np.array([0, 1, 1, 0])


CALLS = {
    "p1.forward": "forward(params:layers, X, activation:text) -> logits",
    "p1.grads": "loss_and_grads(params:layers, X, y, activation:text) -> loss:real, grads:layers=d",
    "p1.sgd": "sgd(params:layers, X, y, order, lr:real, momentum:real, activation:text) -> params:layers",
    "p1.train": "train(X, y, params0:layers, seed:int) -> params:layers, curve?",
    "hello": "start-up",
}


class Served:
    """A solution in a process of its own."""

    def __init__(self, source, **files):
        self.folder = tempfile.TemporaryDirectory()
        for name, text in {"solution": source, **files}.items():
            if text is not None:
                with open(os.path.join(self.folder.name, name + ".py"), "w", encoding="utf-8") as file:
                    file.write(textwrap.dedent(text))
        env = {**os.environ, "PYTHONPATH": PACKAGE, "PYTHONDONTWRITEBYTECODE": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-B", "-m", "testat", "serve", self.folder.name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env,
        )
        self.id = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.code = self.process.wait(timeout=10)
        self.log = self.process.stderr.read().decode()
        self.process.stdout.close()
        self.process.stderr.close()
        self.folder.cleanup()

    def ask(self, op, tensors=None, **fields):
        self.id += 1
        fields = {"v": "1", "op": op, "call": CALLS.get(op, ""), "id": str(self.id), **fields}
        self.process.stdin.write(link.encode(fields, tensors or {}))
        self.process.stdin.flush()
        body = self.process.stdout.read(link.announced(self.process.stdout.read(4)))
        fields, tensors = link.decode(body)
        assert fields["id"] == str(self.id), fields
        return fields, tensors

    def forward(self):
        return self.ask("p1.forward", {**LAYER, "X": X}, activation="relu")


class Answers(unittest.TestCase):
    def test_a_right_solution_answers_everything(self):
        with Served(RIGHT) as served:
            self.assertEqual(served.ask("hello")[0]["api"], "1")
            fields, tensors = served.forward()
            self.assertNotIn("error", fields)
            np.testing.assert_array_equal(tensors["logits"], X @ LAYER["W0"])
            _, tensors = served.ask("p1.grads", {**LAYER, "X": X, "y": Y}, activation="relu")
            self.assertEqual(sorted(tensors), ["dW0", "db0", "loss"])
            self.assertEqual((tensors["loss"].shape, tensors["loss"].dtype), ((1,), np.float64))
            walk = {"order": np.zeros((2, 3), int), "lr": np.array([0.5]), "momentum": np.array([0.25])}
            _, tensors = served.ask("p1.sgd", {**LAYER, "X": X, "y": Y, **walk}, activation="tanh")
            self.assertEqual(sorted(tensors), ["W0", "b0"])
            lesson = {**LAYER, "X": np.float32(X), "y": Y, "seed": np.array([7])}
            _, tensors = served.ask("p1.train", lesson)
            self.assertEqual((tensors["curve"].dtype, tensors["curve"].shape), (np.float32, (1, 2)))
        self.assertEqual(served.code, 0)

    def test_prints_and_reads_do_not_touch_the_protocol(self):
        noisy = """
        import os, sys
        print("hello from import \\u00fc")
        def forward(params, X, activation):
            print("from forward"); os.write(1, b"raw\\n"); sys.stderr.write("err\\n")
            assert sys.stdin.read() == ""
            return X @ params[0] + params[1]
        """
        with Served(noisy) as served:
            self.assertNotIn("error", served.forward()[0])
            self.assertNotIn("error", served.forward()[0])
        for text in ("hello from import", "from forward", "raw", "err"):
            self.assertIn(text, served.log)

    def test_a_function_that_is_missing_is_named_and_the_others_still_run(self):
        with Served("def forward(params, X, activation): return X") as served:
            fields, _ = served.ask("p1.train", {**LAYER, "X": X, "y": Y, "seed": np.array([1])})
            self.assertEqual(fields["error"], "solution.py has no function `train`")
            self.assertNotIn("error", served.forward()[0])

    def test_an_error_is_told_with_its_lines_and_the_loop_goes_on(self):
        source = """
        from helper import deeper
        calls = 0
        def forward(params, X, activation):
            global calls
            calls += 1
            if calls == 1:
                deeper(X)
            return X
        """
        with Served(source, helper="def deeper(X):\n    return X @ X\n") as served:
            error = served.forward()[0]["error"]
            self.assertIn("ValueError: matmul", error)
            self.assertIn("solution.py, line 8, in forward: deeper(X)", error)
            self.assertIn("helper.py, line 2, in deeper: return X @ X", error)
            self.assertNotIn("error", served.forward()[0])

    def test_errors_built_to_break_the_loader_do_not(self):
        source = """
        import sys
        class Odd(Exception):
            def __str__(self): raise self
        class Worse(BaseException):
            def __str__(self): raise SystemExit
        turn = 0
        def forward(params, X, activation):
            global turn
            turn += 1
            if turn == 1: raise Odd
            if turn == 2: raise Worse
            if turn == 3: sys.exit(0)
            if turn == 4: raise KeyboardInterrupt
            if turn == 5: return forward(params, X, activation) or forward.__call__
            if turn == 6: sys.stdout.close(); sys.stdout = None
            return X
        """
        with Served(source) as served:
            errors = [served.forward()[0].get("error", "") for _ in range(4)]
            self.assertIn("Odd (its text", errors[0])
            self.assertIn("Worse (its text", errors[1])
            self.assertIn("sys.exit", errors[2])
            self.assertIn("KeyboardInterrupt", errors[3])
            for _ in range(4):
                served.forward()
            self.assertNotIn("error", served.forward()[0])

    def test_results_that_can_not_be_sent_are_explained(self):
        for returned, words in [
            ("None", "`logits` is None (is there a `return`?)"),
            ("'text'", "not of numbers"),
            ("[[1.0], [1.0, 2.0]]", "`logits`"),
            ("X.astype(complex)", "not of numbers"),
            ("X.astype('g')", "use float64 or float32"),
        ]:
            with Served(f"def forward(params, X, activation): return {returned}") as served:
                self.assertIn(words, served.forward()[0]["error"], returned)
        with Served("def loss_and_grads(params, X, y, activation): return 1.0") as served:
            fields, _ = served.ask("p1.grads", {**LAYER, "X": X, "y": Y}, activation="relu")
            self.assertIn("a float was returned where (loss, grads) is due", fields["error"])

    def test_half_precision_is_sent_as_what_it_is(self):
        with Served("def forward(params, X, activation): return X.astype('e')") as served:
            self.assertEqual(served.forward()[1]["logits"].dtype, np.float16)

    def test_a_solution_that_can_not_be_imported_answers_every_request_with_the_reason(self):
        for source, words in [
            (None, "there is no file solution.py"),
            ("def forward(:\n", "SyntaxError"),
            ("import nothing_of_this_name\n", "ModuleNotFoundError"),
            ("raise SystemExit(3)\n", "sys.exit"),
        ]:
            with Served(source) as served:
                for _ in range(2):
                    self.assertIn(words, served.ask("hello")[0]["error"])
                self.assertIn(words, served.forward()[0]["error"])

    def test_a_call_without_a_function_is_refused_in_words(self):
        with Served(RIGHT) as served:
            self.assertIn("has no function", served.ask("p9.fly")[0]["error"])


if __name__ == "__main__":
    unittest.main()
