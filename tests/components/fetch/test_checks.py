from __future__ import annotations

import hashlib
import json

import pytest

from components.errors import DataError
from components.fetch.catalogue import KaggleFile, LocalFile, Official, WebFile
from components.fetch.checks import difference, forget, note, noted
from components.fetch.retrieve import retrieve

CONTENT = b"qid,question_text,target\n"


def test_what_was_fetched_is_noted_and_forgotten(tmp_path):
    target = tmp_path / "a.csv"
    assert noted(target) == Official()
    target.write_bytes(CONTENT)
    note(target)
    assert noted(target) == Official(size=len(CONTENT), md5=hashlib.md5(CONTENT).hexdigest())
    forget(target)
    forget(target)
    assert noted(target) == Official()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"size": "x", "md5": "1"}', json.dumps({"size": 1})])
def test_a_broken_note_tells_nothing(tmp_path, text):
    (tmp_path / ".a.csv.fetched.json").write_text(text)
    assert noted(tmp_path / "a.csv") == Official()


def test_what_is_called_zip_must_be_one(tmp_path):
    (tmp_path / "a").write_bytes(CONTENT)
    assert difference(tmp_path / "a", Official(), "a.csv.zip") == "is no zip file"
    assert difference(tmp_path / "a", Official(), "a.csv") is None


def test_a_file_that_has_changed_since_is_named_and_left(host, tmp_path):
    host.files["/train.csv"] = CONTENT
    item = WebFile("train.csv", f"{host.url}/train.csv")
    target = tmp_path / "train.csv"
    assert retrieve(item, tmp_path) == (target, True, True)
    assert retrieve(item, tmp_path) == (target, False, False)
    target.write_bytes(CONTENT[:-1])
    for again in (item, KaggleFile("some-competition", ("train.csv",))):
        with pytest.raises(DataError, match=r"train\.csv has 24 bytes and not 25: .*delete it to fetch it again"):
            retrieve(again, tmp_path)
    assert target.read_bytes() == CONTENT[:-1]
    target.unlink()
    assert retrieve(item, tmp_path).fetched


def test_a_copy_that_replaces_a_download_is_noted_as_such(host, tmp_path):
    host.files["/train.csv"] = CONTENT
    retrieve(WebFile("train.csv", f"{host.url}/train.csv"), tmp_path / "data")
    (tmp_path / "data" / "train.csv").unlink()
    (tmp_path / "train.csv").write_bytes(CONTENT * 2)
    item = LocalFile("train.csv", tmp_path / "train.csv")
    assert retrieve(item, tmp_path / "data") == (tmp_path / "data" / "train.csv", True, False)
    assert not retrieve(item, tmp_path / "data").fetched


def test_a_local_file_that_cannot_be_read_is_said(tmp_path):
    item = LocalFile("train.csv", tmp_path / "gone.csv", Official(1, md5="0" * 32))
    with pytest.raises(DataError, match=r"gone\.csv cannot be read \(No such file or directory\); check its rights"):
        retrieve(item, tmp_path / "data")
