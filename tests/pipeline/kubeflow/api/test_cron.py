from __future__ import annotations

from datetime import datetime, timezone

import pytest

from pipeline.kubeflow.api.cron import next_times, read_cron
from pipeline.kubeflow.errors import KubeflowError

NEW_YEAR = datetime(2026, 1, 1, tzinfo=timezone.utc)  # a Thursday


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("0 2 * * *", "0 0 2 * * *"),
        ("  0   2 * *\t* ", "0 0 2 * * *"),
        ("30 0 2 * * *", "30 0 2 * * *"),
        ("*/15 0-6,22 1,15 JAN-mar ?", "0 */15 0-6,22 1,15 JAN-mar ?"),
        ("0 9 ? * 1-5", "0 0 9 ? * 1-5"),
        ("0 9 * * Mon", "0 0 9 * * Mon"),
        ("5/15 * * * *", "0 5/15 * * * *"),
        ("@daily", "0 0 0 * * *"),
        ("@Weekly", "0 0 0 * * 0"),
    ],
)
def test_lines_of_the_scheduler(line, fields):
    assert read_cron(line) == fields


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("", "has 0 fields"),
        ("nightly", "has 1 fields; write five"),
        ("0 2 * *", "has 4 fields"),
        ("0 0 2 * * * 2026", "has 7 fields"),
        ("TZ=Europe/Berlin 0 0 2 * * *", "has 7 fields"),
        ("60 2 * * *", "minutes is '60': 60 is not from 0 to 59"),
        ("0 24 * * *", "hours is '24': 24 is not from 0 to 23"),
        ("0 2 0 * *", "day of the month is '0': 0 is not from 1 to 31"),
        ("0 2 L * *", "day of the month is 'L': L is not from 1 to 31"),
        ("0 2 * 13 *", "month is '13': 13 is not from 1 to 12 or jan to dec"),
        ("0 2 * * 7", "day of the week is '7': 7 is not from 0 to 6 or sun to sat; Sunday is 0"),
        ("0 2 * * 1#2", r"day of the week is '1#2': write \*, numbers"),
        ("0 2 * * fri-mon", "the range ends before it begins"),
        ("61 0 2 * * *", "seconds is '61'"),
        ("? 2 * * *", r"minutes is '\?': \? stands for any day; write \* here"),
        ("*-5 2 * * *", "a range has a number on both sides"),
        ("*/0 2 * * *", "a step is 1 or more"),
        ("1,,2 2 * * *", "minutes is '1,,2'"),
        ("-1 2 * * *", "minutes is '-1'"),
        ("\u0661 2 * * *", "is not from 0 to 59"),
        ("@reboot", "there are @yearly"),
        ("@every 1h", "has 2 fields"),
    ],
)
def test_a_line_that_is_none(line, told):
    with pytest.raises(KubeflowError, match=told):
        read_cron(line)


def days(line: str) -> list[str]:
    return [f"{time:%m-%d %H:%M:%S}" for time in next_times(read_cron(line), after=NEW_YEAR)]


def test_the_next_times():
    assert days("0 2 * * *") == ["01-01 02:00:00", "01-02 02:00:00", "01-03 02:00:00"]
    assert days("15 0 2 * * SUN") == ["01-04 02:00:15", "01-11 02:00:15", "01-18 02:00:15"]
    assert days("5/25 0 * * ?") == ["01-01 00:05:00", "01-01 00:30:00", "01-01 00:55:00"]
    assert next_times("0 0 2 * * *", after=NEW_YEAR)[0].tzinfo is not None


def test_either_day_suffices_but_where_one_begins_with_a_star():
    assert days("0 0 3 * 1") == ["01-03 00:00:00", "01-05 00:00:00", "01-12 00:00:00"]
    assert days("0 0 1,*/2 * 1") == days("0 0 */2 * 1")
    assert days("0 0 */2 * 1") == ["01-05 00:00:00", "01-19 00:00:00", "02-09 00:00:00"]


def test_a_day_that_never_comes():
    with pytest.raises(KubeflowError, match="never comes"):
        next_times(read_cron("0 2 30 2 *"))
