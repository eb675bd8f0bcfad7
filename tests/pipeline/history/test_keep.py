from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from components.errors import ConfigError
from pipeline.history.keep import LAST, kept_runs, push_folders
from pipeline.verdict import stopped


def runs(count: int, folder: str | None = None) -> list[Any]:
    """Past runs, oldest first, none of which published anything."""
    record = {"config": {"push": {"folder": folder}}}
    return [
        SimpleNamespace(
            run=SimpleNamespace(run_id=f"run-{place}"), stored=None, outcome=stopped("x"), record=record, damage=None
        )
        for place in range(count)
    ]


@pytest.mark.parametrize("count", range(5))
@pytest.mark.parametrize("keep", range(12))
def test_the_last_stay_however_few_there_are(count, keep):
    stored: Any = None
    kept = kept_runs(runs(count), stored, keep, [])
    assert kept == {f"run-{place}": LAST for place in range(count)[max(0, count - keep) :]}


def test_a_push_folder_that_is_not_there_may_hold_what_is_served(tmp_path):
    past = [*runs(1, str(tmp_path / "gone")), *runs(1, str(tmp_path))]
    with pytest.raises(ConfigError, match=r"push folder .*gone is not there"):
        push_folders(tmp_path, past)
    assert push_folders(tmp_path, past[1:]) == [tmp_path / "served", tmp_path]


def test_a_served_version_that_cannot_be_read_is_no_reason_to_forget_its_run(tmp_path, monkeypatch):
    def denied(folder):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pipeline.history.keep.model_digest", denied)
    stored: Any = None
    with pytest.raises(ConfigError, match="cannot be read \\(Permission denied\\)"):
        kept_runs(runs(1), stored, 1, [tmp_path / "7"])
