"""How a run ended, in a word, a sentence and the numbers behind it."""

from __future__ import annotations

import dataclasses
import json
from enum import Enum
from pathlib import Path
from typing import Any

from pipeline.steps import Step


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
    """A text, the score of the positive label that the published model gave it, and the label that it answered."""

    text: str
    score: float
    predicted: str


@dataclasses.dataclass(frozen=True)
class Outcome:
    """Everything there is to say of a run at its end.

    `evaluation` is the Evaluator's verdict.json (see components.evaluator.gates), None where the run did not get so
    far; `version` and `folder` are those of the published model.
    """

    verdict: Verdict
    reasons: list[str]
    evaluation: dict[str, Any] | None = None
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
        return f"{self.verdict.value} because {'; '.join(self.reasons)}"


def read_outcome(steps: list[Step]) -> Outcome:
    """The outcome of a run whose every step has ended, from what Evaluator and Pusher left in their outputs."""
    outputs = {step.name: step.outputs for step in steps}
    evaluation = _read_json(outputs["Evaluator"]["blessing"], "verdict.json")
    push = _read_json(outputs["Pusher"]["pushed_model"], "push.json")
    if push["status"] == "not_blessed":
        return Outcome(Verdict.NOT_BLESSED, evaluation["reasons"], evaluation)
    verdict = Verdict.PUSHED if push["status"] == "pushed" else Verdict.UNCHANGED
    return Outcome(verdict, [], evaluation, push["version"], push["folder"], push["digest"])


def stopped(reason: str) -> Outcome:
    """The outcome of a run that did not come to its end."""
    return Outcome(Verdict.STOPPED, [reason])


def _read_json(folder: str, name: str) -> dict[str, Any]:
    return json.loads(Path(folder, name).read_text(encoding="utf-8"))
