from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from components.errors import ConfigError, DataError
from components.example_gen.rows import Row
from components.example_gen.settings import DataSettings, LabelSettings, Serving
from components.example_gen.sources import registry

LABELS = LabelSettings()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working directory with three spans and a test file in it."""
    monkeypatch.chdir(tmp_path)
    for name in ("span-1.csv", "span-2.csv", "span-3.csv", "test.csv"):
        (tmp_path / name).write_text(f"text,label\n{name},pos\n")
    return tmp_path


def read(data, labels, file) -> list[Any]:
    return list(registry.read(data, labels, file))


def listed(**settings):
    files = registry.list_files(DataSettings(source="files", **settings))
    return [(file.path, file.span, file.role, file.official) for file in files]


@pytest.mark.usefixtures("folder")
def test_window_of_spans_and_the_one_before_the_newest():
    path = "span-{SPAN}.csv"
    assert listed(path=path) == [("span-3.csv", 3, "examples", None), ("span-2.csv", 2, "previous", None)]
    assert listed(path=path, window=2) == [("span-2.csv", 2, "examples", None), ("span-3.csv", 3, "examples", None)]
    assert listed(path=path, span=1) == [("span-1.csv", 1, "examples", None)]


@pytest.mark.usefixtures("folder")
def test_test_split_from_the_newest_span():
    assert listed(path="span-{SPAN}.csv", window=3, test_span="newest") == [
        ("span-1.csv", 1, "examples", "train"),
        ("span-2.csv", 2, "examples", "train"),
        ("span-3.csv", 3, "examples", "test"),
    ]
    with pytest.raises(ConfigError, match=r"data\.test_span is newest, but data\.path 'span-1\.csv' has no \{SPAN\}"):
        listed(path="span-1.csv", test_span="newest")


@pytest.mark.usefixtures("folder")
def test_test_split_from_files_of_its_own():
    assert listed(path="span-*.csv", test_path="t*.csv") == [
        ("span-1.csv", None, "examples", "train"),
        ("span-2.csv", None, "examples", "train"),
        ("span-3.csv", None, "examples", "train"),
        ("test.csv", None, "examples", "test"),
    ]
    with pytest.raises(DataError, match=r"test\.csv is matched by data\.path '\*\.csv' and by data\.test_path"):
        listed(path="*.csv", test_path="test.csv")
    with pytest.raises(DataError, match=r"data\.test_path 'gone\.csv' matches no file"):
        listed(path="*.csv", test_path="gone.csv")


def test_what_users_sent_has_columns_of_its_own_and_no_label(folder):
    (folder / "sent.jsonl").write_text('{"query": "hello"}\n')
    serving = Serving("sent.jsonl", text="query")
    data = DataSettings(source="files", path="test.csv", serving=serving)
    files = registry.checked_files(data, LABELS)
    assert [(file.path, file.role) for file in files] == [("test.csv", "examples"), ("sent.jsonl", "serving")]
    assert registry.divide(data, files) == [[files[0]], [files[1]]]
    assert read(data, LABELS, files[1]) == [Row("sent.jsonl", 1, "hello", None)]
    missing = DataSettings(source="files", path="test.csv", serving=Serving("gone.jsonl"))
    with pytest.raises(DataError, match=r"data\.serving\.path 'gone\.jsonl' matches no file"):
        registry.list_files(missing)
    wrong = DataSettings(source="files", path="test.csv", serving=Serving("sent.jsonl"))
    with pytest.raises(DataError, match=r"sent\.jsonl:1: there is no column 'text' \(data\.serving\.text\)"):
        registry.checked_files(wrong, LABELS)


def test_previous_span_is_checked_and_said_to_be(folder):
    (folder / "span-2.csv").write_text("text,stars\na,5\n")
    with pytest.raises(DataError, match=r"(?s)span-2\.csv:1: there is no column 'label'.*newest span is compared with"):
        registry.check_source({"source": "files", "path": "span-{SPAN}.csv"}, {})
    registry.check_source({"source": "files", "path": "span-{SPAN}.csv", "span": "1"}, {})


def test_columns_of_flags(folder):
    (folder / "flags.csv").write_text("text,b,a\nboth,1,TRUE\nnone,0,false\nwrong,2,0\n")
    labels = LabelSettings(kind="multilabel", names=("anger", "boredom"))
    data = DataSettings(source="files", path="flags.csv", label=("a", "b"))
    [file] = registry.checked_files(data, labels)
    both, none, wrong = read(data, labels, file)
    assert (both.label, none.label) == (("anger", "boredom"), ())
    assert (wrong.line, wrong.reason) == (4, "unknown label")
    assert wrong.detail == "column 'b' holds '2'; 0, 1, true or false was expected"
    with pytest.raises(ConfigError, match=r"data\.label names 2 columns, but labels\.names has 3 names"):
        registry.checked_files(data, LabelSettings(kind="multilabel", names=("a", "b", "c")))
    with pytest.raises(ConfigError, match=r"needs labels\.kind multilabel"):
        registry.checked_files(data, LABELS)


def test_lists_of_labels_and_pairs(folder):
    rows = [{"a": "one", "b": "two", "labels": ["x", 1, True]}, {"a": "one", "b": "two", "labels": []}]
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    labels = LabelSettings(kind="multilabel", names=("x", "1"))
    data = DataSettings(source="files", path="rows.jsonl", text="a", text_pair="b", label="labels")
    [file] = registry.checked_files(data, labels)
    assert read(data, labels, file) == [
        Row("rows.jsonl", 1, "one", ("x", "1", "1"), "two"),
        Row("rows.jsonl", 2, "one", (), "two"),
    ]


@pytest.mark.usefixtures("folder")
def test_format_is_told_by_each_name_or_by_the_settings():
    for name, content in {"a.tsv": "text\tlabel\na, b\tpos\n", "b.txt": "text|label\na, b|pos\n"}.items():
        Path(name).write_text(content)
    for data in (
        DataSettings(source="files", path="a.tsv"),
        DataSettings(source="files", path="a.tsv", format="tsv"),
        DataSettings(source="files", path="b.txt", delimiter="|"),
    ):
        [file] = registry.checked_files(data, LABELS)
        assert [(row.text, row.label) for row in read(data, LABELS, file)] == [("a, b", "pos")]
    with pytest.raises(ConfigError, match=r"b\.txt: the name does not tell the format"):
        registry.check_source({"source": "files", "path": "b.txt"}, {})
    with pytest.raises(ConfigError, match=r"data\.format 'excel' is unknown"):
        registry.check_source({"source": "files", "path": "b.txt", "format": "excel"}, {})


def test_file_that_goes_after_the_check_is_damage(folder):
    data = DataSettings(source="files", path="test.csv")
    [file] = registry.checked_files(data, LABELS)
    (folder / "test.csv").unlink()
    [row] = read(data, LABELS, file)
    assert row.reason == "damaged file"


def test_files_of_no_span_say_so(folder):
    serving = Serving("span-1.csv", format="csv")
    data = DataSettings(source="files", path="span-{SPAN}.csv", test_path="test.csv", serving=serving)
    files = registry.list_files(data)
    assert [(file.path, file.span, file.role) for file in files] == [
        ("span-3.csv", 3, "examples"),
        ("span-2.csv", 2, "previous"),
        ("test.csv", None, "examples"),
        ("span-1.csv", None, "serving"),
    ]
    [plain] = registry.list_files(DataSettings(source="files", path="test.csv"))
    assert plain.span is None


def test_the_same_file_by_another_path_is_not_tested_on(folder):
    (folder / "link.csv").symlink_to("test.csv")
    for test_path in (str(folder / "test.csv"), f"../{folder.name}/test.csv", "./test.csv", "link.csv"):
        with pytest.raises(DataError, match=r"is matched by data\.path 't\*\.csv' and by data\.test_path"):
            listed(path="t*.csv", test_path=test_path)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("path", ["span-{SPAN}.csv", "{YYYY}-{MM}-{DD}.csv", "a-v{VERSION}.csv", "{YYYY}.csv"])
def test_places_stand_in_data_path_alone(path):
    with pytest.raises(ConfigError, match=r"data\.test_path .* takes no \{SPAN\}.*set data\.test_span: newest"):
        listed(path="test.csv", test_path=path)
    with pytest.raises(ConfigError, match=r"data\.serving\.path .* takes no \{SPAN\}.*; name its files$"):
        listed(path="test.csv", serving=Serving(path))


def test_name_that_is_no_utf8_is_shown_by_its_numbers(folder):
    path = folder / "caf\udce9.csv"
    try:
        path.write_text("text,label\na,pos\nb\n")
    except OSError:
        pytest.skip("the file system takes no such name")
    data = DataSettings(source="files", path="caf*.csv")
    [file] = registry.checked_files(data, LABELS)
    good, bad = read(data, LABELS, file)
    assert good.file == bad.file == file.name == "caf\\udce9.csv"
    path.write_text("review,label\n")
    with pytest.raises(DataError, match=r"^caf\\udce9\.csv:1: there is no column"):
        registry.checked_files(data, LABELS)
