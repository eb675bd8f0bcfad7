from __future__ import annotations

import json

import pytest

from components.errors import DataError
from components.example_gen.formats import jsonl, text
from components.example_gen.formats.columns import Columns
from components.example_gen.rows import BadRow, Row
from tests.components.example_gen.formats.samples import read_bytes


def read(folder, *lines, **how):
    return read_bytes(folder, "\n".join(lines).encode(), "a.jsonl", **how)


def test_rows_have_their_lines(tmp_path):
    rows = read(tmp_path, "", '{"label": 1, "text": "a\\nb", "more": [1.5]}', " ", '{"text": "c", "label": true}')
    assert rows == [Row("a.jsonl", 2, "a\nb", "1"), Row("a.jsonl", 4, "c", "1")]


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        ('{"text": "a"', "the line is no JSON: Expecting ',' delimiter at character 14"),
        ("7", "the line is no JSON object"),
        ('{"text": "a", "text": "b", "label": "c"}', "key 'text' stands more than once"),
        ('{"text": "a", "label": "b", "more": {"x": 1, "x": 2}}', "key 'x' stands more than once"),
        ('{"text": "a"}', "there is no key 'label'; there are 'text'"),
        ('{"text": null, "label": "b"}', "column 'text' holds None, which is no text"),
        ("[" * 100_000, "the line is nested too deeply"),
    ],
)
def test_what_is_wrong_with_a_line(tmp_path, line, detail):
    good = '{"text": "a", "label": "b"}'
    first, bad, last = read(tmp_path, good, line, good)
    assert isinstance(bad, BadRow)
    assert (bad.line, bad.reason, bad.detail) == (2, "bad record", detail)
    assert (first.line, last.line) == (1, 3)


def test_first_object_is_looked_for(tmp_path):
    bad, good = read(tmp_path, "// made by a tool", '{"text": "a", "label": "b"}')
    assert (bad.line, good.line) == (1, 2)
    with pytest.raises(DataError, match=r"a\.jsonl:1: the line is no JSON: .*nor is any line of the first 100"):
        read(tmp_path, *["x"] * 100, '{"text": "a", "label": "b"}')


def test_keys_are_checked(tmp_path):
    with pytest.raises(DataError, match=r"a\.jsonl:2: there is no column 'title' \(data\.text\); there are 'text'"):
        read(tmp_path, "", '{"text": "a"}', columns=Columns("title"))


def test_null_label_is_told_as_such(tmp_path):
    [row] = read(tmp_path, json.dumps({"text": "a", "label": None}))
    assert (row.reason, row.detail) == ("unknown label", "column 'label' is null where a label was expected")


def test_first_object_need_not_have_the_keys(tmp_path):
    bad, good = read(tmp_path, '{"text": "a"}', '{"text": "a", "label": "b"}')
    assert (bad.line, bad.detail, good.line) == (1, "there is no key 'label'; there are 'text'", 2)
    with pytest.raises(DataError, match=r"a\.jsonl:2: there is no column 'label'"):
        read(tmp_path, "oops", *['{"text": "a"}'] * 100, '{"text": "a", "label": "b"}')


def test_line_beyond_every_text_costs_itself_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "MAX_LINE_CHARACTERS", 1000)
    monkeypatch.setattr(jsonl, "MAX_LINE_CHARACTERS", 1000)
    good = '{"text": "a", "label": "b"}'
    first, long, last = read(tmp_path, good, json.dumps({"text": "a" * 200_000, "label": "b"}), good)
    assert (long.line, long.reason, long.detail) == (2, "over-long text", "the line has more than 1000 characters")
    assert (first.line, last.line) == (1, 3)


OTHERS = Columns("text", label="label", others=("channel", "stars"))


def test_a_line_may_lack_further_keys_that_another_has(tmp_path):
    lines = [
        '{"text": "a", "label": "b", "stars": 5}',
        '{"text": "a", "label": "b", "channel": null}',
        '{"text": "a", "label": "b"}',
        '{"text": "a", "label": "b", "channel": "web", "stars": true}',
    ]
    rows = read(tmp_path, *lines, columns=OTHERS)
    assert [row.columns for row in rows] == [("(none)", "5"), ("(none)", "(none)"), ("(none)", "(none)"), ("web", "1")]
    assert [row.columns for row in read(tmp_path, *lines[:2], columns=OTHERS)] == [
        ("(none)", "5"),
        ("(none)", "(none)"),
    ]


def test_a_further_key_that_no_line_has_is_missed(tmp_path):
    lines = ['{"text": "a"}', '{"text": "a", "label": "b", "channel": "web"}']
    with pytest.raises(DataError, match=r"a\.jsonl:2: there is no column 'stars' \(data\.columns\); there are 'text'"):
        read(tmp_path, *lines, columns=OTHERS)
