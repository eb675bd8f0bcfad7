"""Argo workflows as Kubeflow Pipelines makes them, and what its API tells of them.

The workflow has, for each step, a driver, the step, and in it an executor, which has tries below it where it may be
tried again. The API's rules are those of NodeStatuses and RetrievePodName (backend/src/common/util/workflow.go) and of
toApiPipelineTaskDetail (backend/src/apiserver/server/api_converter.go): a node goes by the name of its pod, its
children by Argo's ids.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Any

from tests.pipeline.kubeflow.api.standin import NOW

NAME = "tiny-x7k2p"
_NO_TIME = "0001-01-01T00:00:00Z"  # Go's
_END = "2026-01-02T03:05:05Z"
_STATES = {"Error": "FAILED"}


@dataclass
class _Node:
    name: str
    template: str
    phase: str
    children: list[_Node] = field(default_factory=list)

    @property
    def hash(self) -> str:
        return str(zlib.crc32(self.name.encode()))

    @property
    def id(self) -> str:
        return NAME if self.name == NAME else f"{NAME}-{self.hash}"

    @property
    def pod(self) -> str:
        return NAME if self.name == NAME else f"{NAME}-{self.template}-{self.hash}"


@dataclass(frozen=True)
class Step:
    """A step in the phases of Argo: None for what is not there yet; `executor` is as the step by default."""

    name: str
    phase: str | None = "Succeeded"
    executor: str | None = None
    driver: str = "Succeeded"
    tries: tuple[str, ...] = ()

    def pod(self, attempt: int | None = None) -> str:
        """The name of the executor's pod, or of one of its tries."""
        name = "executor" if attempt is None else f"executor({attempt})"
        return _Node(f"{NAME}.root.{self.name}.{name}", "system-container-impl", "").pod


def look(state: str, *steps: Step, **extra: Any) -> dict[str, Any]:
    """A run at one time, as the API has it."""
    root = _Node(NAME, "entrypoint", "Running")
    nodes, before = [root], root
    for step in steps:
        made = _nodes(step)
        before.children.append(made[0])
        nodes, before = [*nodes, *made], made[-1]
    return {"state": state, "run_details": {"task_details": [_detail(node) for node in nodes]}, **extra}


def _nodes(step: Step) -> list[_Node]:
    path = f"{NAME}.root.{step.name}"
    nodes = [_Node(f"{path}-driver", "system-container-driver", step.driver)]
    if step.phase is None:
        return nodes
    task = _Node(path, "system-container-executor", step.phase)
    executor = _Node(f"{path}.executor", "system-container-impl", step.executor or step.phase)
    nodes[0].children.append(task)
    task.children.append(executor)
    for number, phase in enumerate(step.tries):
        executor.children.append(_Node(f"{executor.name}({number})", executor.template, phase))
    return [*nodes, task, executor, *executor.children]


def _detail(node: _Node) -> dict[str, Any]:
    return {
        "display_name": node.name.rpartition(".")[2],
        "task_id": f"{zlib.crc32(node.name.encode()):032x}",
        "state": _STATES.get(node.phase, node.phase.upper()),
        "pod_name": node.pod,
        "create_time": NOW,
        "start_time": NOW,
        "end_time": _NO_TIME if node.phase in ("Pending", "Running") else _END,
        "child_tasks": [{"pod_name": child.id} for child in node.children],
    }
