from __future__ import annotations

from pathlib import Path

import pytest

from components.whole_file import write_whole


@pytest.mark.parametrize(("content", "left"), [("größer\n", "größer\n".encode()), (b"\xff\x00", b"\xff\x00")])
def test_a_file_is_there_whole_and_nothing_beside_it(tmp_path, content, left):
    (tmp_path / "file").write_text("before")
    write_whole(tmp_path / "file", content)
    assert (tmp_path / "file").read_bytes() == left
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_what_is_no_character_is_escaped(tmp_path):
    write_whole(tmp_path / "file", '"a\udc80"')
    assert (tmp_path / "file").read_text() == '"a\\udc80"'


def test_where_it_fails_what_was_there_stays_and_nothing_half_made(tmp_path, monkeypatch):
    def full(path, target):
        raise OSError(28, "No space left on device")

    (tmp_path / "file").write_text("before")
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(tmp_path / "file", "after")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("file", "before")]
