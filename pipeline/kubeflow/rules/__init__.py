"""What open-source Kubeflow Pipelines rejects, or takes and then does otherwise than written: said before anything
is submitted or run.

Each rule's docstring or comment names the source file of the backend that it is read from; paths without a repository
are below `backend/src` of kubeflow/pipelines. The rules hold for every version of the backend at once: what only some
versions can run is refused.
"""

from __future__ import annotations

from pipeline.kubeflow.document import Compiled
from pipeline.kubeflow.errors import KubeflowError
from pipeline.kubeflow.rules import executors, graph, inputs, kubernetes, pipeline, sizes, texts
from pipeline.kubeflow.rules.violation import Violation

__all__ = ["Violation", "check", "violations"]


def check(compiled: Compiled) -> None:
    """Refuses a pipeline that the open-source backend would reject or run otherwise than it is written.

    Raises:
        KubeflowError: names every violation: the task, component or executor, what the backend would say or do, and
            the remedy.
    """
    found = violations(compiled)
    if found:
        listed = "\n".join(f"  - {violation}" for violation in found)
        raise KubeflowError(f"{compiled.origin} cannot run on open-source Kubeflow Pipelines:\n{listed}")


def violations(compiled: Compiled) -> list[Violation]:
    """Every violation, in the order in which the backend would come upon them.

    A graph that does not hold together is told alone: what lies beyond it cannot be judged.
    """
    broken = [*pipeline.violations(compiled), *graph.violations(compiled)]
    if broken:
        return broken
    rooms = (executors, inputs, kubernetes, texts, sizes)
    return [violation for room in rooms for violation in room.violations(compiled)]
