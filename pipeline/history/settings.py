"""The settings that a past run had: as it recorded them, or else as its steps were given them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from components.fetch.addresses import without_secrets
from pipeline.history.record import Record
from pipeline.run_store import StoredRun

Settings = dict[str, Any]
"""Sections of a configuration, as plain values."""

# What steps are given beside settings.
_NO_SETTINGS = ("digest",)
_OF_TRAINER = ("training", "decisions", "tracking")


def recorded_settings(record: Record) -> Settings:
    """The configuration in a run's own record; empty where it keeps none."""
    return _mapping(record.get("config"))


def executed_settings(stored: StoredRun | None) -> Settings:
    """What the parameters of a run's executions tell of its settings: those that a step reads, of the steps that began.

    `data.span` is then the span that was read, where the configuration may say the latest.
    """
    ingested, trained = parameter(stored, "TextExampleGen", "encoder"), _custom_config(stored, "Trainer")
    transformed = _custom_config(stored, "Transform")
    push = _mapping(parameter(stored, "Pusher", "push_destination"))
    read = {
        "data": _mapping(parameter(stored, "TextExampleGen", "data")),
        "labels": _mapping(parameter(stored, "TextExampleGen", "labels"))
        | _mapping(parameter(stored, "Evaluator", "labels")),
        "encoder": _mapping(ingested) | _mapping(transformed.get("encoder")) | _mapping(trained.get("encoder")),
        **{section: _mapping(trained.get(section)) for section in _OF_TRAINER},
        "gates": _mapping(parameter(stored, "Evaluator", "gates")),
        "serving": _mapping(parameter(stored, "ServingCheck", "settings")),
        "push": {"folder": folder} if (folder := _base_folder(push)) else {},
    }
    return {
        section: without_secrets({key: value for key, value in values.items() if key not in _NO_SETTINGS})
        for section, values in read.items()
        if values
    }


def code_digests(stored: StoredRun | None) -> dict[str, str]:
    """The fingerprint of the code that each step ran, by its name, of the steps that have one."""
    found: dict[str, str] = {}
    for execution in stored.executions if stored else []:
        code = parameter(stored, execution.step, "code") or _custom_config(stored, execution.step).get("code")
        if isinstance(code, str):
            found[execution.step] = code
    return found


def parameter(stored: StoredRun | None, step: str, name: str) -> Any:
    """A parameter of a step's execution, parsed where it is JSON; None where there is none."""
    execution = stored.execution(step) if stored else None
    value = execution.parameters.get(name) if execution else None
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Each setting by its dotted key; a list is one value, and so is an empty section."""
    for key, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _custom_config(stored: StoredRun | None, step: str) -> Settings:
    return _mapping(parameter(stored, step, "custom_config"))


def _base_folder(push: Settings) -> str | None:
    """The folder in a tfx PushDestination, whose JSON is written in either way of protobuf."""
    system = _mapping(push.get("filesystem"))
    folder = system.get("base_directory") or system.get("baseDirectory")
    return folder if isinstance(folder, str) else None


def _mapping(value: Any) -> Settings:
    return value if isinstance(value, dict) else {}
