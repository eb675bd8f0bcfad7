from __future__ import annotations

import itertools

from benchmarks.rounds import Measurement, interleave


def test_every_second_round_goes_backwards_and_the_first_does_not_count():
    order, told, clock = [], [], itertools.count()

    def measure(name):
        def run():
            order.append(name)
            return Measurement(float(next(clock)), {"of": name})

        return run

    found = interleave({name: measure(name) for name in "abc"}, rounds=2, tell=told.append)
    assert "".join(order) == "abccbaabc"
    assert {name: [each.value for each in each_of] for name, each_of in found.items()} == {
        "a": [5, 6],
        "b": [4, 7],
        "c": [3, 8],
    }
    assert found["a"][0].details == {"of": "a"}
    assert told[0].startswith("warm-up: a")
    assert told[-1] == "round 2 of 2: c: 8.0"


def test_where_nothing_warms_up_every_round_counts():
    clock = itertools.count()
    measures = dict.fromkeys("ab", lambda: Measurement(float(next(clock)), {}))
    found = interleave(measures, rounds=2, tell=lambda _: None, warm_up=False)
    assert {name: [each.value for each in each_of] for name, each_of in found.items()} == {"a": [1, 2], "b": [0, 3]}
