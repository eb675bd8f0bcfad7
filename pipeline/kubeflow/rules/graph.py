"""What the compiler to Argo checks of the graph: components, tasks, and what a task waits for.

v2/compiler/visitor.go walks from the root; v2/compiler/argocompiler/dag.go makes a task of Argo's out of each task.
"""

from __future__ import annotations

import graphlib
import re
from collections.abc import Iterator
from typing import Any

from kfp.pipeline_spec import pipeline_spec_pb2

from pipeline.kubeflow.document import COMPILE_ANEW, Compiled
from pipeline.kubeflow.rules.violation import Violation

ROOT = "root"
# Argo's names of tasks: a digit cannot begin one where `depends` is used (argo-workflows, workflow/validate).
_TASK_NAME = re.compile(r"[A-Za-z][-A-Za-z0-9]{0,127}")
_COMPONENT_NAME = re.compile(r"[A-Za-z0-9][-A-Za-z0-9]{0,127}")
_EXIT = pipeline_spec_pb2.PipelineTaskSpec.TriggerPolicy.TriggerStrategy.Value("ALL_UPSTREAM_TASKS_COMPLETED")
_TEMPLATES = frozenset({"entrypoint", "system-dag-driver", "system-container-driver", "system-container-executor"})


def violations(compiled: Compiled) -> Iterator[Violation]:
    """Violations of the graph below the root, each component once."""
    if ROOT in compiled.spec.components:
        yield Violation("component root", 'component name "root" is reserved', "name the component otherwise")
    yield from _Walk(compiled).of_component(ROOT, compiled.spec.root)


def dags(compiled: Compiled) -> Iterator[tuple[str, Any]]:
    """Name and component of each DAG that is reached from the root; the graph must hold together."""
    waiting, seen = [(ROOT, compiled.spec.root)], {ROOT}
    while waiting:
        name, component = waiting.pop()
        yield name, component
        for _, task in sorted(component.dag.tasks.items()):
            reference = task.component_ref.name
            below = compiled.spec.components[reference]
            if below.WhichOneof("implementation") == "dag" and reference not in seen:
                seen.add(reference)
                waiting.append((reference, below))


def tasks(compiled: Compiled) -> Iterator[tuple[str, Any, Any]]:
    """Name, task and component of each task of each DAG, in the order of names."""
    for _, parent in dags(compiled):
        for name, task in sorted(parent.dag.tasks.items()):
            yield name, task, compiled.spec.components[task.component_ref.name]


def producers(task: Any) -> dict[str, str]:
    """What a task waits for through its inputs: producer by the input's name (dag.go, addImplicitDependencies)."""
    found = {}
    for name, spec in task.inputs.parameters.items():
        if spec.WhichOneof("kind") == "task_output_parameter":
            found[name] = spec.task_output_parameter.producer_task
    for name, spec in task.inputs.artifacts.items():
        if spec.WhichOneof("kind") == "task_output_artifact":
            found[name] = spec.task_output_artifact.producer_task
    return found


def dependencies(task: Any) -> set[str]:
    """The tasks that a task waits for."""
    return {*task.dependent_tasks, *producers(task).values()}


