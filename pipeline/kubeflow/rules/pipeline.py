"""What the API server checks of the pipeline as a whole (apiserver/template/v2_template.go)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from kfp.pipeline_spec import pipeline_spec_pb2

from pipeline.kubeflow.document import Compiled
from pipeline.kubeflow.rules.types import is_of_type, type_name
from pipeline.kubeflow.rules.violation import Violation

# The name becomes the `generateName` of Argo's Workflow, a DNS-1123 subdomain: the server's own pattern, which it
# matches anywhere in the name, lets more through than Kubernetes then takes.
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_RUNTIME_TYPES = frozenset(
    pipeline_spec_pb2.ParameterType.ParameterTypeEnum.Value(name)
    for name in ("NUMBER_DOUBLE", "NUMBER_INTEGER", "STRING", "BOOLEAN", "LIST", "STRUCT")
)


def violations(compiled: Compiled) -> Iterator[Violation]:
    """Violations of the pipeline's name, its root and its runtime parameters."""
    name = compiled.name
    if not name:
        yield Violation("pipelineInfo.name", "name is empty", "give the pipeline a name (pipeline.name)")
    elif _NAME.fullmatch(name) is None:
        yield Violation(
            f"pipelineInfo.name {name!r}",
            "Kubernetes takes lower-case letters, digits and '-' alone, and at its ends no '-'",
            f"call it {_nearest(name)!r} (pipeline.name)",
        )
    if not compiled.spec.HasField("root"):
        yield Violation("root", "root component is empty", "compile the pipeline with at least one step")
    for parameter, spec in sorted(compiled.spec.root.input_definitions.parameters.items()):
        yield from _of_parameter(f"runtime parameter {parameter}", spec)


def _of_parameter(where: str, spec: Any) -> Iterator[Violation]:
    """validatePipelineJobInputs; a default is only looked at by the driver of the task that reads it."""
    if spec.parameter_type not in _RUNTIME_TYPES:
        yield Violation(
            where,
            f"its type {type_name(spec.parameter_type)} is invalid for the root component",
            "declare it as a number, text, truth value, list or struct",
        )
    elif spec.HasField("default_value") and not is_of_type(spec.default_value, spec.parameter_type):
        yield Violation(
            where, f"its default value is no {type_name(spec.parameter_type)}", "make the default of the declared type"
        )


def _nearest(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "pipeline"
