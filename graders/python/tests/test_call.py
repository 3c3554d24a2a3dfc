"""Calls: requests into arguments, results into replies, whatever a solution returns."""

import unittest

import numpy as np

from testat import call
from testat.call import Unusable

TRAIN = call.parse("train(X, y, params0:layers, seed:int) -> params:layers, curve?")


class Arguments(unittest.TestCase):
    def test_every_kind_of_argument_arrives_as_what_it_is(self):
        due = call.parse(
            "f(X, lr:real, n:int, training:flag, rule:text, old:layers=old., B:list=B, state:state) -> out"
        )
        tensors = {
            "X": np.ones((2, 3)), "lr": np.array([0.5]), "n": np.array([7]), "training": np.array([1], "u1"),
            "old.W0": np.zeros((3, 2)), "old.b0": np.zeros(2), "B1": np.ones(4), "B2": np.ones(5),
            "state.mean": np.ones(3),
        }
        X, lr, n, training, rule, old, B, state = call.arguments(due, {"rule": "fa"}, tensors)
        self.assertEqual((due.function, X.shape, lr, n, training, rule), ("f", (2, 3), 0.5, 7, True, "fa"))
        self.assertEqual((type(lr), type(n), type(training)), (float, int, bool))
        self.assertEqual(([a.shape for a in old], [b.shape for b in B]), ([(3, 2), (2,)], [(4,), (5,)]))
        self.assertEqual(list(state), ["mean"])

    def test_no_state_is_none_and_an_empty_one_is_a_dict(self):
        due = call.parse("learn(state:state) -> state:state")
        self.assertEqual(call.arguments(due, {"state": "none"}, {}), [None])
        self.assertEqual(call.arguments(due, {}, {}), [{}])


class Replies(unittest.TestCase):
    def test_one_result_is_bare_and_several_are_a_tuple(self):
        due = call.parse("f(X) -> best:int, value:real, grads:layers=d")
        reply = call.reply(due, (np.int32(3), 2, [np.ones((1, 2)), np.ones(2)]))
        self.assertEqual(sorted(reply), ["best", "dW0", "db0", "value"])
        self.assertEqual((reply["best"].dtype, reply["value"].dtype), (np.int32, np.float64))
        with self.assertRaisesRegex(Unusable, r"a tuple of 2 was returned where \(best, value, grads\) is due"):
            call.reply(due, (3, 2))

    def test_a_curve_may_come_along_or_not(self):
        layers = [np.ones((1, 2)), np.ones(2)]
        for result in (layers, tuple(layers), (layers, None), (layers, "no curve")):
            self.assertEqual(sorted(call.reply(TRAIN, result)), ["W0", "b0"])
        self.assertEqual(call.reply(TRAIN, (layers, [[1, 2]]))["curve"].dtype, np.float32)

    def test_a_state_is_a_dict_of_arrays_by_name(self):
        due = call.parse("learn(X) -> state:state")
        self.assertEqual(sorted(call.reply(due, {"a": 1, "b": np.ones(2)})), ["state.a", "state.b"])
        for wrong, words in ((None, "None"), ({1: 2}, "a key of the state"), ({"a": "x"}, "not of numbers")):
            with self.assertRaisesRegex(Unusable, words):
                call.reply(due, wrong)


if __name__ == "__main__":
    unittest.main()
