from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.errors import ConfigError
from components.example_gen.spans.pattern import LAST_DAY, date_of, parse
from components.example_gen.spans.value import check_span, has_span, read_span

DATES = "{YYYY}-{MM}-{DD}"


@pytest.mark.parametrize(
    ("path", "span", "version", "expected"),
    [
        ("{SPAN}/v{VERSION}/*.csv", 3, 12, "3/v12/*.csv"),
        ("{SPAN:3}/v{VERSION:2}/*.csv", 3, 1, "003/v01/*.csv"),
        (f"{DATES}/*.csv", 0, None, "1970-01-01/*.csv"),
        ("{DD}.{MM}.{YYYY}.csv", 20777, None, "20.11.2026.csv"),
        ("{YYYY}{MM}{DD}*.csv", 20777, None, "20261120*.csv"),
        ("{YYYY}/{MM}/{YYYY}-{MM}-{DD}.csv", 20777, None, "2026/11/2026-11-20.csv"),
        (f"{DATES}-{{VERSION}}.csv", 20777, 0, "2026-11-20-0.csv"),
    ],
)
def test_every_place_is_filled_in(path, span, version, expected):
    pattern = parse(path)
    assert pattern is not None
    assert pattern.at(span, version) == expected
    assert pattern.has_dates == ("DD" in path)


def test_a_version_must_be_given_where_there_is_a_place_for_it():
    pattern = parse("{SPAN}-{VERSION}.csv")
    assert pattern is not None
    with pytest.raises(ValueError, match="needs a version"):
        pattern.at(1)


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("{SPAN}-{YYYY}-{MM}-{DD}.csv", "has both {SPAN} and a date"),
        ("{SPAN}-{DD}.csv", "has both {SPAN} and a date"),
        ("{YYYY}-{MM}.csv", "has a date without {DD}; add what is missing"),
        ("{DD}.csv", "has a date without {YYYY} and {MM}"),
        ("v{VERSION}.csv", "has {VERSION}, but no span"),
        ("{YYYY}-{MM}-{dd}.csv", "a date's places are written {YYYY}, {MM} and {DD}"),
        ("{YYYY:4}-{MM}-{DD}.csv", "a date's places are written"),
        ("{SPAN}-{VERSION:0}.csv", "the place of a version's number is written {VERSION}, or {VERSION:3}"),
        ("{SPAN}-{version}.csv", "the place of a version's number"),
        ("{SPAN}{VERSION}.csv", "where the number of a span begins and ends cannot be told"),
        (DATES + "{VERSION}.csv", "where the number of a version begins and ends cannot be told"),
        ("{SPAN}-{VERSION}*.csv", "where the number of a version begins and ends cannot be told"),
    ],
)
def test_places_that_are_wrong_or_do_not_go_together(path, problem):
    for look in (parse, has_span):
        with pytest.raises(ConfigError) as error:
            look(path)
        assert problem in str(error.value)
        assert repr(path) in str(error.value)


@pytest.mark.parametrize("path", [None, "", "a.csv", "{REGION}/a.csv", "{Y}/a.csv"])
def test_no_place_at_all(path):
    assert parse(path) is None


def test_what_tfx_refuses_of_versions_and_dates_is_refused():
    """TFX's own code is the reference for what goes together, where each place stands once."""
    from tfx.components.example_gen import utils
    from tfx.proto import example_gen_pb2

    for places in (
        "{SPAN}-{VERSION}",
        DATES,
        DATES + "-{VERSION}",
        "{VERSION}",
        "{SPAN}-{DD}",
        "{YYYY}-{MM}",
        "{SPAN}",
    ):
        split = example_gen_pb2.Input.Split(name="all", pattern=places)  # pyright: ignore[reportAttributeAccessIssue]
        try:
            accepted = any(utils.verify_split_pattern_specs(split)[:2])
        except ValueError:
            accepted = False
        try:
            ours = has_span(places)
        except ConfigError:
            ours = False
        assert ours == accepted, places


@given(st.dates(min_value=datetime.date(1970, 1, 1)))
def test_a_date_is_its_days_since_1970(date):
    from tfx.components.example_gen import utils

    span = read_span(date)
    assert span == read_span(date.isoformat()) == utils.date_to_span_number(date.year, date.month, date.day)
    assert isinstance(span, int)
    assert date_of(span) == date
    pattern = parse(DATES)
    assert pattern is not None
    assert pattern.at(span) == pattern.name(span) == date.isoformat()


@pytest.mark.parametrize("value", ["2026-02-30", "1969-12-31", "2026-1-1", "26-01-01", datetime.datetime(2026, 1, 1)])
def test_what_is_no_date(value):
    with pytest.raises(ConfigError, match="or a date as 2026-11-20"):
        read_span(value)


def test_dates_and_paths_go_together():
    check_span(DATES, "2026-11-20")
    check_span(DATES, "latest")
    with pytest.raises(ConfigError, match=r"has no \{SPAN\}"):
        check_span("a.csv", "2026-11-20")
    pattern = parse(DATES)
    assert pattern is not None
    assert pattern.name(LAST_DAY + 1) == str(LAST_DAY + 1)
