from __future__ import annotations

import csv
import gzip
import io
import lzma
from random import Random

import pytest

from components.errors import ConfigError, DataError
from components.example_gen.formats import delimited, text
from components.example_gen.formats.columns import Columns
from components.example_gen.formats.file import InputFile
from components.example_gen.rows import BadRow, Row
from tests.components.example_gen.formats.samples import read_bytes

COLUMNS = Columns("text", label="label")


@pytest.fixture
def read(tmp_path):
    """Reads bytes as a file, as the pipeline does: after the check."""

    def read_bytes(content, delimiter=",", suffix=".csv"):
        path = tmp_path / f"reviews{suffix}"
        path.write_bytes(content)
        file = InputFile(str(path), "reviews.csv", delimiter)
        delimited.check(file, COLUMNS)
        return list(delimited.read(file, COLUMNS))

    return read_bytes


def good(line, text, label):
    return Row("reviews.csv", line, text, label)


def reasons(rows):
    return [(row.line, row.reason) for row in rows if isinstance(row, BadRow)]


def texts(rows):
    return [(row.line, row.text) for row in rows if isinstance(row, Row)]


def test_columns_are_found_by_name(read):
    rows = read(b"id,label,text\n1,pos,fine\n2,neg,dull\n")
    assert rows == [good(2, "fine", "pos"), good(3, "dull", "neg")]


def test_quoted_delimiters_quotes_and_newlines_with_the_right_line_numbers(read):
    rows = read(b'text,label\n"one, ""two""\nthree\n\nfour",pos\nfive,neg\n"six\r\n7",pos\nend,neg')
    assert rows == [
        good(2, 'one, "two"\nthree\n\nfour', "pos"),
        good(6, "five", "neg"),
        good(7, "six\r\n7", "pos"),
        good(9, "end", "neg"),
    ]


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
def test_any_line_end(read, newline):
    assert texts(read(newline.join([b"text,label", b"a,pos", b"b,neg"]))) == [(2, "a"), (3, "b")]


def test_mixed_line_ends(read):
    assert texts(read(b"text,label\r\na,pos\nb,neg\rc,pos\n")) == [(2, "a"), (3, "b"), (4, "c")]


@pytest.mark.parametrize("delimiter", ["\t", ";", "|"])
def test_any_delimiter(read, delimiter):
    content = "text,label\na, b,pos\n".replace(",p", f"{delimiter}p").replace(",l", f"{delimiter}l")
    assert read(content.encode(), delimiter=delimiter) == [good(2, "a, b", "pos")]


def test_byte_order_mark_is_no_part_of_the_header(read):
    assert texts(read("\ufefftext,label\nschön,pos\n".encode())) == [(2, "schön")]


def test_quoted_header_after_byte_order_mark(read):
    assert texts(read('\ufeff"text","label"\na,pos\n'.encode())) == [(2, "a")]


def test_empty_lines_are_no_rows(read):
    assert texts(read(b"text,label\n\na,pos\n\r\n\nb,neg\n\n")) == [(3, "a"), (6, "b")]


def test_empty_fields_are_rows(read):
    assert read(b"text,label\n,pos\na,\n,\n") == [good(2, "", "pos"), good(3, "a", ""), good(4, "", "")]


def test_header_only_has_no_rows(read):
    assert read(b"text,label\n") == []


def test_bad_bytes_spoil_their_row_only(read):
    rows = read(b"text,label\ncaf\xe9,pos\nfine,neg\n")
    assert texts(rows) == [(2, "caf\udce9"), (3, "fine")]


def test_nul_reaches_the_row_that_holds_it(read):
    assert texts(read(b"text,label\na\0b,pos\nfine,neg\n")) == [(2, "a\0b"), (3, "fine")]


def test_wrong_column_count(read):
    rows = read(b"text,label\na,pos\nwell, it was dull,neg\nshort\nb,neg\n")
    assert reasons(rows) == [(3, "wrong column count"), (4, "wrong column count")]
    assert [row.detail for row in rows if isinstance(row, BadRow)] == [
        "3 column(s) where the header has 2",
        "1 column(s) where the header has 2",
    ]
    assert texts(rows) == [(2, "a"), (5, "b")]


def test_unclosed_quote_at_the_end_costs_one_row(read):
    rows = read(b'text,label\na,pos\n"never closed,pos\nb,neg\nc,pos\n')
    assert reasons(rows) == [(3, "bad quoting")]
    assert texts(rows) == [(2, "a"), (4, "b"), (5, "c")]


def test_unclosed_quote_before_quoted_rows_costs_one_row(read):
    rows = read(b'text,label\n"never closed,pos\nb,neg\n"c, d",pos\n"e",neg\n')
    assert reasons(rows) == [(2, "bad quoting")]
    assert texts(rows) == [(3, "b"), (4, "c, d"), (5, "e")]


def test_quote_within_a_quoted_text_is_not_guessed_at(read):
    rows = read(b'text,label\n"he said "hi" to me",pos\nfine,neg\n')
    assert reasons(rows) == [(2, "bad quoting")]
    assert texts(rows) == [(3, "fine")]


