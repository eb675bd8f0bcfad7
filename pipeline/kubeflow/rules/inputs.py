"""What the driver checks of a task's inputs and the launcher of its outputs, as far as it can be seen before a run.

v2/driver/resolve.go (resolveInputs and what it calls), v2/component/launcher_v2.go, v2/metadata/{client,converter}.go.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import yaml

from pipeline.kubeflow.container.executor_input import LOGS
from pipeline.kubeflow.document import COMPILE_ANEW, Compiled
from pipeline.kubeflow.rules.graph import ROOT, dags
from pipeline.kubeflow.rules.types import STRING, is_of_type, type_name
from pipeline.kubeflow.rules.violation import Violation

# What the launcher can read from a parameter's file: v2/metadata/converter.go, in TextToPbValue.
_WRITTEN_TYPES = frozenset({"STRING", "NUMBER_INTEGER", "NUMBER_DOUBLE", "BOOLEAN", "LIST", "STRUCT"})


def violations(compiled: Compiled) -> Iterator[Violation]:
    """Violations of each task's inputs, then of each executed component's outputs."""
    executed = {}
    for name, parent in dags(compiled):
        for task_name, task in sorted(parent.dag.tasks.items()):
            component = compiled.spec.components[task.component_ref.name]
            yield from _Task(compiled, name, parent, task_name, task, component).violations()
            if component.executor_label:
                executed[task.component_ref.name] = component
    for name, component in sorted(executed.items()):
        yield from _outputs(f"component {name}", component.output_definitions)


class _Task:
    """A task within its DAG."""

    def __init__(self, compiled: Compiled, dag: str, parent: Any, name: str, task: Any, component: Any) -> None:
        self._components = compiled.spec.components
        self._dag, self._parent = dag, parent
        self._where, self._task, self._component = f"task {name}", task, component

    def violations(self) -> Iterator[Violation]:
        for name, spec in sorted(self._task.inputs.parameters.items()):
            yield from self._of_parameter(name, spec)
        for name, spec in sorted(self._task.inputs.artifacts.items()):
            yield from self._of_artifact(name, spec)
        yield from self._of_missing()

    def _of_parameter(self, name: str, spec: Any) -> Iterator[Violation]:
        where = f"{self._where}, input parameter {name}"
        kinds: dict[str | None, Callable[[], Iterator[Violation]]] = {
            "component_input_parameter": functools.partial(
                self._of_parents, where, "parameter", spec.component_input_parameter
            ),
            "task_output_parameter": functools.partial(self._of_output_parameter, where, spec.task_output_parameter),
            "runtime_value": functools.partial(self._of_constant, where, name, spec.runtime_value),
        }
        kind = spec.WhichOneof("kind")
        if kind not in kinds:
            yield Violation(where, f"parameter spec of type {kind} not implemented yet", "give a constant or an output")
            return
        yield from kinds[kind]()

    def _of_parents(self, where: str, what: str, name: str) -> Iterator[Violation]:
        definitions = self._parent.input_definitions
        if not name:
            yield Violation(where, f"component input {what} is empty", COMPILE_ANEW)
        elif name not in (definitions.parameters if what == "parameter" else definitions.artifacts):
            yield Violation(where, f"parent DAG does not have input {what} {name}", f"declare it in {self._dag}")
        elif what == "artifact" and self._dag == ROOT:
            yield Violation(where, "a run is given parameters alone, no artifacts", "import the artifact in a task")

    def _of_output_parameter(self, where: str, output: Any) -> Iterator[Violation]:
        outputs = self._producer(output.producer_task).output_definitions.parameters
        if output.output_parameter_key not in outputs:
            yield Violation(
                where,
                f"{output.producer_task} has no output parameter {output.output_parameter_key}, and the value is empty",
                f"declare it in the component of {output.producer_task}",
            )

    def _of_constant(self, where: str, name: str, value: Any) -> Iterator[Violation]:
        if value.WhichOneof("value") != "constant":
            yield Violation(where, "param runtime value spec not implemented: it is no constant", COMPILE_ANEW)
            return
        declared = self._component.input_definitions.parameters
        # What is declared as a text takes anything, as JSON.
        if name in declared and declared[name].parameter_type != STRING:
            wanted = declared[name].parameter_type
            if not is_of_type(value.constant, wanted):
                kind = (value.constant.WhichOneof("kind") or "nothing").partition("_")[0]
                yield Violation(
                    where, f"type mismatch: expect {type_name(wanted)}, got {kind}", "write a value of that type"
                )

    def _of_artifact(self, name: str, spec: Any) -> Iterator[Violation]:
        where = f"{self._where}, input artifact {name}"
        if spec.WhichOneof("kind") == "component_input_artifact":
            yield from self._of_parents(where, "artifact", spec.component_input_artifact)
            return
        if spec.WhichOneof("kind") != "task_output_artifact":
            yield Violation(where, "artifact spec not implemented yet: it names no output", COMPILE_ANEW)
            return
        output = spec.task_output_artifact
        if output.output_artifact_key not in self._producer(output.producer_task).output_definitions.artifacts:
            yield Violation(
                where,
                f'cannot find output artifact key "{output.output_artifact_key}" in producer task '
                f'"{output.producer_task}"',
                f"declare it in the component of {output.producer_task}",
            )

    def _of_missing(self) -> Iterator[Violation]:
        """A default without isOptional is not used: a text arrives empty, anything else is an error."""
        iterated = self._task.parameter_iterator.item_input
        for name, spec in sorted(self._component.input_definitions.parameters.items()):
            if name in self._task.inputs.parameters or spec.is_optional or name == iterated:
                continue
            where = f"{self._where}, input parameter {name}"
            if not spec.HasField("default_value"):
                problem = f'neither value nor default value provided for non-optional parameter "{name}"'
                yield Violation(where, problem, "give it a value")
            else:
                problem = "it is not optional, so that the driver does not use its default"
                yield Violation(where, problem, "set isOptional: true beside defaultValue")

    def _producer(self, task: str) -> Any:
        return self._components[self._parent.dag.tasks[task].component_ref.name]


def _outputs(where: str, definitions: Any) -> Iterator[Violation]:
    for name, spec in sorted(definitions.artifacts.items()):
        there = f"{where}, output artifact {name}"
        if name == LOGS:
            yield Violation(there, "the driver puts its own artifact of that name in its place", "name it otherwise")
        problem = _schema_problem(spec.artifact_type)
        if problem:
            yield Violation(there, problem, "declare its type with schemaTitle, or an instanceSchema with a title")
        for key, value in sorted(spec.metadata.fields.items()):
            if value.WhichOneof("kind") in {None, "null_value"}:
                yield Violation(
                    there, f"unknown/unsupported value type: its metadata {key} is null", f"leave {key} out"
                )
    for name, spec in sorted(definitions.parameters.items()):
        if type_name(spec.parameter_type) not in _WRITTEN_TYPES:
            problem = f"unknown type {type_name(spec.parameter_type)}"
            yield Violation(f"{where}, output parameter {name}", problem, "declare its type")


def _schema_problem(artifact_type: Any) -> str | None:
    """What getArtifactSchema (launcher_v2.go) and SchemaToArtifactType (client.go) say of a type."""
    kind = artifact_type.WhichOneof("kind")
    if kind == "schema_uri":
        return "SchemaUri is unsupported"
    if kind is None:
        return "unknown type in ArtifactTypeSchema: it has none"
    return None if schema_title(artifact_type) else "No title specified"


def schema_title(artifact_type: Any) -> str:
    """The name under which artifacts of a type are registered; empty where its schema has no `title`."""
    if artifact_type.WhichOneof("kind") == "schema_title":
        return artifact_type.schema_title
    try:
        schema = yaml.safe_load(artifact_type.instance_schema)
    except yaml.YAMLError:
        return ""
    title = schema.get("title") if isinstance(schema, dict) else None
    return title if isinstance(title, str) else ""
