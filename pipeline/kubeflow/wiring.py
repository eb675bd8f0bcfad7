"""Which parameters of a compiled pipeline are known only when it runs, and where they come from.

On this machine a run is built after what lies outside it was observed (`pipeline.outside`). What is compiled runs
again and again: a step, Observe, looks at the outside of each run, and hands what it saw on as parameters, by which
Kubeflow caches the steps that depend on it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from components.example_gen.spans import has_span
from pipeline.config import Config
from pipeline.kubeflow.settings import OBSERVE

# Observe's outputs. RECORD is for the report: no step whose results are kept is given it, for no two runs' are equal.
DATA, SPAN, ENCODER, SERVED, RECORD = "data", "span", "encoder", "served", "record"
# Its parameters beside those of the pipeline, as JSON: the configuration, but for the cluster's section, and RECORD,
# which is what else can be said of a run before it begins.
SETTINGS = "settings"
STRING, INTEGER = "STRING", "NUMBER_INTEGER"


@dataclasses.dataclass(frozen=True)
class Parameter:
    """A parameter of the pipeline, which whoever starts a run may set."""

    name: str
    type: str
    default: str | int
    description: str

    def definition(self) -> dict[str, Any]:
        """As an input definition of the pipeline spec."""
        return {"parameterType": self.type, "defaultValue": self.default, "description": self.description}

    def source(self) -> dict[str, Any]:
        """As the source of a task's input."""
        return {"componentInputParameter": self.name}


@dataclasses.dataclass(frozen=True)
class Observed:
    """An output of Observe."""

    name: str
    type: str = STRING

    def source(self) -> dict[str, Any]:
        """As the source of a task's input."""
        return {"taskOutputParameter": {"producerTask": OBSERVE, "outputParameterKey": self.name}}


@dataclasses.dataclass(frozen=True)
class RunId:
    """The run's own id, which no other run has: what is given it is never answered from the cache, whoever runs it."""

    name: str = "run"
    type: str = STRING

    def source(self) -> dict[str, Any]:
        """As the source of a task's input: KFP's driver puts the id in the placeholder's place."""
        return {"runtimeValue": {"constant": "{{$.pipeline_job_uuid}}"}}


@dataclasses.dataclass(frozen=True)
class Wire:
    """Where a parameter of a step, or one key of the JSON that it holds, comes from.

    `key` is dotted, and None where the parameter is replaced as a whole.
    """

    step: str
    parameter: str
    key: str | None
    source: Parameter | Observed | RunId

    @property
    def input(self) -> str:
        """The name of the step's input."""
        if self.key is None:
            return self.parameter
        if isinstance(self.source, Observed):
            return f"observed_{self.source.name}"
        # The parameter that the key is laid over is an input itself, and must keep its name.
        return f"given_{self.source.name}" if self.source.name == self.parameter else self.source.name

    @property
    def argument(self) -> str:
        """What tells the step to lay the input over the parameter."""
        return f"--over={self.parameter}:{self.key}={self.input}"


def parameters(config: Config) -> list[Parameter]:
    """What whoever starts a run may set: other settings, and all thresholds, are compiled in."""
    given = [
        Parameter("epochs", INTEGER, config.training.epochs, "training.epochs"),
        Parameter("encoder", STRING, config.encoder.handle, "encoder.handle"),
    ]
    if has_span(config.data.path):
        given.append(Parameter(SPAN, STRING, str(config.data.span), "data.span: latest, or a number"))
    return given


def observed(config: Config) -> list[Observed]:
    """Observe's outputs."""
    spans = [Observed(SPAN, INTEGER)] if has_span(config.data.path) else []
    return [Observed(DATA), Observed(ENCODER), Observed(SERVED), Observed(RECORD), *spans]


def wires(config: Config) -> list[Wire]:
    """Every parameter of TFX's steps that is known only when the pipeline runs."""
    return list(_wires({given.name: given for given in parameters(config)}))


def _wires(given: dict[str, Parameter]) -> Iterator[Wire]:
    yield Wire("TextExampleGen", "fingerprint", None, Observed(DATA))
    yield Wire("ServedModel", "state", None, Observed(SERVED))
    if SPAN in given:
        yield Wire("TextExampleGen", "data", "span", Observed(SPAN, INTEGER))
    yield Wire("TextExampleGen", "encoder", "digest", Observed(ENCODER))
    yield Wire("TextExampleGen", "encoder", "handle", given["encoder"])
    for step in ("Transform", "Trainer"):
        yield Wire(step, "custom_config", "encoder.digest", Observed(ENCODER))
        yield Wire(step, "custom_config", "encoder.handle", given["encoder"])
    yield Wire("Trainer", "custom_config", "training.epochs", given["epochs"])
    yield Wire("ServingCheck", "last_refusal", None, RunId())
    yield Wire("Pusher", "custom_config", "nonce", RunId())
    yield Wire("Pusher", "custom_config", "card.encoder.handle", given["encoder"])
    if SPAN in given:
        yield Wire("Pusher", "custom_config", "card.data.span", Observed(SPAN, INTEGER))
