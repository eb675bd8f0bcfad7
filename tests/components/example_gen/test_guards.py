from __future__ import annotations

from collections import Counter

import pytest

from components.errors import DataError
from components.example_gen import guards
from components.example_gen.quarantine import Summary
from components.example_gen.rows import BadRow
from components.example_gen.settings import DataSettings
from components.features import SPLITS

NAMES = ("neg", "pos")


def summary(bad=0, reason="unknown label", labels=None):
    counts = {split: Counter(neg=10, pos=10) for split in SPLITS} | (labels or {})
    quarantined = Counter({reason: bad}) if bad else Counter()
    examples = Counter({split: count.total() for split, count in counts.items()})
    return Summary(examples.total() + bad, examples, counts, quarantined)


def check(account, first=(), **settings):
    guards.check(account, DataSettings(source="files", **settings), NAMES, first, "q/rows.jsonl")


def message(account, first=(), **settings):
    with pytest.raises(DataError) as error:
        check(account, first, **settings)
    return str(error.value)


def test_good_data_passes():
    check(summary())


@pytest.mark.parametrize("change", [1, -1])
def test_lost_or_invented_row_is_a_bug(change):
    account = summary()
    account.rows += change
    with pytest.raises(RuntimeError, match=f"{60 + change} rows were read, but 60 accounted for"):
        check(account)


def test_bad_rows_up_to_the_fraction_pass():
    check(summary(bad=20), max_bad_fraction=0.25)
    check(summary(), max_bad_fraction=0)


def test_too_many_bad_rows_are_counted_and_shown():
    first = [BadRow("a.csv", line, "unknown label", "label 'x' is none of neg, pos", "") for line in range(3, 10)]
    account = summary(bad=2)
    account.quarantined["empty text"] = 5
    account.rows += 5
    text = message(account, first)
    assert text.startswith(
        "7 of 67 rows cannot be used, more than data.max_bad_fraction 0.01 allows (empty text 5, unk"
    )
    assert "\n  a.csv:3: label 'x' is none of neg, pos\n" in text
    assert text.count("a.csv:") == 5
    assert text.endswith("all are in q/rows.jsonl")


def test_damaged_file_stops_whatever_the_fraction_and_is_the_one_shown():
    first = [BadRow("a.csv.gz", line, "empty text", "the text is empty", "") for line in range(8)]
    first.append(BadRow("a.csv.gz", 9, "damaged file", "the file breaks off after this line", ""))
    text = message(summary(bad=1, reason="damaged file"), first, max_bad_fraction=0.9)
    assert "a.csv.gz:9: the file breaks off" in text
    assert "fetch it again" in text
    assert "empty" not in text


def test_no_rows():
    none = {split: Counter() for split in SPLITS}
    assert "the data has no rows; give data.path" in message(summary(labels=none))


@pytest.mark.parametrize("split", SPLITS)
def test_empty_split_is_named_with_the_remedy(split):
    text = message(summary(labels={split: Counter()}))
    assert text.startswith(f"split {split} is empty: of 40 rows came ")
    for remedy in ("data.splits", "data.sample.fraction", "more data"):
        assert remedy in text


@pytest.mark.parametrize("split", SPLITS)
def test_split_without_a_label_is_named(split):
    assert message(summary(labels={split: Counter(neg=5)})).startswith(
        f"split {split} has no example labelled pos: of 45"
    )


def test_a_column_of_many_values_is_named_with_its_setting():
    account = summary()
    account.slices = {"source": None, "channel": Counter(web=60), "user": None}
    check(account, columns=("channel",))
    text = message(account, columns=("channel", "user"))
    assert text.startswith("data.columns names 'user', which has more than 50 values; ")
    assert "take it out of data.columns" in text
