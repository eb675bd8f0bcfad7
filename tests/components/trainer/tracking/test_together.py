from __future__ import annotations

import logging

import pytest

from components.errors import TrainingError
from components.trainer.tracking import Silent, Together
from tests.components.trainer.tracking.conftest import tell


class Counting(Silent):
    def __init__(self):
        self.steps = []

    def step(self, step, figures):
        self.steps.append(step)


class Failing(Counting):
    def __init__(self, error):
        super().__init__()
        self._error = error

    def step(self, step, figures):
        super().step(step, figures)
        if step == 2:
            raise self._error


def test_failure_is_told_once_and_ends_nothing(caplog):
    well, failing, tracker = Counting(), Failing(OSError("disk full")), Together()
    tracker.add("failing", failing)
    tracker.add("well", well)
    with caplog.at_level(logging.WARNING):
        tell(tracker)
    assert well.steps == [1, 2, 3, 4]
    assert failing.steps == [1, 2]
    assert tracker.problems == ["failing failed and records no more of this training: OSError: disk full"]
    assert [record.message for record in caplog.records] == tracker.problems


@pytest.mark.parametrize("error", [TrainingError("a wrong key; set the right one"), KeyboardInterrupt()])
def test_what_is_no_failure_of_recording_passes(error):
    tracker = Together()
    tracker.add("one", Failing(error))
    with pytest.raises(type(error)):
        tell(tracker)