def test_end_of_a_refused_text_does_not_pass_for_a_row(read):
    rows = read(b'text,label\n"he said "hi"\nand the end",pos\nfine,neg\n')
    assert reasons(rows) == [(2, "bad quoting"), (3, "bad quoting")]
    assert texts(rows) == [(4, "fine")]


def test_every_line_with_an_unclosed_quote(read):
    rows = read(b"text,label\n" + b'"open,pos\n' * 50)
    # `"open,pos\n"open` closes and breaks off at `o`, so that each line is refused by itself.
    assert reasons(rows) == [(line, "bad quoting") for line in range(2, 52)]


def test_quote_inside_an_unquoted_text_is_text(read):
    assert texts(read(b'text,label\n5" of "rain",pos\n')) == [(2, '5" of "rain"')]


def test_huge_cell_is_read_whole(read):
    rows = read(b'text,label\n"' + b"x\n" * 500_000 + b'",pos\nfine,neg\n')
    assert [(row.line, len(row.text)) for row in rows] == [(2, 1_000_000), (500_003, 4)]


@pytest.fixture
def small_limit(monkeypatch):
    """Limits of 1,000 characters a line and a row, and of 40 lines a row."""
    monkeypatch.setattr(text, "MAX_LINE_CHARACTERS", 1000)
    monkeypatch.setattr(delimited, "MAX_LINE_CHARACTERS", 1000)
    monkeypatch.setattr(delimited, "_MAX_RECORD_CHARACTERS", 1000)
    monkeypatch.setattr(delimited, "_MAX_RECORD_LINES", 40)


@pytest.mark.usefixtures("small_limit")
@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("length", [995, 999, 1000, 70_000, 140_000])
def test_line_beyond_every_text_costs_itself_alone(read, newline, length):
    rows = read(newline.join([b"text,label", b"a,pos", b"x" * length + b",pos", b"b,neg", b"c,neg"]))
    is_long = length + len(",pos") + len(newline) > 1000
    assert reasons(rows) == ([(3, "over-long text")] if is_long else [])
    assert texts(rows)[-2:] == [(4, "b"), (5, "c")]
    if is_long:
        assert rows[1].detail == "the line has more than 1000 characters"
        assert len(rows[1].text) == 200


@pytest.mark.usefixtures("small_limit")
def test_line_beyond_every_text_is_not_kept_whole(tmp_path):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"text,label\n" + b"x" * 1_000_000))
    with text.open_text(str(path)) as lines:
        assert [len(line) for line in lines] == [len("text,label\n"), 1001]


@pytest.mark.usefixtures("small_limit")
def test_row_beyond_every_text_is_taken_for_an_unclosed_quote(read):
    for line in (b"x" * 300, b"x"):  # too many characters, too many lines
        rows = read(b'text,label\n"' + (line + b"\n") * 50 + b'",pos\nfine,neg\n')
        assert rows[0].reason == "bad quoting"
        assert "the row goes on beyond every text" in rows[0].detail
        assert texts(rows) == [(53, "fine")]


def test_quotes_that_never_close_do_not_cost_the_square_of_their_lines(read, monkeypatch):
    taken = 0
    is_next = delimited._LineFeed.__next__

    def count(feed):
        nonlocal taken
        taken += 1
        return is_next(feed)

    monkeypatch.setattr(delimited._LineFeed, "__next__", count)
    monkeypatch.setattr(delimited, "_REREAD_FREE", 1 << 20)
    rows = read(b"text,label\nfine,pos\n" + b'a",""",b\n' * 5000)
    assert texts(rows) == [(2, "fine")]
    assert rows[-1].reason == "damaged file"
    assert rows[-1].line == rows[-2].line
    assert "too many quotes do not close" in rows[-1].detail
    assert taken < 40_000  # not 5000 * 5000 / 2


def test_some_quotes_that_do_not_close_are_borne_by_a_large_file(read, monkeypatch):
    monkeypatch.setattr(delimited, "_REREAD_FREE", 1 << 16)
    some = b"plain text,pos\n" * 200
    rows = read(b"text,label\n" + (some + b'"open,pos\n') * 50)
    assert [reason for _, reason in reasons(rows)] == ["bad quoting"] * 50
    assert len(texts(rows)) == 200 * 50


@pytest.mark.parametrize(("suffix", "compress"), [(".csv.gz", gzip.compress), (".csv.xz", lzma.compress)])
def test_compressed(read, suffix, compress):
    content = '\ufefftext,label\n"a\nb",pos\nc,neg\n'.encode()
    assert texts(read(compress(content), suffix=suffix)) == [(2, "a\nb"), (4, "c")]


