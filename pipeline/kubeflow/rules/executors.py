"""What the compiler to Argo, the driver and the launcher check of the executors and of what tasks ask of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from pipeline.kubeflow.document import COMPILE_ANEW, Compiled, to_json
from pipeline.kubeflow.rules.graph import tasks
from pipeline.kubeflow.rules.violation import Violation

_OWN_STEP = "do what it does in an ordinary step (a container)"


def violations(compiled: Compiled) -> Iterator[Violation]:
    """Violations of the executors that a task leads to, then of the tasks' retries."""
    used = {component.executor_label for _, _, component in tasks(compiled) if component.executor_label}
    for label in sorted(used):
        yield from _of_executor(f"executor {label}", compiled.deployment.executors[label])
    for name, task, component in tasks(compiled):
        yield from _of_task(f"task {name}", task, component, compiled)
    yield from _same_container(compiled, used)


def _of_executor(where: str, executor: Any) -> Iterator[Violation]:
    """argocompiler/dag.go, task; visitor.go, dfs."""
    kind = executor.WhichOneof("spec")
    if kind == "container":
        yield from _of_container(where, executor.container)
    elif kind == "resolver":
        yield Violation(where, "resolver executors not implemented: a Resolver runs on Vertex AI alone", _OWN_STEP)
    elif kind == "custom_job":
        yield Violation(where, "custom job executors is Google Cloud only, it's not supported", _OWN_STEP)
    elif kind != "importer":
        yield Violation(where, "non-container and non-importer executor not implemented", COMPILE_ANEW)


def _of_container(where: str, container: Any) -> Iterator[Violation]:
    if not container.image:
        yield Violation(where, "a container needs an image", "set kubeflow.image")
    if not container.command and not container.args:
        # v2/component/launcher_v2.go, NewLauncherV2; the image's own entry point is never run
        yield Violation(where, "command and arguments are empty", "write the command")
    if container.HasField("lifecycle"):
        # No file of the driver reads container.lifecycle: preCacheCheck is Vertex AI's.
        yield Violation(
            where,
            "its lifecycle hook (preCacheCheck: a TFX driver, such as a stock ExampleGen's) is silently not run",
            _OWN_STEP,
        )
    for variable in container.env:
        if not variable.name or "=" in variable.name or "\0" in variable.name:
            yield Violation(where, f"no environment variable can be called {variable.name!r}", "rename it")


def _of_task(where: str, task: Any, component: Any, compiled: Compiled) -> Iterator[Violation]:
    executor = compiled.deployment.executors.get(component.executor_label)
    if executor is not None and executor.WhichOneof("spec") == "importer" and task.trigger_policy.condition:
        yield Violation(where, "triggerPolicy.condition on importer task is not supported", "leave the condition out")
    if task.HasField("retry_policy") and task.retry_policy.max_retry_count > 0:
        yield from _of_retries(where, task.retry_policy)


def _of_retries(where: str, policy: Any) -> Iterator[Violation]:
    """argocompiler/container.go passes the policy on to Argo (argo-workflows, workflow/controller/operator.go,
    processNodeRetries), which reads the factor as a whole number, and gives up `maxDuration` after the FIRST attempt
    began: it is no limit of one waiting. A missing maxDuration arrives as 0.
    """
    if not float(policy.backoff_factor).is_integer():
        yield Violation(
            where,
            f"Argo cannot read the back-off factor {policy.backoff_factor}",
            "write a whole number (retries.factor)",
        )
    if policy.backoff_max_duration.seconds <= 0:
        yield Violation(
            where,
            "without backoffMaxDuration Argo's limit is 0 s after the first attempt began, and nothing is tried again",
            "set backoffMaxDuration to more than all attempts together may last",
        )


def _same_container(compiled: Compiled, used: set[str]) -> Iterator[Violation]:
    """argocompiler/argo.go keeps component and container under a hash of the container alone (saveProtoToArguments):
    of components with equal containers the first one's inputs and outputs serve for all.
    """
    by_container: dict[str, dict[str, Any]] = defaultdict(dict)
    for _, task, component in tasks(compiled):
        if component.executor_label in used:
            executor = compiled.deployment.executors[component.executor_label]
            if executor.WhichOneof("spec") == "container":
                key = executor.container.SerializeToString(deterministic=True)
                by_container[key][task.component_ref.name] = _interface(component)
    for components in by_container.values():
        first = next(iter(components.values()))
        others = [name for name, interface in components.items() if interface != first]
        if others:
            yield Violation(
                f"components {', '.join(sorted(components))}",
                "their containers are the same, so that the backend takes one's inputs and outputs for the other's",
                "let their commands differ",
            )


def _interface(component: Any) -> dict[str, Any]:
    return {key: value for key, value in to_json(component).items() if key != "executorLabel"}
