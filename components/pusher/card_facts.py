"""Gathers what the model card tells: from the artifacts of a run, each of which may be missing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from importlib import metadata
from typing import Any

from tfx.dsl.io import fileio
from tfx.types import artifact, standard_component_specs

from components.evaluator.verdict import VERDICT_FILE
from components.example_gen.files import SUMMARY_FILE
from components.pusher.model_card import Facts
from components.serving_check.check import REPORT_FILE
from components.signatures import DECISIONS_FILE
from components.trainer.files import HISTORY_FILE

_MADE_WITH = ("bertline", "tfx", "tensorflow", "tensorflow-text")
_NO_VERDICT = {"metrics": {"overall": {"example_count": 0}}}


def gather(inputs: Mapping[str, list[artifact.Artifact]], model: str, task: Mapping[str, Any], run: str) -> Facts:
    """What is known of the model that is about to be published.

    Args:
        inputs: Pusher's.
        model: the SavedModel's folder.
        task: what the pipeline was configured with.
        run: the run's id.
    """

    def left(key: str, name: str) -> dict[str, Any] | None:
        return _read_json(f"{inputs[key][0].uri}/{name}") if inputs.get(key) else None

    return Facts(
        task=task,
        verdict=left(standard_component_specs.MODEL_BLESSING_KEY, VERDICT_FILE) or _NO_VERDICT,
        decisions=_read_json(f"{model}/{DECISIONS_FILE}"),
        training=left("model_run", HISTORY_FILE),
        rows=left("quarantine", SUMMARY_FILE),
        serving=left(standard_component_specs.INFRA_BLESSING_KEY, REPORT_FILE),
        run=run,
        date=datetime.now(timezone.utc).date().isoformat(),
        versions=dict(_versions()),
    )


def _versions() -> Iterator[tuple[str, str]]:
    """By name. What runs from its folder is no distribution, and no reason to stop a push."""
    for name in _MADE_WITH:
        try:
            yield name, metadata.version(name)
        except metadata.PackageNotFoundError:  # noqa: PERF203
            continue


def _read_json(path: str) -> dict[str, Any] | None:
    """The JSON object in a file, or None where there is no file."""
    if not fileio.exists(path):
        return None
    with fileio.open(path) as file:
        return json.loads(file.read())
