"""What a cluster would run and this machine does not: refused before the first step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.kubeflow.document import Compiled
from pipeline.kubeflow.errors import KubeflowError
from pipeline.kubeflow.rules.kubernetes import claim_name, executor_config

_DUMMY_IMAGES = frozenset({"argostub/createpvc", "argostub/deletepvc"})
_STRUCTURES = ('{"IfPresent":', '{"Concat":')


def check_supported(compiled: Compiled) -> None:
    """Refuses what is not emulated. Raises KubeflowError naming all of it."""
    found = [
        f"task {name}: {problem}"
        for name, task in sorted(compiled.spec.root.dag.tasks.items())
        for problem in _problems(task, compiled)
    ]
    if found:
        listed = "\n".join(f"  - {problem}" for problem in found)
        raise KubeflowError(f"{compiled.origin} can run on a cluster alone; submit it there:\n{listed}")


def _problems(task: Any, compiled: Compiled) -> Iterator[str]:
    component = compiled.spec.components[task.component_ref.name]
    if task.HasField("parameter_iterator"):
        yield "a loop"
    if task.trigger_policy.condition or task.trigger_policy.strategy:
        yield "a condition or an exit handler"
    if any(spec.parameter_expression_selector for spec in task.inputs.parameters.values()):
        yield "a part of a parameter (parameterExpressionSelector)"
    if not component.executor_label:
        yield "a sub-pipeline"
        return
    executor = compiled.deployment.executors[component.executor_label]
    if executor.WhichOneof("spec") != "container":
        yield "an importer"
        return
    yield from _of_container(executor.container)
    yield from _of_platform(executor_config(compiled.kubernetes.get(component.executor_label, {})))


def _of_container(container: Any) -> Iterator[str]:
    if container.image in _DUMMY_IMAGES:
        yield "a claim that is made or deleted"
    if any(text.startswith(_STRUCTURES) for text in (*container.command, *container.args)):
        yield "an argument that depends on what is there (IfPresent, Concat)"


def _of_platform(config: Any) -> Iterator[str]:
    if config.secret_as_volume or config.config_map_as_volume or config.config_map_as_env:
        yield "a secret's volume or a config map"
    if any(secret.HasField("secret_name_parameter") and not secret.secret_name for secret in config.secret_as_env):
        yield "a secret whose name is a parameter"
    if not all(claim_name(mount) for mount in config.pvc_mount):
        yield "a claim whose name is a parameter"
    if config.generic_ephemeral_volume:
        yield "an ephemeral volume"
