from __future__ import annotations

from pathlib import Path

import pytest

from components.errors import ConfigError, DataError
from components.example_gen.rows import BadRow, Row
from components.example_gen.settings import DataSettings, LabelSettings
from components.example_gen.sources import registry, toxic
from tests.fresh_process import heavy_imports


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working directory with three files in it."""
    monkeypatch.chdir(tmp_path)
    for name in ("data/b.csv", "data/a.csv", "data/deep/c.csv", "data/notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"text,label\n{path.stem},pos\n")
    return tmp_path


def names(path):
    return [file.name for file in registry.list_files(DataSettings(source="files", path=path))]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("data/a.csv", ["data/a.csv"]),
        ("data/*.csv", ["data/a.csv", "data/b.csv"]),
        ("data/[b-z].csv", ["data/b.csv"]),
        ("data/**/*.csv", ["data/a.csv", "data/b.csv", "data/deep/c.csv"]),
        ("*/deep/?.csv", ["data/deep/c.csv"]),
    ],
)
def test_files_are_matched_in_order_and_named_as_the_user_does(folder, path, expected):
    assert names(path) == expected
    assert names(str(folder / path)) == [str(folder / name) for name in expected]


def test_name_with_brackets_is_a_file_first(folder):
    (folder / "a[1].csv").write_text("text,label\n")
    assert names("a[1].csv") == ["a[1].csv"]


@pytest.mark.parametrize("path", ["gone.csv", "data/*.tsv", "nowhere/*.csv"])
def test_nothing_matched_names_key_value_and_working_directory(folder, path):
    with pytest.raises(DataError) as error:
        names(path)
    assert f"data.path {path!r} matches no file (seen from {folder})" in str(error.value)


def test_folder_is_told_how_to_name_its_files(folder):
    with pytest.raises(DataError, match=r"data\.path 'data' is a folder; .*'data/\*\.csv'"):
        names("data")


def test_home_is_expanded(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    assert names("~/data/a.csv") == [str(folder / "data/a.csv")]


def test_files_are_those_of_the_span(folder):
    for name in ("span-001/a.csv", "span-002/b.csv", "span-002/a.csv", "span-010/c.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("text,label\n")
    path = "span-{SPAN:3}/*.csv"
    assert names(path) == ["span-002/a.csv", "span-002/b.csv", "span-001/a.csv"]  # the last to compare with
    for span, expected in (("latest", 2), (1, 1)):
        data = registry.resolve(DataSettings(source="files", path=path, span=span))
        assert (data.path, data.span) == (path, expected)
        read = [file for file in registry.list_files(data) if file.role == "examples"]
        assert {Path(file.path).parent.name for file in read} == {f"span-00{expected}"}
    with pytest.raises(DataError, match=r"data\.span is 10, .* those that there are: 1, 2"):
        registry.check_source({"source": "files", "path": path, "span": 10}, {})


def test_settings_without_spans_are_resolved_as_they_are(folder):
    for data in (DataSettings(source="files", path="gone.csv"), DataSettings(source="embedded")):
        assert registry.resolve(data) == data


def test_every_file_is_checked(folder):
    (folder / "data" / "b.csv").write_text("text,stars\nb,5\n")
    with pytest.raises(DataError, match=r"data/b\.csv:1: there is no column 'label'"):
        registry.check_source({"source": "files", "path": "data/*.csv"}, {})


def test_rows_are_read_by_the_sources_reader(folder):
    data = DataSettings(source="files", path="data/a.csv")
    [file] = registry.list_files(data)
    assert list(registry.read(data, LabelSettings(), file)) == [Row("data/a.csv", 2, "a", "pos")]


def test_reviews_are_divided_by_their_number():
    files = [registry.SourceFile(str(number), str(number)) for number in range(2500)]
    assert [len(part) for part in registry.divide(DataSettings(source="imdb"), files)] == [1000, 1000, 500]
    assert registry.divide(DataSettings(source="files"), []) == []


def test_small_files_are_put_together(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "_PIECE_BYTES", 100)
    monkeypatch.setattr(registry, "_PIECE_FILES", 5)
    sizes = [60, 40, 1, 200, 3, *[1] * 7]
    for number, size in enumerate(sizes):
        (tmp_path / f"{number}.csv").write_bytes(b"x" * size)
    files = [registry.SourceFile(f"{number}", str(tmp_path / f"{number}.csv")) for number in range(len(sizes))]
    sent = [file._replace(role="serving") for file in files[-2:]]
    pieces = registry.divide(DataSettings(source="files"), [*files, *sent])
    assert [[int(file.name) for file in piece] for piece in pieces] == [
        [0, 1],
        [2],
        [3],
        [4, 5, 6, 7, 8],
        [9, 10, 11],
        [10, 11],
    ]
    assert {file.role for file in pieces[-1]} == {"serving"}
    gone = [registry.SourceFile("gone", str(tmp_path / "gone.csv"))]
    assert registry.divide(DataSettings(source="files"), gone) == [gone]


def test_each_url_is_a_piece_of_its_own():
    files = [registry.SourceFile(url, url) for url in ("gs://b/1.csv", "gs://b/2.csv")]
    assert registry.divide(DataSettings(source="files"), files) == [[files[0]], [files[1]]]


def test_places_that_cannot_be_looked_at_are_refused(tmp_path):
    for source in ("files", "imdb", "quora", "toxic"):
        with pytest.raises(DataError, match=r"~nosuchuser/x: there is no such home folder"):
            registry.list_files(DataSettings(source=source, path="~nosuchuser/x"))
        with pytest.raises(DataError, match="File name too long"):
            registry.list_files(DataSettings(source=source, path=str(tmp_path / ("x" * 300))))


def test_what_breaks_off_after_some_rows_says_where(folder, monkeypatch):
    def broken(*_):
        yield Row("data/a.csv", 7, "a", "pos")
        raise DataError("it cannot be reached")

    monkeypatch.setitem(registry._SOURCES, "files", registry._SOURCES["files"]._replace(read=broken))
    data = DataSettings(source="files", path="data/a.csv")
    *_, last = registry.read(data, LabelSettings(), registry.SourceFile("data/a.csv", "data/a.csv"))
    assert isinstance(last, BadRow)
    assert (last.line, last.reason, last.detail) == (7, "damaged file", "it cannot be reached")


@pytest.mark.parametrize("data", [{"source": "excel"}, {"source": "files"}, {"source": "imdb", "path": ""}])
def test_bad_settings(data):
    with pytest.raises(ConfigError, match=r"data\.(source|path)"):
        registry.check_source(data, {})


def test_labels_of_the_source_need_names():
    with pytest.raises(ConfigError, match=r"'neg' is none of bad, good; add it to labels\.names or labels\.aliases"):
        registry.check_source({"source": "embedded"}, {"names": ["bad", "good"]})


def test_labels_of_the_source_may_be_aliases():
    labels = {"names": ["bad", "good"], "aliases": {"neg": "bad", "pos": "good"}}
    registry.check_source({"source": "embedded"}, labels)


def test_checks_and_fingerprints_import_nothing_heavy():
    assert heavy_imports("import components.example_gen.sources.registry, components.example_gen.fingerprint") == set()


@pytest.mark.parametrize(
    ("source", "kind", "names"), [("embedded", "multilabel", ["neg", "pos"]), ("toxic", "multiclass", toxic.LABELS)]
)
def test_kind_of_labels_is_the_sources(source, kind, names):
    with pytest.raises(ConfigError, match=rf"data\.source {source} has .*, but labels\.kind is {kind}; set it to"):
        registry.check_source({"source": source, "path": "."}, {"kind": kind, "names": list(names)})


def test_every_named_source_is_read_through_the_registry(folder):
    (folder / "train.csv").write_text("qid,question_text,target\n1,Why?,1\n")
    labels = LabelSettings(names=("sincere", "insincere"), aliases={"0": "sincere", "1": "insincere"})
    data = DataSettings(source="quora", path=str(folder))
    [file] = registry.checked_files(data, labels)
    assert list(registry.read(data, labels, file)) == [Row(str(folder / "train.csv"), 2, "Why?", "1")]
