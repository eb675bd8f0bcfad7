"""Texts that somebody on the way replaces: Argo, Kubernetes, the driver, the launcher.

Everything that is compiled travels through Argo's Workflow object, and the inputs, the component and the command of a
step then as arguments of its container: each of the four replaces what looks like one of its placeholders.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pipeline.kubeflow.document import Compiled, to_json
from pipeline.kubeflow.rules.graph import dags, tasks
from pipeline.kubeflow.rules.violation import Violation

# What the driver replaces where it is the whole of a constant (v2/driver/resolve.go, resolveInputParameter): those that
# every version does.
DRIVER_PLACEHOLDERS = (
    "{{$.pipeline_job_name}}",
    "{{$.pipeline_job_resource_name}}",
    "{{$.pipeline_job_uuid}}",
    "{{$.pipeline_task_name}}",
    "{{$.pipeline_task_uuid}}",
)
_ARGO = re.compile(r"\{\{(?!\$)")
_PLACEHOLDER = re.compile(r"\{\{\$.*?\}\}")
_KUBERNETES = re.compile(r"\$\$|\$\([A-Za-z_][-.A-Za-z0-9_]*\)")


def violations(compiled: Compiled) -> Iterator[Violation]:
    """Violations of every text of the pipeline, where it stands."""
    used = {component.executor_label: component for _, _, component in tasks(compiled) if component.executor_label}
    for label, component in sorted(used.items()):
        yield from _of_container(label, compiled.deployment.executors[label].container, component)
    for name, task, _ in tasks(compiled):
        yield from _of_task(f"task {name}", task)
    for name, component in dags(compiled):
        yield from _everywhere(f"component {name}", to_json(component.input_definitions))
    for name, component in sorted(compiled.spec.components.items()):
        interface = {key: value for key, value in to_json(component).items() if key not in {"dag", "executorLabel"}}
        yield from _everywhere(f"component {name}", interface)
    for label, document in sorted(compiled.kubernetes.items()):
        yield from _everywhere(f"platform, executor {label}", document)


def hazard(text: str) -> str | None:
    """What would become of a text that is no placeholder, such as the value of a parameter; None where it stays."""
    if _ARGO.search(text):
        return "Argo replaces {{...}}, or fails at it"
    found = _KUBERNETES.search(text)
    if found:
        return f"Kubernetes replaces {found[0]} in the arguments of a container"
    if "{{$" in text:
        return "the launcher may replace {{$...}}, or leave it"
    return None


def placeholders(component: Any) -> set[str]:
    """What the launcher replaces in the command of a component (v2/component/launcher_v2.go, getPlaceholders)."""
    inputs, outputs = component.input_definitions, component.output_definitions
    return {
        "{{$}}",
        *(f"{{{{$.inputs.parameters['{name}']}}}}" for name in inputs.parameters),
        *(f"{{{{$.inputs.artifacts['{name}'].{what}}}}}" for name in inputs.artifacts for what in ("uri", "path")),
        *(f"{{{{$.outputs.artifacts['{name}'].{what}}}}}" for name in outputs.artifacts for what in ("uri", "path")),
        *(f"{{{{$.outputs.parameters['{name}'].output_file}}}}" for name in outputs.parameters),
    }


def _of_container(label: str, container: Any, component: Any) -> Iterator[Violation]:
    known = placeholders(component)
    for kind, texts in (("command", container.command), ("args", container.args)):
        for index, text in enumerate(texts):
            where = f"executor {label}, {kind}[{index}]"
            for found in _PLACEHOLDER.findall(text):
                if found not in known:
                    yield Violation(where, f"the launcher knows no {found}, which stays as it is", "leave it out")
            yield from _of_text(where, _PLACEHOLDER.sub("", text))
    rest = {key: value for key, value in to_json(container).items() if key not in {"command", "args"}}
    yield from _everywhere(f"executor {label}", rest)


def _of_task(where: str, task: Any) -> Iterator[Violation]:
    for path, text in _strings(to_json(task)):
        if text not in DRIVER_PLACEHOLDERS:
            yield from _of_text(f"{where}, {path}", text)


def _everywhere(where: str, value: Any) -> Iterator[Violation]:
    for path, text in _strings(value):
        yield from _of_text(f"{where}, {path}", text)


def _of_text(where: str, text: str) -> Iterator[Violation]:
    problem = hazard(text)
    if problem:
        yield Violation(
            where, problem, "write it otherwise (in a JSON text: {\\u007b for the braces, \\u0024 for the dollar sign)"
        )


def _strings(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a JSON value, keys among them, with the dotted path to it."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            below = f"{path}.{key}" if path else key
            yield below, key
            yield from _strings(inner, below)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _strings(inner, f"{path}[{index}]")
