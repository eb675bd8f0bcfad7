"""How large the parts of a compiled pipeline may be on their way to a step.

The API server puts everything into one object of Argo's; the driver gets component, task and container, and the
launcher the executor input and the component, as single arguments of a command (argocompiler/container.go;
v2/driver/driver.go, initPodSpecPatch).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from google.protobuf.message import Message

from pipeline.kubeflow.document import Compiled, to_json
from pipeline.kubeflow.rules.graph import tasks
from pipeline.kubeflow.rules.violation import Violation

# Linux' MAX_ARG_STRLEN (include/uapi/linux/binfmts.h): 32 pages of 4 KiB, the closing zero among them.
LARGEST_ARGUMENT = 32 * 4096 - 1
# etcd takes 1.5 MiB a request; Argo packs the status of a run, which lies beside it, from 1 MiB on
# (argo-workflows, persist and workflow/packer).
LARGEST_WORKFLOW = 1 << 20
# What an artifact's URI, name and metadata, and a parameter's name and file, add to the executor input: far more than
# TFX' artifacts have.
_ARTIFACT_BYTES = 1024
_PARAMETER_BYTES = 256


def violations(compiled: Compiled) -> Iterator[Violation]:
    """Violations of the size of each argument, then of the whole."""
    total, seen = 0, set()
    for name, task, component in tasks(compiled):
        own = size(task)
        total += own
        yield from _too_large(f"task {name}", "its inputs and settings are", own)
        if component.executor_label:
            container = compiled.deployment.executors[component.executor_label].container
            yield from _of_command(f"task {name}", container, executor_input_size(task, component))
        if task.component_ref.name not in seen:
            seen.add(task.component_ref.name)
            yield from _of_component(task.component_ref.name, component, compiled)
            total += sum(_component_sizes(component, compiled))
    if total > LARGEST_WORKFLOW:
        yield Violation(
            "the pipeline",
            f"Argo's Workflow object would be {total:,} bytes, and Kubernetes keeps {LARGEST_WORKFLOW:,} at most",
            "make the steps' settings smaller: hand over large texts as files on a volume",
        )


def size(message: Message) -> int:
    """Bytes of a message as compact JSON in UTF-8."""
    return json_size(to_json(message))


def json_size(value: Any) -> int:
    """Bytes of a JSON value, compact, in UTF-8."""
    return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())


def executor_input_size(task: Any, component: Any) -> int:
    """About how many bytes of JSON a step is given: its constants as they are, the rest by generous estimates."""
    constants = sum(size(spec.runtime_value.constant) for spec in task.inputs.parameters.values())
    names = len(task.inputs.parameters) + len(component.output_definitions.parameters)
    artifacts = len(task.inputs.artifacts) + len(component.output_definitions.artifacts) + 1
    definitions = size(component.output_definitions)
    return constants + definitions + names * _PARAMETER_BYTES + artifacts * _ARTIFACT_BYTES


def _component_sizes(component: Any, compiled: Compiled) -> tuple[int, int, int]:
    executor = compiled.deployment.executors[component.executor_label] if component.executor_label else None
    platform = compiled.kubernetes.get(component.executor_label, {})
    return size(component), size(executor.container) if executor is not None else 0, json_size(platform)


def _of_component(name: str, component: Any, compiled: Compiled) -> Iterator[Violation]:
    parts = ("its inputs and outputs are", "its container is", "what Kubernetes is told of it is")
    for part, count in zip(parts, _component_sizes(component, compiled), strict=True):
        yield from _too_large(f"component {name}", part, count)


def _of_command(where: str, container: Any, executor_input: int) -> Iterator[Violation]:
    yield from _too_large(where, "the input of its step is about", executor_input)
    for text in (*container.command, *container.args):
        count = len(text.encode()) + text.count("{{$}}") * executor_input
        if executor_input <= LARGEST_ARGUMENT:  # else it is said already
            yield from _too_large(where, f"its argument {text[:40]!r} is about", count)


def _too_large(where: str, what: str, count: int) -> Iterator[Violation]:
    if count > LARGEST_ARGUMENT:
        yield Violation(
            where,
            f"{what} {count:,} bytes, and Linux takes {LARGEST_ARGUMENT:,} in an argument",
            "make its settings smaller: hand over large texts as files on a volume",
        )
