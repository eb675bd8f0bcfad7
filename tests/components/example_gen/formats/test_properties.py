"""Properties of every reader: what is written is what is read, and no bytes whatsoever bring up another error."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.errors import DataError
from components.example_gen.rows import BadRow, Row
from tests.components.example_gen.formats.samples import WRITERS, read_bytes

quick = settings(
    derandomize=True,
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
# Everything that UTF-8 can hold, with what formats are made of more often than chance would have it.
texts = st.lists(
    st.text(max_size=8) | st.sampled_from(['"', ",", "\n", "\r\n", "\r", "\0", "\u2028", "\ufeff", "\\"])
).map("".join)
rows_of_texts = st.lists(st.tuples(texts, st.sampled_from(["neg", "pos", "", "a,b"])), min_size=1, max_size=12)
pieces = st.sampled_from(
    [
        b'"',
        b",",
        b"\n",
        b"\r",
        b"\0",
        b"{",
        b"}",
        b"[",
        b":",
        b"text",
        b"label",
        b'"text"',
        b"\xff",
        b"\xed\xa0\x80",
        b"a",
    ]
)
some_bytes = st.binary(max_size=300) | st.lists(pieces, max_size=60).map(b"".join)


def _lines_of_csv(rows):
    """Lines that the rows begin on: line ends within texts count as universal newlines do."""
    lengths = [len(f"{text}{label}x".splitlines()) for text, label in rows]
    return list(itertools.accumulate(lengths[:-1], initial=2))


@pytest.mark.parametrize("name", WRITERS)
@quick
@given(rows=rows_of_texts)
def test_what_is_written_is_what_is_read(name, rows, tmp_path):
    if name == "a.csv":  # str.splitlines, which lines are counted by here, knows more line ends than files do
        rows = [
            ("".join(c for c in text if c not in "\v\f\x1c\x1d\x1e\x85\u2028\u2029"), label) for text, label in rows
        ]
    lines = _lines_of_csv(rows) if name == "a.csv" else list(range(1, len(rows) + 1))
    expected = [Row(name, line, text, label) for line, (text, label) in zip(lines, rows, strict=True)]
    assert read_bytes(tmp_path, WRITERS[name](rows), name) == expected


@pytest.mark.parametrize("name", [*WRITERS, "a.csv.gz", "a.jsonl.xz", "a.csv.zip", "a.tsv.bz2"])
@quick
@given(content=some_bytes)
def test_no_bytes_bring_up_another_error(name, content, tmp_path):
    try:
        rows = read_bytes(tmp_path, content, name)
    except DataError:
        return
    assert all(isinstance(row, (Row, BadRow)) for row in rows)


@quick
@given(body=some_bytes)
def test_every_line_of_json_lines_is_a_row_or_a_bad_row(body, tmp_path):
    rows = read_bytes(tmp_path, b'{"text": "a", "label": "b"}\n' + body, "a.jsonl")
    lines = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    assert [row.line for row in rows] == [1, *(n for n, line in enumerate(lines, 2) if line.strip(b" \t"))]


@quick
@given(body=some_bytes)
def test_the_lines_of_a_csv_are_covered_by_its_rows(body, tmp_path):
    rows = read_bytes(tmp_path, b"text,label\na,b\n" + body + b"\nend,b\n", "a.csv")
    lines = [row.line for row in rows]
    assert lines == sorted(set(lines))
    if b'"' not in body:  # then a row is a line
        written = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        assert lines == [2, *(n for n, line in enumerate(written, 3) if line), len(written) + 3]


@pytest.mark.parametrize("name", WRITERS)
@quick
@given(rows=rows_of_texts, at=st.integers(0, 10**6), flip=st.integers(1, 255))
def test_a_damaged_byte_is_survived(name, rows, at, flip, tmp_path):
    content = bytearray(WRITERS[name](rows))
    content[at % len(content)] ^= flip
    try:
        read = read_bytes(tmp_path, bytes(content), name)
    except DataError:
        return
    assert all(isinstance(row, (Row, BadRow)) for row in read)
    if name == "a.tfrecord":  # checksums: either the very row, or damage
        sound = [row for row in read if isinstance(row, Row)]
        assert [(row.text, row.label) for row in sound] == rows[: len(sound)]
        assert len(sound) == len(rows) or read[-1].reason == "damaged file"
