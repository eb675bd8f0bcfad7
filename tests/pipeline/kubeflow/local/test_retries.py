from __future__ import annotations

import pytest
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2

from pipeline.kubeflow.local.errors import AttemptError
from pipeline.kubeflow.local.retries import Clock, with_retries


class Running(Clock):
    """A time that passes while attempts run, ten seconds each, and while somebody sleeps."""

    def __init__(self, good: int) -> None:
        self.time, self.good, self.limits = 0.0, good, []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def attempt(self, number: int, seconds: float | None) -> int:
        self.limits.append(seconds)
        self.time += 10
        if number < self.good:
            raise AttemptError("no")
        return number


def policy(**fields):
    return json_format.ParseDict(fields, pipeline_spec_pb2.PipelineTaskSpec.RetryPolicy())


USUAL = {"maxRetryCount": 3, "backoffDuration": "30s", "backoffFactor": 2, "backoffMaxDuration": "600s"}


def test_without_a_policy_there_is_one_attempt_without_end():
    clock = Running(good=1)
    with pytest.raises(AttemptError):
        with_retries(policy(), clock.attempt, clock)
    assert clock.limits == [None]


def test_all_attempts_together_have_the_time_that_the_policy_gives():
    clock = Running(good=2)
    assert with_retries(policy(**USUAL), clock.attempt, clock) == 2
    assert clock.limits == [None, 600 - 40, 600 - 110]


def test_an_attempt_that_took_too_long_is_the_last():
    clock = Running(good=3)
    with pytest.raises(AttemptError):
        with_retries(policy(**{**USUAL, "backoffMaxDuration": "39s"}), clock.attempt, clock)
    assert clock.limits == [None]
