from __future__ import annotations

import pytest

from components import durable


def test_a_tree_is_synced_down_to_its_last_file(tmp_path, monkeypatch):
    (tmp_path / "folder" / "sub").mkdir(parents=True)
    (tmp_path / "folder" / "sub" / "file").write_text("x")
    synced, sync = [], durable.sync
    monkeypatch.setattr(durable, "sync", lambda path: (synced.append(path), sync(path)))
    durable.sync_tree(tmp_path / "folder")
    assert {path.name for path in synced} == {"folder", "sub", "file"}


def test_what_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        durable.sync(tmp_path / "none")
