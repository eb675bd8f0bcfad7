"""How a run ended, in a word, a sentence and the numbers behind it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from components.evaluator.verdict import VERDICT_FILE
from components.pusher.files import PUSH_FILE
from components.serving_check.check import REPORT_FILE
from pipeline.steps import Step

NOT_ENDED = "it has not come to its end: it is going on, or was killed"


class Verdict(str, Enum):
    """The four ways in which a run ends."""

    PUSHED = "PUSHED"
    UNCHANGED = "UNCHANGED"
    NOT_BLESSED = "NOT BLESSED"
    STOPPED = "STOPPED"

    @property
    def exit_code(self) -> int:
        """What the command exits with: 0 only where users have the model that the run stands for."""
        return {"PUSHED": 0, "UNCHANGED": 0, "NOT BLESSED": 3, "STOPPED": 1}[self.value]


@dataclasses.dataclass(frozen=True)
class Scored:
    """A text and what the published model says of it.

    Attributes:
        text: the text, or the two of a pair.
        scores: by label; of two labels the positive one's alone.
        predicted: the label, or those that hold where a text may have any of them.
    """

    text: str | tuple[str, ...]
    scores: dict[str, float]
    predicted: str | tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """Everything there is to say of a run at its end.

    `evaluation` is the Evaluator's verdict.json (see components.evaluator.gates) and `serving` ServingCheck's
    report.json (see components.serving_check.check), None where the run did not get so far; `version` and `folder` are
    those of the published model.
    """

    verdict: Verdict
    reasons: list[str]
    evaluation: dict[str, Any] | None = None
    serving: dict[str, Any] | None = None
    version: int | None = None
    folder: str | None = None
    digest: str | None = None
    samples: list[Scored] = dataclasses.field(default_factory=list)

    def with_samples(self, samples: list[Scored]) -> Outcome:
        """The same outcome with the texts that the published model scored."""
        return dataclasses.replace(self, samples=samples)

    @property
    def sentence(self) -> str:
        """The verdict as a sentence."""
        if self.verdict is Verdict.PUSHED:
            return f"PUSHED version {self.version}"
        if self.verdict is Verdict.UNCHANGED:
            return f"UNCHANGED: the model is the one that is served, version {self.version}; nothing was pushed"
        told = f"{self.verdict.value} because {'; '.join(self.reasons)}"
        return told if self.version is None else f"{told}; version {self.version} had been published before"


@dataclasses.dataclass(frozen=True)
class LeftBehind:
    """What the steps that decide left in their outputs, each None where the step has not ended well."""

    evaluation: dict[str, Any] | None
    serving: dict[str, Any] | None
    push: dict[str, Any] | None


def read_outcome(steps: Sequence[Step]) -> Outcome:
    """The outcome of a run whose every step has ended, from what Evaluator, ServingCheck and Pusher left behind."""
    left = _left_behind(steps)
    if left.evaluation is None or left.serving is None or left.push is None:
        raise LookupError("Evaluator, ServingCheck and Pusher left no verdict: they have not all ended")
    return outcome_of(left, left.push["status"])


def outcome_of(left: LeftBehind, status: str) -> Outcome:
    """The outcome of a run whose Pusher recorded this status, in which a step that left nothing gave no reason."""
    evaluation, serving, push = left.evaluation or {}, left.serving or {}, left.push or {}
    if status == "not_blessed":
        # Those of a forced blessing were overruled.
        missed = [] if evaluation.get("blessed") else evaluation.get("reasons", [])
        reasons = [*missed, *serving.get("reasons", [])]
        return Outcome(Verdict.NOT_BLESSED, reasons, left.evaluation, left.serving)
    verdict = Verdict.PUSHED if status == "pushed" else Verdict.UNCHANGED
    return Outcome(verdict, [], left.evaluation, left.serving, *_published(push))


def stopped(reason: str, steps: Sequence[Step] = ()) -> Outcome:
    """The outcome of a run that did not come to its end, with what its steps had found out by then."""
    return stopped_with([reason], _left_behind(steps))


def stopped_with(reasons: list[str], left: LeftBehind) -> Outcome:
    """The same, from what was found out."""
    return Outcome(Verdict.STOPPED, reasons, left.evaluation, left.serving, *_published(left.push or {}))


def _published(push: Mapping[str, Any]) -> tuple[int | None, str | None, str | None]:
    return push.get("version"), push.get("folder"), push.get("digest")


def _left_behind(steps: Sequence[Step]) -> LeftBehind:
    outputs = {step.name: step.outputs for step in steps}

    def read(step: str, output: str, file: str) -> dict[str, Any] | None:
        folder = outputs.get(step, {}).get(output)
        return None if folder is None else read_json(folder, file)

    return LeftBehind(
        evaluation=read("Evaluator", "blessing", VERDICT_FILE),
        serving=read("ServingCheck", "blessing", REPORT_FILE),
        push=read("Pusher", "pushed_model", PUSH_FILE),
    )


def read_json(folder: str, name: str) -> dict[str, Any]:
    """The JSON object that a step left in its output's folder."""
    return json.loads(Path(folder, name).read_text(encoding="utf-8"))
