from __future__ import annotations

import pytest

from components.errors import DataError
from components.fetch import files
from components.fetch.catalogue import LocalFile
from components.fetch.files import locked
from components.fetch.retrieve import retrieve
from tests.components.fetch.holders import held_elsewhere


def test_waiting_for_another_process_is_said(tmp_path):
    source = tmp_path / "train.csv"
    source.write_bytes(b"a,b\n")
    target = tmp_path / "data" / "train.csv"
    said = []
    with held_elsewhere(target) as end_it:

        def say(text):
            said.append(text)
            end_it()

        assert retrieve(LocalFile("train.csv", source), target.parent, say).fetched
    assert said == [f"another process is fetching {target}: waiting for it, 10 minutes at most"]


def test_nobody_waits_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_PATIENCE", 0.05)
    item = LocalFile("a", tmp_path / "a")
    with (
        held_elsewhere(tmp_path / "a"),
        pytest.raises(DataError, match=r"still fetching .*; try again when it is done"),
    ):
        retrieve(item, tmp_path)


def test_a_failure_inside_frees_the_file(tmp_path):
    said = []
    with pytest.raises(ValueError, match="broken"), locked(tmp_path / "a", said.append):
        raise ValueError("broken")
    with held_elsewhere(tmp_path / "a"):
        assert said == []