@pytest.mark.parametrize(("suffix", "compress"), [(".csv.gz", gzip.compress), (".csv.xz", lzma.compress)])
def test_truncated_archive_ends_with_a_bad_row(read, suffix, compress):
    lines = "".join(f"text {number} {number**7},pos\n" for number in range(20_000))
    compressed = compress(f"text,label\n{lines}".encode())
    rows = read(compressed[: len(compressed) // 2], suffix=suffix)
    assert isinstance(rows[-1], BadRow)
    assert rows[-1].reason == "damaged file"
    assert rows[-1].line == rows[-2].line
    assert reasons(rows[:-1]) == []


def test_whatever_a_csv_writer_writes_is_read_back(read):
    random = Random(7)
    pieces = ["film", '"', ",", "\n", "\r\n", " ", "ä", "😀", "", "\t"]
    expected = ["".join(random.choices(pieces, k=random.randrange(12))) for _ in range(500)]
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows([("text", "label"), *((text, "pos") for text in expected)])
    rows = read(written.getvalue().encode())
    assert [row.text for row in rows] == expected
    starts = [2 + sum(text.count("\n") + 1 for text in expected[:number]) for number in range(500)]
    assert [row.line for row in rows] == starts


def fails(read, content, **how):
    with pytest.raises(DataError) as error:
        read(content, **how)
    return str(error.value)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_other_encodings_are_named_with_the_remedy(read, encoding):
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    message = fails(read, mark + "text,label\na,pos\n".encode(encoding))
    assert "reviews.csv is UTF-" in message
    assert "iconv" in message


def test_empty_file(read):
    assert "reviews.csv is empty" in fails(read, b"")
    assert "'text', 'label'" in fails(read, b"\n\n")


def test_missing_column_names_file_column_key_and_header(read):
    message = fails(read, b"review,label\na,pos\n")
    assert message.startswith("reviews.csv:1: there is no column 'text' (data.text); there are 'review', 'label'")
    assert "data.delimiter" in fails(read, b"text;label\na;pos\n")


def test_column_that_stands_twice(read):
    assert "column 'text' (data.text) stands 2 times" in fails(read, b"text,label,text\na,pos,b\n")


def test_header_with_an_unclosed_quote(read):
    assert "reviews.csv:1: the header cannot be read" in fails(read, b'"text,label\na,pos\n')


@pytest.mark.parametrize("suffix", [".csv.gz", ".csv.xz"])
def test_file_that_is_not_compressed_as_its_name_says(read, suffix):
    assert "reviews.csv cannot be read" in fails(read, b"text,label\na,pos\n", suffix=suffix)


def test_unreadable_file(tmp_path):
    with pytest.raises(DataError, match=r"gone\.csv cannot be read"):
        delimited.check(InputFile(str(tmp_path / "gone.csv"), "gone.csv"), COLUMNS)


@pytest.mark.parametrize("content", [b"t\xe9xt,label\na,b\n", b"\x1f\x8b\x08\x00\x01\x02,\n"])
def test_a_header_that_is_no_text_is_not_shown_but_explained(tmp_path, content):
    path = tmp_path / "rows.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"rows\.csv:1: the header is not UTF-8 text; unpack") as refusal:
        delimited.check(InputFile(str(path), "rows.csv"), COLUMNS)
    assert len(str(refusal.value)) < 200


def test_header_that_stands_again_is_a_bad_row_of_its_own(read):
    rows = read("text,label\na,pos\ntext,label\nb,neg\n\ufefftext,label\nthe text,label\n".encode())
    assert reasons(rows) == [(3, "bad record"), (5, "bad record")]
    assert "the header stands here again" in rows[1].detail
    assert texts(rows) == [(2, "a"), (4, "b"), (6, "the text")]


def test_column_without_a_name(read):
    assert texts(read(b"text,label,\na,pos,\nb,neg,x\n")) == [(2, "a"), (3, "b")]
    assert texts(read(b",text,label\n0,a,pos\n")) == [(2, "a")]


def test_pairs_and_rows_without_labels(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_bytes(b"b,x,a\ntwo,-,one\n")
    pairs = Columns("a", "b")
    assert list(delimited.read(InputFile(str(path), "p", official="test"), pairs)) == [
        Row("p", 2, "one", None, "two", "test")
    ]


def test_labels_in_one_text_need_a_delimiter(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_bytes(b"text,label\na,x | y\nb,\n")
    file = InputFile(str(path), "rows.csv")
    with pytest.raises(ConfigError, match=r"data\.label_delimiter is missing: column 'label'"):
        delimited.check(file, Columns("text", label="label", holds_many=True))
    columns = Columns("text", label="label", holds_many=True, label_delimiter="|")
    delimited.check(file, columns)
    assert list(delimited.read(file, columns)) == [
        Row("rows.csv", 2, "a", ("x", "y")),
        Row("rows.csv", 3, "b", ()),
    ]


def test_further_columns_are_read_wherever_they_stand(tmp_path):
    columns = Columns("text", label="label", others=("channel", "stars"))
    content = b"stars,label,more,text,channel\n5,pos,x,one,web\n,neg,y,two, \n"
    assert read_bytes(tmp_path, content, "a.csv", columns) == [
        Row("a.csv", 2, "one", "pos", None, None, ("web", "5")),
        Row("a.csv", 3, "two", "neg", None, None, ("(none)", "(none)")),
    ]
    with pytest.raises(DataError, match=r"a\.csv:1: there is no column 'stars' \(data\.columns\); there are 'text'"):
        read_bytes(tmp_path, b"text,label,channel\n", "a.csv", columns)
