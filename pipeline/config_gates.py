"""The section of the configuration that the Evaluator judges by: gates."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from components.evaluator.names import BIAS, IDENTITY, MACRO, METRICS, MICRO, base, lower_is_better, micro
from components.example_gen.normalise import normalise
from pipeline.section import Section

JudgeBy = Literal["estimate", "bound"]
Group = Annotated[str, Field(pattern=r"^[^=,/*]+$")]
_LEAST_BEYOND = 5
_OF_ALL_LABELS = tuple(map(micro, MICRO))


def _of_words(term: str) -> str:
    if not normalise(term):
        raise ValueError(f"the term {term!r} has no word in it, and would be found in every text")
    return term


Term = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_of_words)]


class Gate(Section):
    """What one metric must reach. A floor or ceiling is always needed: a first run has nothing to compare with."""

    at_least: Annotated[float, Field(ge=0.0, le=1.0)] | None = Field(
        default=None, description="floor of the candidate, where more is better"
    )
    at_most: Annotated[float, Field(gt=0.0)] | None = Field(
        default=None, description="its ceiling, where less is better (log_loss, ece)"
    )
    max_drop: Annotated[float, Field(ge=0.0, lt=1.0)] | None = Field(
        default=None, description="how far below the served model the candidate may be"
    )
    max_rise: Annotated[float, Field(ge=0.0)] | None = Field(
        default=None, description="how far above it, where less is better"
    )
    above_linear: Annotated[float, Field(gt=-1.0, lt=1.0)] | None = Field(
        default=None, description="by how much the candidate must beat the linear baseline; below 0: may fall short"
    )
    judge_by: JudgeBy | None = Field(default=None, description="gates.judge_by, of this metric alone")


MetricGates = dict[str, Gate]


class Identities(Section):
    """Groups of people that texts name: are their texts scored as well as others?"""

    terms: dict[Group, Annotated[tuple[Term, ...], Field(min_length=1)]] = Field(
        min_length=1, max_length=60, description="group: words or phrases that name it"
    )
    label: str | None = Field(default=None, description="which label the areas are of; the first that has a score")


class Gates(Section):
    """What a model must reach on the test split before users get it."""

    metrics: MetricGates = Field(min_length=1)
    slices: dict[str, MetricGates] = Field(
        default={}, description="'length_band=300+': gates of that slice; 'length_band=*': of each"
    )
    identities: Identities | None = None
    min_examples: Annotated[int, Field(ge=1)] = Field(default=100, description="fewer in the test split prove nothing")
    min_slice_examples: Annotated[int, Field(ge=1)] = Field(default=30, description="the same, of each gated slice")
    judge_by: JudgeBy = Field(
        default="estimate", description="what must pass: the estimate, or the worse bound of its interval"
    )
    confidence: Annotated[float, Field(ge=0.5, lt=1.0)] = Field(default=0.95, description="of the intervals")
    resamples: Annotated[int, Field(ge=0, le=100_000)] = Field(
        default=1000, description="how often the test split is drawn anew for them; 0: no intervals"
    )
    forced: Annotated[str, Field(min_length=10, max_length=1000)] | None = Field(
        default=None, description="why a model that misses its gates is published all the same; it is recorded"
    )

    @model_validator(mode="after")
    def _metrics_are_gated_their_way(self) -> Gates:
        for metric, gate in self.metrics.items():
            check_gate("gates.metrics", metric, gate)
        for name, gates in self.slices.items():
            for metric, gate in gates.items():
                check_gate(f"gates.slices.{name}", metric, gate, of_identity=name.startswith(f"{IDENTITY}="))
        return self

    @model_validator(mode="after")
    def _bounds_have_draws(self) -> Gates:
        all_gates = [gate for gates in (self.metrics, *self.slices.values()) for gate in gates.values()]
        by_bound = self.judge_by == "bound" or any(gate.judge_by == "bound" for gate in all_gates)
        # So that some draws at least lie beyond the bound.
        least = math.ceil(2 * _LEAST_BEYOND / (1 - self.confidence))
        if by_bound and self.resamples < least:
            raise ValueError(
                f"gates.judge_by is bound, but gates.resamples is {self.resamples}; with gates.confidence "
                f"{self.confidence:g} a bound needs {least} at least"
            )
        return self


def check_gate(where: str, metric: str, gate: Gate, *, of_identity: bool = False) -> None:
    """Raises ValueError where a gate is set that its metric does not have, or no floor or ceiling is.

    Args:
        where: the key of the gate's metrics.
        metric: its name.
        gate: its settings.
        of_identity: whether it is of a group of people.
    """
    key = f"{where}.{metric}"
    known = (*METRICS, *_OF_ALL_LABELS, *(BIAS if of_identity else ()))
    name, separator, _ = metric.partition("/")
    if name not in (MACRO if separator else known):
        raise ValueError(f"{key}: there is no such metric; there are {', '.join(known)}, and auc/LABEL and the like")
    less = lower_is_better(metric)
    bound = "at_most" if less else "at_least"
    unfit = ("at_least", "max_drop", "above_linear") if less else ("at_most", "max_rise")
    given = next((name for name in unfit if getattr(gate, name) is not None), None)
    if given is not None:
        raise ValueError(f"{key}.{given}: {'less' if less else 'more'} is better; set {bound}")
    if getattr(gate, bound) is None:
        raise ValueError(f"{key}.{bound} is missing: on a first run nothing is served to compare with")


def metric_fault(metric: str, scored: tuple[str, ...]) -> str | None:
    """What is wrong with the name of a metric, for labels that have a score; None where nothing is."""
    name, separator, label = metric.partition("/")
    if separator and (len(scored) == 1 or label not in scored):
        return f"gates: {metric} is of no label; those with a score are {list(scored)}"
    if len(scored) == 1 and name.endswith("_micro"):
        return f"gates: {metric} is of several labels; set {base(metric)}"
    return None
