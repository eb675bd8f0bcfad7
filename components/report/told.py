"""What is told of a run: plain values, and the folders in which its steps left their results."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

_NOT_ENDED = {
    "waiting": "was not reached",
    "running": "has not ended",
    "failed": "failed",
    "skipped": "was skipped",
    "cancelled": "was cancelled",
}


class NotThereError(Exception):
    """Something cannot be shown. Its text is a sentence that says why."""


@dataclasses.dataclass(frozen=True)
class Step:
    """A step of the run: its state in a word, its duration, None where nobody knows it, and its outputs' URIs by key
    where it has ended well.
    """

    name: str
    state: str
    seconds: float | None
    outputs: Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class Told:
    """What is told of a run.

    Attributes:
        task: name of the pipeline.
        run_id: the run's.
        started: when it began, ISO 8601.
        seconds: how long it took in all, None where that is not known.
        verdict: PUSHED, UNCHANGED, NOT BLESSED or STOPPED; RUNNING or INTERRUPTED of a run that has not ended.
        sentence: the verdict in a sentence.
        reasons: why it is none better.
        version, folder: of the published model, if there is one.
        steps: in the order in which they ran.
        knows_steps: whether these are all that were begun; else nothing is known of any.
        config: the configuration as it was dumped; empty where nobody knows.
        record: what else was noted when the run began: `code` (digest by step), `versions` (by package) and `outside`
            (digests of data, encoder and the like, and the span); each may be missing.
        evaluation: the Evaluator's verdict.json.
        serving: the ServingCheck's report.json.
        gate: the folder of what the data gate found, where it stopped the run.
        samples: what the published model says of the configured texts: `text`, `scores` by label, `predicted`.
    """

    task: str
    run_id: str
    started: str
    seconds: float | None
    verdict: str
    sentence: str
    reasons: Sequence[str]
    steps: Sequence[Step]
    knows_steps: bool = True
    version: int | None = None
    folder: str | None = None
    config: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    record: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    evaluation: Mapping[str, Any] | None = None
    serving: Mapping[str, Any] | None = None
    gate: str | None = None
    samples: Sequence[Mapping[str, Any]] = ()

    def output(self, step: str, key: str) -> str:
        """The URI of a step's output. Raises NotThereError where the step did not end well, or left no such output."""
        known = next((one for one in self.steps if one.name == step), None)
        if known is not None and key in known.outputs:
            return known.outputs[key]
        raise NotThereError(self.why(step))

    def why(self, step: str) -> str:
        """The sentence that says why there is nothing of a step."""
        known = next((one for one in self.steps if one.name == step), None)
        if known is None and not self.knows_steps:
            return f"Nothing is known of the step {step} any more."
        if known is None:
            return f"The run did not get as far as the step {step}."
        return f"The step {step} {_NOT_ENDED.get(known.state, 'left nothing to show')}."
