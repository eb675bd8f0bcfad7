"""A stand-in for what draws a run's report."""

from __future__ import annotations

import json
import sys
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture
def drawn(monkeypatch) -> list[Any]:
    """What `pipeline.reporting.write_report` is given, in place of which two small files are written."""
    given = []

    def write_report(run, outcome, record, destination):
        given.append((run, outcome, record, destination))
        destination.with_suffix(".json").write_text(json.dumps({"verdict": outcome.verdict.value}))
        destination.write_text(f"<html>{outcome.sentence}</html>")
        return destination

    replace(monkeypatch, write_report)
    return given


@pytest.fixture
def not_drawn(monkeypatch) -> None:
    """No report can be drawn."""

    def write_report(*_):
        raise ValueError("no font")

    replace(monkeypatch, write_report)


def replace(monkeypatch, write_report) -> None:
    module = ModuleType("pipeline.reporting")
    module.write_report = write_report  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setitem(sys.modules, "pipeline.reporting", module)
