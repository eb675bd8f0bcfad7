from __future__ import annotations

import pytest

from components.errors import ConfigError, DataError
from components.example_gen import spans, storage
from components.example_gen.settings import DataSettings
from components.example_gen.spans.pattern import parse
from tests.fresh_process import heavy_imports


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Makes files in an empty working directory."""
    monkeypatch.chdir(tmp_path)

    def files(*names):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("text,label\n")
        return tmp_path

    return files


def at(path, span, version=None):
    pattern = parse(path)
    return path if pattern is None else pattern.at(span, version)


def latest(path):
    return spans.resolve_span(path, "latest")


def fails(path, span: int | str = "latest"):
    with pytest.raises(DataError) as error:
        spans.resolve_span(path, span)
    return str(error.value)


@pytest.mark.parametrize(
    ("path", "span", "expected"),
    [
        ("data/span-{SPAN}/*.csv", 7, "data/span-7/*.csv"),
        ("data/span-{SPAN:3}/*.csv", 7, "data/span-007/*.csv"),
        ("data/span-{SPAN:3}/*.csv", 1234, "data/span-1234/*.csv"),
        ("data/{SPAN:2}/part-{SPAN}.csv", 0, "data/00/part-0.csv"),
        ("data/*.csv", 7, "data/*.csv"),
    ],
)
def test_at_fills_every_place_in_to_its_own_width(path, span, expected):
    assert at(path, span) == expected


@pytest.mark.parametrize("path", [None, "", "data.csv", "data/*.csv", "data/{REGION}.csv"])
def test_a_path_without_the_place_has_no_span_and_needs_no_files(path):
    assert latest(path) is None
    assert not spans.has_span(path)


def test_latest_is_the_highest_number_and_not_the_last_name(make):
    make("span-2/a.csv", "span-10/a.csv", "span-9/a.csv")
    assert latest("span-{SPAN}/*.csv") == 10
    assert spans.resolve_span("span-{SPAN}/*.csv", 9) == 9


def test_a_number_may_be_longer_than_its_width(make):
    make("span-998.csv", "span-1000.csv", "span-001.csv")
    assert latest("span-{SPAN:3}.csv") == 1000


def test_zero_is_a_span(make):
    make("span-0.csv", "day-000.csv")
    assert latest("span-{SPAN}.csv") == 0
    assert latest("day-{SPAN:3}.csv") == 0
    assert spans.resolve_span("span-{SPAN}.csv", 0) == 0


def test_a_span_without_a_file_that_matches_is_none(make):
    root = make("span-1/a.csv", "span-2/a.txt", "span-3/deep/a.csv", "span-5.csv")
    (root / "span-4").mkdir()
    (root / "span-6" / "a.csv").mkdir(parents=True)
    assert latest("span-{SPAN}/*.csv") == 1
    assert latest("span-{SPAN}/**/*.csv") == 3
    assert latest("span-{SPAN}.csv") == 5


@pytest.mark.parametrize("name", ["span-9.tmp", "span-x", "span--9", "span-9-new", "old-span-9", "span-", "span-9.5"])
def test_what_is_no_number_is_no_span(make, name):
    make("span-1/a.csv", f"{name}/a.csv")
    assert latest("span-{SPAN}/a.csv") == 1


def test_numbers_too_large_for_metadata_are_no_spans(make):
    make("span-1.csv", f"span-{spans.LARGEST + 1}.csv", f"span-{'9' * 100}.csv")
    assert latest("span-{SPAN}.csv") == 1
    make(f"span-{spans.LARGEST}.csv")
    assert latest("span-{SPAN}.csv") == spans.LARGEST


def test_several_places_agree(make):
    make("span-1/data-001.csv", "span-2/data-001.csv", "span-3/data-002.csv")
    assert latest("span-{SPAN}/data-{SPAN:3}.csv") == 1
    make("3/x-3-of-3.csv", "4/x-4-of-5.csv", "5/x-4-of-5.csv")
    assert latest("{SPAN}/x-{SPAN}-of-{SPAN}.csv") == 3
    assert latest("*/x-{SPAN}-of-{SPAN}.csv") == 3
    assert "matches no file, whatever the span" in fails("span-{SPAN}/data-{SPAN:3}-{SPAN}.csv")


def test_other_numbers_in_a_name_are_not_taken_for_the_span(make):
    make("v2-1-of-8.csv", "v2-3-of-8.csv", "v7-9-of-8.csv")
    assert latest("v2-{SPAN}-of-8.csv") == 3
    assert latest("v2-{SPAN}-of-*.csv") == 3
    assert latest("v?-{SPAN}-of-*.csv") == 9


def test_where_a_wildcard_lets_a_file_be_of_two_spans_the_higher_is_the_latest(make):
    make("a-1-2-b.csv")
    assert latest("*-{SPAN}-*.csv") == 2
    assert spans.resolve_span("*-{SPAN}-*.csv", 1) == 1


def test_wildcards_before_the_place_keep_their_meaning(make):
    root = make("north/span-1/a.csv", "south/span-2/a.csv", "east/deep/span-3/a.csv", "span-4/a.csv")
    assert latest("*/span-{SPAN}/a.csv") == 2
    assert latest("[a-n]*/span-{SPAN}/a.csv") == 1
    assert latest("**/span-{SPAN}/a.csv") == 4
    assert latest(f"{root}/*/*/span-{{SPAN}}/a.csv") == 3


def test_folder_with_brackets_in_its_name_is_a_folder_first(make):
    make("data[1]/span-3.csv", "data1/span-4.csv")
    assert latest("data[1]/span-{SPAN}.csv") == 3


def test_home_is_expanded(make, monkeypatch):
    monkeypatch.setenv("HOME", str(make("span-5/a.csv")))
    assert latest("~/span-{SPAN}/*.csv") == 5
    assert spans.resolve_span("~/span-{SPAN}/*.csv", 5) == 5


def test_no_file_of_any_span(make):
    root = make("span-x/a.csv")
    for span in ("latest", 3):
        expected = f"data.path 'span-{{SPAN}}/*.csv' matches no file, whatever the span (seen from {root}); correct it"
        assert fails("span-{SPAN}/*.csv", span) == expected
    assert "matches no file" in fails("nowhere/span-{SPAN}/*.csv")


def test_a_missing_span_names_those_that_are_there(make):
    root = make("span-1/a.csv", "span-3/a.csv", "span-4/a.txt")
    assert fails("span-{SPAN}/*.csv", 4) == (
        f"data.span is 4, but data.path 'span-{{SPAN}}/*.csv' matches no file for it (seen from {root}); "
        "give one of those that there are: 1, 3"
    )


def test_of_many_spans_ten_are_named(make):
    make(*(f"span-{number}.csv" for number in range(1, 11)))
    assert fails("span-{SPAN}.csv", 99).endswith("those that there are: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10")
    make("span-11.csv", "span-12.csv")
    assert fails("span-{SPAN}.csv", 99).endswith("the 10 latest that there are: 3, 4, 5, 6, 7, 8, 9, 10, 11, 12")


def test_folders_are_told_how_to_name_their_files(make):
    make("data/span-1/a.csv")
    for span in ("latest", 1):
        message = fails("data/span-{SPAN}", span)
        assert message == (
            "data.path 'data/span-{SPAN}' is a folder; name the files in it, as in 'data/span-{SPAN}/*.csv'"
        )


@pytest.mark.parametrize(
    ("path", "names", "remedy"),
    [
        ("span-{SPAN}/*.csv", ["span-7/a.csv", "span-008/a.csv"], "write {SPAN:3}"),
        ("span-{SPAN}/*.csv", ["span-7/a.csv", "span-8/a.csv", "span-08/a.csv"], "write {SPAN:2}"),
        ("span-{SPAN:3}/*.csv", ["span-007/a.csv", "span-8/a.csv"], "write {SPAN}"),
        ("span-{SPAN:3}/*.csv", ["span-007/a.csv", "span-0008/a.csv"], "write {SPAN:4}"),
    ],
)
@pytest.mark.parametrize("span", ["latest", 8])
def test_files_that_would_be_passed_over_for_their_zeros_are_refused(make, path, names, remedy, span):
    make(*names)
    message = fails(path, span)
    assert f"data.path {path!r} asks for {at(path, 8)}, but span 8 has {names[-1]}" in message
    assert remedy in message


def test_zero_may_be_written_with_zeros_too(make):
    make("day-000.csv", "week-0.csv")
    assert "asks for day-0.csv, but span 0 has day-000.csv" in fails("day-{SPAN}.csv")
    assert "write {SPAN:3} if" in fails("day-{SPAN}.csv")
    assert "write {SPAN} if" in fails("week-{SPAN:3}.csv", 0)


def test_other_zeros_do_not_matter_below_the_latest_or_without_files(make):
    root = make("span-1/a.csv", "span-02/a.csv", "span-3/a.csv", "span-04/a.txt")
    (root / "span-005").mkdir()
    assert latest("span-{SPAN}/*.csv") == 3


@pytest.mark.parametrize(
    "path",
    ["{SPAN:}", "{SPAN:0}", "{SPAN:-1}", "{SPAN:x}", "{SPAN:100}", "{SPAN", "{SPAN }", "{span}", "{SPAN}/{SPAN:a}.csv"],
)
def test_malformed_place(path):
    for call in (spans.has_span, latest):
        with pytest.raises(ConfigError, match=r"data\.path '.*the place of a span's number is written \{SPAN\}"):
            call(path)


@pytest.mark.parametrize(
    "path",
    [
        "*{SPAN}",
        "{SPAN}*",
        "{SPAN:3}?.csv",
        "?{SPAN}",
        "[ab]{SPAN}",
        "{SPAN}[ab]",
        "20{SPAN}",
        "{SPAN:2}0",
        "{SPAN}{SPAN}",
    ],
)
def test_place_whose_bounds_cannot_be_told(path):
    with pytest.raises(ConfigError, match=r"beside a digit, a wildcard or another \{SPAN\}; put a letter"):
        spans.has_span(path)


@pytest.mark.parametrize("path", [None, "data/*.csv"])
@pytest.mark.parametrize("span", [3, "3"])
def test_number_without_a_place_for_it(path, span):
    with pytest.raises(ConfigError, match=r"data\.span is 3, but data\.path.* has no \{SPAN\}"):
        spans.resolve_span(path, span)


@pytest.mark.parametrize(("value", "span"), [(0, 0), (12, 12), ("12", 12), (" 007 ", 7), ("latest", "latest")])
def test_values_of_span(make, value, span):
    assert spans.read_span(value) == span
    assert DataSettings.from_dict({"source": "files", "path": "{SPAN}.csv", "span": value}).span == span
    make("7.csv", "0.csv", "12.csv")
    assert spans.resolve_span("{SPAN}.csv", value) == (12 if span == "latest" else span)


@pytest.mark.parametrize(
    "value", [-1, "-1", "last", "", 1.0, True, None, [1], spans.LARGEST + 1, "9" * 30, "9" * 5000, "1_0", "٣"]
)
def test_what_no_span_can_be(value):
    with pytest.raises(ConfigError, match=r"data\.span is .*; give the number of a span, from 0 to \d+, or latest"):
        spans.resolve_span("{SPAN}.csv", value)


def test_matching_is_the_file_or_what_matches(make):
    root = make("a[1].csv", "a1.csv", "b.csv")
    assert storage.find("a[1].csv") == ["a[1].csv"]
    assert storage.find(str(root / "?*.csv")) == [str(root / name) for name in ("a1.csv", "a[1].csv", "b.csv")]
    assert storage.find("c.csv") == []


def test_agrees_with_tfx_on_which_span_is_the_latest(make):
    """TFX's own code is the reference, where both accept the path: one place, canonical numbers."""
    from tfx.components.example_gen import utils
    from tfx.proto import example_gen_pb2

    root = make("span-2/a.csv", "span-10/a.csv", "day-003.csv", "day-020.csv")
    for path, expected in (("span-{SPAN}/*.csv", 10), ("day-{SPAN:3}.csv", 20)):
        split = example_gen_pb2.Input.Split(name="all", pattern=path)  # pyright: ignore[reportAttributeAccessIssue]
        _, span, _ = utils.calculate_splits_fingerprint_span_and_version(str(root), [split])
        assert latest(path) == span == expected
        assert at(path, expected) == split.pattern


def test_nothing_heavy_is_imported():
    assert heavy_imports("import components.example_gen.spans") == set()
