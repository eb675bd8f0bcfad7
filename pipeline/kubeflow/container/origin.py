"""What the place of an artifact says of where it is from."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from pipeline.kubeflow.container.mounts import local_path
from pipeline.steps import State, Step

_PARTS = 5


@dataclasses.dataclass(frozen=True)
class Origin:
    """Which step of which run made an artifact, as which of its outputs."""

    pipeline: str
    run_id: str
    step: str
    output: str


def origin(place: str) -> Origin:
    """Reads the URI of an artifact, or its local path: ROOT/PIPELINE/RUN/TASK/SALT/OUTPUT.

    So KFP's driver makes them (backend/src/v2/driver/driver.go, provisionOutputs; v2/metadata/client.go,
    GenerateOutputURI). Raises ValueError where it is none of these.
    """
    parts = place.rstrip("/").split("/")[-_PARTS:]
    if len(parts) < _PARTS or not all(parts):
        raise ValueError(f"{place} is no artifact of a step: it is not ROOT/PIPELINE/RUN/TASK/SALT/OUTPUT")
    pipeline, run_id, step, _, output = parts
    return Origin(pipeline, run_id, step, output)


def own_origin(executor_input: Mapping[str, Any]) -> Origin:
    """Which step of which run is given this ExecutorInput. Raises ValueError where it has no output artifact."""
    for several in executor_input.get("outputs", {}).get("artifacts", {}).values():
        return origin(several["artifacts"][0]["uri"])
    raise ValueError("the step has no output artifact, which would tell the run")


def steps_behind(executor_input: Mapping[str, Any]) -> list[Step]:
    """The steps whose outputs are this one's inputs, with these outputs' local paths; their times only KFP knows."""
    outputs: dict[str, dict[str, str]] = {}
    for several in executor_input.get("inputs", {}).get("artifacts", {}).values():
        place = several["artifacts"][0]["uri"]
        made = origin(place)
        outputs.setdefault(made.step, {})[made.output] = local_path(place)
    return [Step(step, State.DONE, seconds=None, outputs=found) for step, found in outputs.items()]
