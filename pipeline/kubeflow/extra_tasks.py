"""The three tasks that TFX's graph does not have: Observe, which every run begins with, Report, which judges and
reports what came of it, and Verdict, which ends it.

Report and Verdict are two, since KFP keeps no output of a task that fails, as Verdict does where the model was not
blessed. And they are the last of the tasks that wait for each other, not exit tasks: see docs/kubeflow.md.
"""

from __future__ import annotations

import json
from typing import Any

from pipeline.config import Config
from pipeline.kubeflow import wiring
from pipeline.kubeflow.container.executor_input import BESIDE
from pipeline.kubeflow.settings import OBSERVE, REPORT, TFX_STEPS, VERDICT

_COMMAND = ["python", "-m"]
_OBSERVE_MODULE = "pipeline.kubeflow.container.observe"
_REPORT_MODULE = "pipeline.kubeflow.container.report"
_VERDICT_MODULE = "pipeline.kubeflow.container.verdict"
_EXECUTOR_INPUT = ["--executor-input", "{{$}}"]
# Report's outputs: the page that KFP's interface shows, a file; its numbers; how the run ended.
HTML, NUMBERS, OUTCOME = "report", "numbers", "outcome"
_OUTPUT_TYPES = {HTML: "system.HTML", NUMBERS: "system.Artifact", OUTCOME: "system.Artifact"}
EXAMPLES = "examples"
_LARGE = frozenset({EXAMPLES, "model"})
# What Report reads: its input, the step that made it, and the step's output. A graph need not have every step.
REPORT_INPUTS = {
    EXAMPLES: ("TextExampleGen", "examples"),
    "quarantine": ("TextExampleGen", "quarantine"),
    "statistics": ("StatisticsGen", "statistics"),
    "gate": ("DataGate", "blessing"),
    "linear": ("LinearBaseline", "predictions"),
    "model": ("Trainer", "model"),
    "training": ("Trainer", "model_run"),
    "evaluation": ("Evaluator", "evaluation"),
    "judgement": ("Evaluator", "blessing"),
    "serving": ("ServingCheck", "blessing"),
    "push": ("Pusher", "pushed_model"),
}
# What Verdict prints from.
VERDICT_INPUTS = {
    "quarantine": ("TextExampleGen", "quarantine"),
    "gate": ("DataGate", "blessing"),
    "training": ("Trainer", "model_run"),
    OUTCOME: (REPORT, OUTCOME),
}
SAMPLES = "samples"


def add_observe(spec: dict[str, Any], config: Config, image: str) -> None:
    """Adds the task that looks at what lies outside the run: data, encoder, served model."""
    settings = config.model_dump(mode="json", exclude={"pipeline", "kubeflow"})
    record = {"pipeline": config.pipeline.name, "code": {"image": image.rpartition(":")[2]}}
    constants = {wiring.SETTINGS: _constant(settings), wiring.RECORD: _constant(record)}
    given = [*wiring.parameters(config), wiring.RunId()]
    _add(
        spec,
        OBSERVE,
        image,
        _OBSERVE_MODULE,
        inputs={"parameters": {**constants, **{each.name: each.source() for each in given}}},
        input_definitions={
            "parameters": {
                **{name: {"parameterType": wiring.STRING} for name in constants},
                **{each.name: {"parameterType": each.type} for each in given},
            }
        },
        output_definitions={
            "parameters": {each.name: {"parameterType": each.type} for each in wiring.observed(config)}
        },
    )


def add_report(spec: dict[str, Any], config: Config, image: str) -> None:
    """Adds the task that judges and reports a run whose every step has ended."""
    given = [wiring.RunId(), wiring.Observed(wiring.RECORD)]
    parameters = {SAMPLES: _constant(list(config.samples)), **{each.name: each.source() for each in given}}
    read = {name: made for name, made in REPORT_INPUTS.items() if _is_read(name, made[0], spec, config)}
    _add(
        spec,
        REPORT,
        image,
        _REPORT_MODULE,
        inputs={"artifacts": _sources(read), "parameters": parameters},
        input_definitions={
            "artifacts": _types(read, spec),
            "parameters": {name: {"parameterType": wiring.STRING} for name in parameters},
        },
        output_definitions={
            "artifacts": {
                name: {"artifactType": {"schemaTitle": title, "schemaVersion": "0.0.1"}}
                for name, title in _OUTPUT_TYPES.items()
            }
        },
        after=sorted({OBSERVE, *(step for step, _ in read.values())}),
    )


def add_verdict(spec: dict[str, Any], image: str) -> None:
    """Adds the task that says how the run ended, and fails where its model was not blessed."""
    run = wiring.RunId()
    _add(
        spec,
        VERDICT,
        image,
        _VERDICT_MODULE,
        inputs={"artifacts": _sources(VERDICT_INPUTS), "parameters": {run.name: run.source()}},
        input_definitions={
            "artifacts": _types(VERDICT_INPUTS, spec),
            "parameters": {run.name: {"parameterType": run.type}},
        },
        output_definitions=None,
        after=sorted({step for step, _ in VERDICT_INPUTS.values()}),
    )


def keep_reports(spec: dict[str, Any], reports: str) -> None:
    """Lets every task that may end a run report it into a folder on a volume.

    TFX's are given what they report beside their error: the other outputs of the steps that they read anyway. Those
    are new when what is read is new, so that no cache is missed for them.
    """
    for name in sorted(set(spec["root"]["dag"]["tasks"]) - {VERDICT}):
        spec["deploymentSpec"]["executors"][f"{name}_executor"]["container"]["args"].append(f"--reports={reports}")
        if name in TFX_STEPS:
            _add_beside(spec, spec["root"]["dag"]["tasks"][name], spec["components"][name])


def _add_beside(spec: dict[str, Any], task: dict[str, Any], component: dict[str, Any]) -> None:
    artifacts = task.get("inputs", {}).get("artifacts", {})
    outputs = [source["taskOutputArtifact"] for source in artifacts.values()]
    read = {(output["producerTask"], output["outputArtifactKey"]) for output in outputs}
    steps = {step for step, _ in read}
    beside = {
        f"{BESIDE}{name}": made
        for name, made in REPORT_INPUTS.items()
        if name not in _LARGE and made[0] in steps and made not in read
    }
    if beside:
        artifacts |= _sources(beside)
        component["inputDefinitions"]["artifacts"] |= _types(beside, spec)


def _is_read(name: str, step: str, spec: dict[str, Any], config: Config) -> bool:
    return step in spec["components"] and (name != EXAMPLES or _shows_texts(config))


def _shows_texts(config: Config) -> bool:
    """Whether the report quotes examples, for which it needs all of them."""
    return config.report.excerpts > 0


def _sources(inputs: dict[str, tuple[str, str]]) -> dict[str, Any]:
    return {
        name: {"taskOutputArtifact": {"producerTask": step, "outputArtifactKey": output}}
        for name, (step, output) in inputs.items()
    }


def _types(inputs: dict[str, tuple[str, str]], spec: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {"artifactType": spec["components"][step]["outputDefinitions"]["artifacts"][output]["artifactType"]}
        for name, (step, output) in inputs.items()
    }


def _constant(value: Any) -> dict[str, Any]:
    return {"runtimeValue": {"constant": json.dumps(value, sort_keys=True)}}


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
        "container": {"image": image, "command": [*_COMMAND, module], "args": [*_EXECUTOR_INPUT]}
    }