class _Walk:
    """A depth-first walk over components, as visitor.go's dfs."""

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled
        self._visited: set[str] = set()
        self._path: list[str] = []

    def of_component(self, name: str, component: Any) -> Iterator[Violation]:
        if name in self._path:
            circle = " -> ".join([*self._path[self._path.index(name) :], name])
            yield Violation(f"component {name}", f"circular component reference detected: {circle}", "break the circle")
            return
        if name in self._visited:
            return
        self._visited.add(name)
        self._path.append(name)
        if name != ROOT and _COMPONENT_NAME.fullmatch(name) is None:
            yield Violation(
                f"component {name}",
                "Argo's parameters and templates are named after it, with letters, digits and '-' alone",
                "name the component so",
            )
        implementation = component.WhichOneof("implementation")
        if implementation == "dag":
            yield from self._of_dag(name, component.dag)
        elif implementation != "executor_label":
            yield Violation(
                f"component {name}", "unknown component implementation", "give it an executorLabel or a dag"
            )
        elif component.executor_label not in self._compiled.deployment.executors:
            yield Violation(
                f"component {name}",
                f'executor(label="{component.executor_label}") not found in deployment config',
                COMPILE_ANEW,
            )
        self._path.pop()

    def _of_dag(self, name: str, dag: Any) -> Iterator[Violation]:
        where = "root" if name == ROOT else f"component {name}"
        if name in _TEMPLATES:
            yield Violation(where, "template already exists: the name is one of the backend's own", "name it otherwise")
        if not dag.tasks:
            yield Violation(where, f"DAG {name} must contain one or more non-exit tasks", "give it a task")
        for task_name, task in sorted(dag.tasks.items()):
            yield from self._of_task(task_name, task, dag)
        yield from _circles(where, dag)
        for _, task in sorted(dag.tasks.items()):
            reference = task.component_ref.name
            if reference in self._compiled.spec.components:
                yield from self.of_component(reference, self._compiled.spec.components[reference])

    def _of_task(self, name: str, task: Any, dag: Any) -> Iterator[Violation]:
        where = f"task {name}"
        yield from _task_name(where, name, task, dag)
        reference = task.component_ref.name
        if not reference:
            yield Violation(where, "component ref name is empty", COMPILE_ANEW)
        elif reference not in self._compiled.spec.components:
            yield Violation(where, f'cannot find component ref name="{reference}"', COMPILE_ANEW)
        if task.HasField("artifact_iterator"):
            yield Violation(where, "artifact iterator not implemented yet", "iterate over parameters")
        if task.trigger_policy.strategy == _EXIT:
            yield from _exit_task(where, task)
        for unknown in sorted(dependencies(task) - set(dag.tasks)):
            yield Violation(where, f'unknown producer task "{unknown}" in DAG', COMPILE_ANEW)


def _exit_task(where: str, task: Any) -> Iterator[Violation]:
    """An exit task becomes a hook of each task that it waits for (dag.go, DAG), so that it runs once for each of them;
    Argo runs the hook of what has ended, never of what was omitted (argo-workflows, workflow/controller/dag.go,
    executeDAG: `taskNode.Completed()`).

    The driver looks its inputs up as any task's: of a producer that failed, or was not begun, it finds none, and fails
    (v2/driver/resolve.go, resolveUpstreamArtifacts and resolveUpstreamParameters; later resolver/artifacts.go,
    resolveArtifacts, where no input but a null one of the parent is passed over as optional).
    """
    for name, producer in sorted(producers(task).items()):
        yield Violation(
            f"{where}, input {name}",
            f"it is an exit task, and where {producer} has failed its driver finds no output of it, and fails too",
            "give an exit task constants and the run's parameters alone",
        )
    if len(task.dependent_tasks) > 1:
        yield Violation(
            where,
            f"it is an exit task of {len(task.dependent_tasks)} tasks, and runs after each of them that is begun",
            "let it wait for one task, a sub-pipeline of all",
        )


def _task_name(where: str, name: str, task: Any, dag: Any) -> Iterator[Violation]:
    if _TASK_NAME.fullmatch(name) is None:
        yield Violation(where, "Argo takes letters, digits and '-', and a letter first", "name the task so")
    if f"{name}-driver" in dag.tasks:
        yield Violation(where, f"Argo's task {name}-driver would be there twice", f"rename the task {name}-driver")
    if task.task_info.name != name:
        # validateNonRoot asks for a name; outputs are recorded under it and looked up by the task's key
        # (v2/driver/container.go, resolve.go; v2/metadata/client.go, GetExecutionsInDAG).
        yield Violation(
            where,
            f"its taskInfo.name is {task.task_info.name or 'missing'}, so that no other task could find its outputs",
            f"set taskInfo.name to {name}",
        )


def _circles(where: str, dag: Any) -> Iterator[Violation]:
    known = {name: sorted(dependencies(task) & set(dag.tasks)) for name, task in sorted(dag.tasks.items())}
    try:
        graphlib.TopologicalSorter(known).prepare()
    except graphlib.CycleError as error:
        yield Violation(where, f"its tasks wait for each other: {' -> '.join(error.args[1])}", "break the circle")
