from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from components.errors import ConfigError, DataError
from components.example_gen.fingerprint import data_digest


@pytest.fixture
def folder(tmp_path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(f"text,label\n{name},pos\n")
    return tmp_path


def digest(folder, pattern="*.csv"):
    return data_digest({"source": "files", "path": str(folder / pattern)})


def test_changed_content_under_an_unchanged_name_and_time_changes_it(folder):
    before, status = digest(folder), (folder / "a.csv").stat()
    (folder / "a.csv").write_text("text,label\nA.csv,pos\n")
    os.utime(folder / "a.csv", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert (folder / "a.csv").stat().st_size == status.st_size
    assert digest(folder) != before


def test_more_files_change_it_and_files_that_do_not_match_do_not(folder):
    before = digest(folder)
    (folder / "notes.txt").write_text("hello")
    assert digest(folder) == before
    (folder / "c.csv").write_text("text,label\n")
    assert digest(folder) != before


def test_neither_place_nor_time_matters(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("elsewhere") / "data"
    shutil.copytree(folder, other)
    os.utime(other / "a.csv", (0, 0))
    assert digest(other) == digest(folder)
    assert digest(other, "a.csv") == digest(folder, "a.csv")


def test_imdb_tree(tmp_path):
    for name in ("train/neg", "train/pos", "test/neg", "test/pos", "train/unsup"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "1_1.txt").write_text(name)
    data = {"source": "imdb", "path": str(tmp_path)}
    before = data_digest(data)
    (tmp_path / "train/unsup/1_1.txt").write_text("other")
    assert data_digest(data) == before
    (tmp_path / "test/pos/1_1.txt").write_text("other")
    assert data_digest(data) != before


def test_embedded_data_has_one_digest():
    assert data_digest({"source": "embedded"}) == data_digest({"source": "embedded", "sample_fraction": 0.5})


@pytest.fixture
def spanned(tmp_path):
    for number in (1, 2):
        (tmp_path / f"span-{number}").mkdir()
        (tmp_path / f"span-{number}" / "a.csv").write_text("text,label\na,pos\n")
    return tmp_path


def span_digest(folder, span):
    return data_digest({"source": "files", "path": str(folder / "span-{SPAN}" / "*.csv"), "span": span})


def test_the_span_counts_though_its_files_are_equal(spanned):
    assert digest(spanned, "span-1/*.csv") == digest(spanned, "span-2/*.csv")
    assert span_digest(spanned, 1) != span_digest(spanned, 2)


def test_latest_and_its_number_are_the_same(spanned):
    before = span_digest(spanned, "latest")
    assert before == span_digest(spanned, 2) == span_digest(spanned, "2")
    (spanned / "span-3").mkdir()
    assert span_digest(spanned, "latest") == before
    (spanned / "span-3" / "a.csv").write_text("text,label\na,pos\n")
    assert span_digest(spanned, "latest") == span_digest(spanned, 3) != before
    assert span_digest(spanned, 2) == before


def test_a_span_is_the_same_wherever_it_lies(spanned, tmp_path_factory):
    other = tmp_path_factory.mktemp("elsewhere") / "data"
    shutil.copytree(spanned, other)
    assert span_digest(other, "latest") == span_digest(spanned, "latest")


def test_errors_are_those_of_the_span(spanned):
    with pytest.raises(DataError, match=r"data\.span is 7, .* those that there are: 1, 2"):
        span_digest(spanned, 7)
    with pytest.raises(ConfigError, match=r"has no \{SPAN\}"):
        data_digest({"source": "files", "path": str(spanned / "span-1" / "a.csv"), "span": 1})


def test_errors_are_those_of_the_source(folder):
    with pytest.raises(DataError, match=r"data\.path .* matches no file"):
        digest(folder, "*.tsv")
    with pytest.raises(ConfigError, match=r"data\.source 'excel' is unknown"):
        data_digest({"source": "excel"})


def test_file_that_cannot_be_read(folder, monkeypatch):
    def refuse(self, *_, **__):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError, match=r"a\.csv cannot be read \(Permission denied\)"):
        digest(folder)
