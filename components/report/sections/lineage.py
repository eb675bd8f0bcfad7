"""Where the run came from: data, configuration, encoder, code, and what it left."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import yaml

from components.example_gen.files import SUMMARY_FILE
from components.fingerprint import json_digest
from components.page.tables import Table
from components.report import words
from components.report.files import read_json
from components.report.section import Section
from components.report.told import NotThereError, Told

TITLE = "Lineage"
_DIGITS = 12  # of a digest that are shown
_NOT_NOTED = "Nobody noted the configuration of this run."


def measure(run: Told) -> dict[str, Any]:
    """Settings, digests and addresses."""
    return {
        "config": dict(run.config),
        "config_digest": json_digest(dict(run.config)) if run.config else None,
        "outside": dict(run.record.get("outside") or {}),
        "code": dict(run.record.get("code") or {}),
        "versions": dict(run.record.get("versions") or {}),
        "spans": _spans(run),
        "artifacts": {step.name: dict(step.outputs) for step in run.steps if step.outputs},
        "published": run.folder,
    }


def show(numbers: Mapping[str, Any]) -> Section:
    """What the run depended on, and where its results lie."""
    tables = [("What the run depended on", Table(("", ""), tuple(_facts(numbers)), names=2))]
    if numbers["code"]:
        rows = tuple((step, digest[:_DIGITS]) for step, digest in numbers["code"].items())
        tables.append(("Digests of the code of each step", Table(("step", "code"), rows, names=2)))
    if numbers["artifacts"]:
        artifacts = tuple(
            (step, key, uri) for step, outputs in numbers["artifacts"].items() for key, uri in outputs.items()
        )
        tables.append(("What the steps left", Table(("step", "output", "where"), artifacts, names=3)))
    if not numbers["config"]:
        return Section(notes=(_NOT_NOTED,), tables=tuple(tables))
    dumped = yaml.safe_dump(numbers["config"], sort_keys=False, allow_unicode=True, width=100)
    return Section(tables=tuple(tables), folded=("The whole configuration", dumped))


def _spans(run: Told) -> dict[str, int]:
    """Examples by the span that they are of; none where the data has no spans, or is not there."""
    with contextlib.suppress(NotThereError, OSError, ValueError):
        spans = read_json(run.output("TextExampleGen", "quarantine"), SUMMARY_FILE).get("spans", {})
        return dict(spans) if set(spans) != {"0"} else {}
    return {}


def _facts(numbers: Mapping[str, Any]) -> list[tuple[str, str]]:
    config, outside = numbers["config"], numbers["outside"]
    data, encoder = config.get("data") or {}, config.get("encoder") or {}
    span = outside.get("span")
    spans = ", ".join(f"{span}" for span in numbers["spans"])
    facts = [
        ("data", " ".join(filter(None, (data.get("source"), data.get("path"))))),
        ("span", "" if span is None else str(span)),
        ("spans among the examples", spans),
        ("data digest", _digest(outside.get("data"))),
        ("schema", config.get("schema") or config.get("schema_file") or ""),
        ("encoder", encoder.get("handle", "")),
        ("encoder digest", _digest(outside.get("encoder"))),
        ("served model before", _digest(outside.get("served"))),
        ("configuration digest", _digest(numbers["config_digest"])),
        ("published to", numbers["published"] or ""),
        *((f"version of {name}", version) for name, version in numbers["versions"].items()),
    ]
    return [(name, words.told(value)) for name, value in facts if value]


def _digest(value: str | None) -> str:
    return "" if not value else value[:_DIGITS]
