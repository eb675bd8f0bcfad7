"""The two tasks that TFX's graph does not have: Observe, which every run begins with, and Verdict, which ends it."""

from __future__ import annotations

import json
from typing import Any

from pipeline.config import Config
from pipeline.kubeflow import wiring
from pipeline.kubeflow.settings import OBSERVE, VERDICT

_COMMAND = ["python", "-m"]
_OBSERVE_MODULE = "pipeline.kubeflow.container.observe"
_VERDICT_MODULE = "pipeline.kubeflow.container.verdict"
_EXECUTOR_INPUT = ["--executor-input", "{{$}}"]
# What Verdict reads: its input, the step that made it, and the step's output.
VERDICT_INPUTS = {
    "quarantine": ("TextExampleGen", "quarantine"),
    "gate": ("DataGate", "blessing"),
    "evaluation": ("Evaluator", "blessing"),
    "serving": ("ServingCheck", "blessing"),
    "push": ("Pusher", "pushed_model"),
}
SAMPLES = "samples"


def add_observe(spec: dict[str, Any], config: Config, image: str) -> None:
    """Adds the task that looks at what lies outside the run: data, encoder, served model."""
    settings = {
        "data": config.data.model_dump(mode="json"),
        "labels": config.labels.model_dump(mode="json"),
        "encoder": config.encoder.model_dump(mode="json"),
        "training": config.training.model_dump(mode="json"),
        "push": {"folder": str(config.push_folder)},
    }
    given = [*wiring.parameters(config), wiring.RunId()]
    constant = {"runtimeValue": {"constant": json.dumps(settings, sort_keys=True)}}
    _add(
        spec,
        OBSERVE,
        image,
        _OBSERVE_MODULE,
        inputs={"parameters": {wiring.SETTINGS: constant, **{each.name: each.source() for each in given}}},
        input_definitions={
            "parameters": {
                wiring.SETTINGS: {"parameterType": wiring.STRING},
                **{each.name: {"parameterType": each.type} for each in given},
            }
        },
        output_definitions={
            "parameters": {each.name: {"parameterType": each.type} for each in wiring.observed(config)}
        },
    )


def add_verdict(spec: dict[str, Any], config: Config, image: str) -> None:
    """Adds the task that says how the run ended, and fails where its model was not blessed."""
    artifacts = {
        name: {"taskOutputArtifact": {"producerTask": step, "outputArtifactKey": output}}
        for name, (step, output) in VERDICT_INPUTS.items()
    }
    definitions = {
        name: {"artifactType": spec["components"][step]["outputDefinitions"]["artifacts"][output]["artifactType"]}
        for name, (step, output) in VERDICT_INPUTS.items()
    }
    samples = {"runtimeValue": {"constant": json.dumps(list(config.samples))}}
    run = wiring.RunId()
    _add(
        spec,
        VERDICT,
        image,
        _VERDICT_MODULE,
        inputs={"artifacts": artifacts, "parameters": {SAMPLES: samples, run.name: run.source()}},
        input_definitions={
            "artifacts": definitions,
            "parameters": {SAMPLES: {"parameterType": wiring.STRING}, run.name: {"parameterType": run.type}},
        },
        output_definitions=None,
        after=sorted({step for step, _ in VERDICT_INPUTS.values()}),
    )


def _add(
    spec: dict[str, Any],
    name: str,
    image: str,
    module: str,
    inputs: dict[str, Any],
    input_definitions: dict[str, Any],
    output_definitions: dict[str, Any] | None,
    after: list[str] | None = None,
) -> None:
    label = f"{name}_executor"
    component = {"executorLabel": label, "inputDefinitions": input_definitions}
    if output_definitions:
        component["outputDefinitions"] = output_definitions
    spec["components"][name] = component
    task = {"taskInfo": {"name": name}, "componentRef": {"name": name}, "inputs": inputs}
    if after:
        task["dependentTasks"] = after
    spec["root"]["dag"]["tasks"][name] = task
    spec["deploymentSpec"]["executors"][label] = {
        "container": {"image": image, "command": [*_COMMAND, module], "args": _EXECUTOR_INPUT}
    }
