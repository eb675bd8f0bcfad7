"""Windows of spans, versions, dates and URLs; what a single span is, is in test_select.py."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.errors import ConfigError, DataError
from components.example_gen import spans, storage
from components.example_gen.spans import Portion, reading


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Makes files in an empty working directory."""
    monkeypatch.chdir(tmp_path)

    def files(*names):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("text,label\n")

    return files


def numbers(path, span: int | str = "latest", window=1):
    selection = spans.select(path, span, window)
    return [portion.span for portion in selection.portions], selection.previous and selection.previous.span


def days(*dates):
    return [(datetime.date.fromisoformat(date) - datetime.date(1970, 1, 1)).days for date in dates]


def test_the_newest_is_last_and_has_all_its_files(make):
    make("1/b.csv", "1/a.csv", "2/a.csv", "10/a.csv", "10/b.csv", "10/c.txt")
    selection = spans.select("{SPAN}/*.csv", "latest", 2)
    assert selection.portions == (Portion(2, None, ("2/a.csv",)), Portion(10, None, ("10/a.csv", "10/b.csv")))
    assert selection.previous == selection.portions[0]


def test_a_window_is_of_spans_that_exist_up_to_the_one_asked_for(make):
    make("1.csv", "2.csv", "5.csv", "9.csv")
    assert numbers("{SPAN}.csv") == ([9], 5)
    assert numbers("{SPAN}.csv", window=3) == ([2, 5, 9], 5)
    assert numbers("{SPAN}.csv", window=99) == ([1, 2, 5, 9], 5)
    assert numbers("{SPAN}.csv", 5, 2) == ([2, 5], 2)
    assert numbers("{SPAN}.csv", "2") == ([2], 1)
    assert numbers("{SPAN}.csv", 1, 4) == ([1], None)
    with pytest.raises(DataError, match=r"data\.span is 3, .*; give one of those that there are: 1, 2, 5, 9"):
        spans.select("{SPAN}.csv", 3, 2)


def test_of_several_versions_the_highest_is_read(make):
    make("1/v1/a.csv", "1/v2/a.csv", "1/v10/a.csv", "1/v10/b.csv", "2/v3/a.csv", "3/vx/a.csv")
    selection = spans.select("{SPAN}/v{VERSION}/*.csv", "latest", 2)
    assert selection.portions == (Portion(1, 10, ("1/v10/a.csv", "1/v10/b.csv")), Portion(2, 3, ("2/v3/a.csv",)))
    assert numbers("{SPAN}/v{VERSION}/*.csv", 1) == ([1], None)


def test_versions_with_zeros(make):
    make("1-01.csv", "1-02.csv", "2-7.csv")
    with pytest.raises(DataError, match=r"but span 1, version 2, has 1-02\.csv, .* write \{VERSION:2\} if"):
        spans.select("{SPAN}-{VERSION}.csv", 1, 1)
    with pytest.raises(DataError, match=r"but span 2, version 7, has 2-7\.csv, .* write \{VERSION\} if"):
        spans.select("{SPAN}-{VERSION:2}.csv", "latest", 1)
    assert numbers("{SPAN}-{VERSION:2}.csv", 1) == ([1], None)


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("{YYYY}-{MM}-{DD}/*.csv", ["2026-11-19/a.csv", "2026-11-20/a.csv"]),
        ("{YYYY}{MM}{DD}.csv", ["20261119.csv", "20261120.csv"]),
        ("{DD}.{MM}.{YYYY}.csv", ["19.11.2026.csv", "20.11.2026.csv"]),
        ("{YYYY}/{MM}/{DD}/part-*.csv", ["2026/11/19/part-0001-of-0002.csv", "2026/11/20/part-1.csv"]),
        ("{YYYY}/{MM}/{YYYY}-{MM}-{DD}.csv", ["2026/11/2026-11-19.csv", "2026/11/2026-11-20.csv"]),
        ("log-{YYYY}{MM}{DD}*.csv", ["log-20261119T0500.csv", "log-202611201.csv"]),
        ("**/{YYYY}-{MM}-{DD}.csv", ["2026-11-19.csv", "a/b/2026-11-20.csv"]),
    ],
)
def test_dates(make, path, names):
    make(*names, "2026-13-01/a.csv", "20261301.csv", "1999/1/1/part-1.csv", "2026/11/2025-11-2.csv", "x-1-1.csv")
    assert numbers(path, window=2) == (days("2026-11-19", "2026-11-20"), days("2026-11-19")[0])
    assert numbers(path, "2026-11-19") == (days("2026-11-19"), None)
    assert numbers(path, days("2026-11-19")[0]) == (days("2026-11-19"), None)
    assert spans.select(path, "latest", 1).portions[0].paths == (names[1],)


