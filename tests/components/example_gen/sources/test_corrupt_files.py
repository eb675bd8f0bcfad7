"""Corrupt files: no row vanishes, every bad one is named with line and reason, and no other error comes up."""

from __future__ import annotations

import itertools

import pytest

from components.errors import BertlineError
from components.example_gen.rows import BadRow, Candidate, examine
from components.example_gen.settings import DataSettings, LabelSettings
from components.example_gen.sources import registry
from tests.components.example_gen import corpus

LABELS = LabelSettings()


@pytest.fixture(params=corpus.cases(), ids=lambda case: case.name)
def case(request):
    return request.param


def _results(case, folder):
    data = DataSettings(source="files", path=str(case.write(folder)), **case.settings)
    [file] = registry.checked_files(data, LABELS)
    rows = registry.read(data, LABELS, file)
    return [row if isinstance(row, BadRow) else examine(row, data, LABELS) for row in rows]


def test_every_row_is_accounted_for(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if case.refused:
        with pytest.raises(BertlineError, match=case.refused) as refusal:
            _results(case, tmp_path)
        assert len(str(refusal.value)) < 1000
        return
    results = _results(case, tmp_path)
    usable = sum(isinstance(result, Candidate) for result in results)
    bad = [(result.line, result.reason) for result in results if isinstance(result, BadRow)]
    assert usable + len(bad) == len(results)
    if case.usable < 0:
        assert [reason for reason, _ in itertools.groupby(reason for _, reason in bad)] == [r for _, r in case.bad]
    else:
        assert (usable, bad) == (case.usable, list(case.bad))