def test_errors_of_dates_name_dates(make):
    make("2026-11-19.csv", "2026-11-20.csv")
    with pytest.raises(DataError, match=r"data\.span is 2026-11-18, .*those that there are: 2026-11-19, 2026-11-20$"):
        spans.select("{YYYY}-{MM}-{DD}.csv", "2026-11-18", 1)
    with pytest.raises(DataError, match=r"data\.span is 9007199254740991, "):
        spans.select("{YYYY}-{MM}-{DD}.csv", spans.LARGEST, 1)
    with pytest.raises(DataError, match="matches no file, whatever the span"):
        spans.select("{YYYY}.{MM}.{DD}.csv", "latest", 1)


def test_versions_of_dates(make):
    make("2026-11-19-v1.csv", "2026-11-19-v2.csv", "2026-11-20-v1.csv")
    selection = spans.select("{YYYY}-{MM}-{DD}-v{VERSION}.csv", "latest", 5)
    assert [(portion.version, portion.paths) for portion in selection.portions] == [
        (2, ("2026-11-19-v2.csv",)),
        (1, ("2026-11-20-v1.csv",)),
    ]


def test_zeros_matter_in_the_window_and_in_the_span_before_it(make):
    make("1.csv", "02.csv", "3.csv", "4.csv")
    assert spans.resolve_span("{SPAN}.csv", "latest") == 4
    assert numbers("{SPAN}.csv") == ([4], 3)
    for span, window in ((3, 1), (4, 3)):
        with pytest.raises(DataError, match=r"but span 2 has 02\.csv, which would be passed over"):
            spans.select("{SPAN}.csv", span, window)


def test_a_path_without_a_place_is_a_mistake_of_ours(make):
    with pytest.raises(ValueError, match="has no place for a span"):
        spans.select("a.csv", "latest", 1)
    with pytest.raises(ConfigError, match=r"has \{VERSION\}, but no span"):
        spans.select("{VERSION}.csv", "latest", 1)


def test_urls(monkeypatch):
    there = [f"gs://bucket/2026/day-{day}/part-{part}.csv" for day in ("003", "010") for part in (1, 2)]
    asked = []

    def find(pattern):
        asked.append(pattern)
        return there if pattern == "gs://bucket/2026/day-*/part-*.csv" else []

    monkeypatch.setattr(reading.storage, "find", find)
    selection = spans.select("gs://bucket/2026/day-{SPAN:3}/part-*.csv", "latest", 2)
    assert [portion.span for portion in selection.portions] == [3, 10]
    assert selection.portions[1].paths == tuple(there[2:])
    assert len(asked) == 1
    with pytest.raises(DataError) as error:
        spans.select("gs://bucket/none-{SPAN}.csv", "latest", 1)
    assert str(error.value) == "data.path 'gs://bucket/none-{SPAN}.csv' matches no file, whatever the span; correct it"


@settings(max_examples=30, deadline=None)
@given(
    there=st.sets(st.tuples(st.integers(0, 1200), st.integers(0, 30)), min_size=1, max_size=8), window=st.integers(1, 5)
)
def test_whatever_there_is_the_window_is_the_latest_of_it(there, window, tmp_path_factory):
    folder = tmp_path_factory.mktemp("spans")
    for span, version in there:
        (folder / f"{span:03}-{version}.csv").touch()
    path = f"{folder}/{{SPAN:3}}-{{VERSION}}.csv"
    selection = spans.select(path, "latest", window)
    expected = sorted({span for span, _ in there})
    assert [portion.span for portion in selection.portions] == expected[-window:]
    assert (selection.previous.span if selection.previous else None) == (expected[-2] if len(expected) > 1 else None)
    for portion in selection.portions:
        assert portion.version == max(version for span, version in there if span == portion.span)
        assert portion.paths == (f"{folder}/{portion.span:03}-{portion.version}.csv",)
        assert storage.find(portion.paths[0]) == [portion.paths[0]]
