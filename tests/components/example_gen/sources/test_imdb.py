from __future__ import annotations

import gzip
import io
import tarfile
from typing import Any

import pytest

from components.errors import ConfigError, DataError
from components.example_gen.rows import BadRow, Row
from components.example_gen.settings import DataSettings
from components.example_gen.sources import imdb
from components.example_gen.sources.source_file import SourceFile

KAGGLE = 'review,sentiment\n"A fine, ""fine"" film.<br /><br />Really.",positive\nDull.,negative\nWhat?,mixed\n'


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "aclImdb"
    for split in ("train", "test"):
        for label in ("neg", "pos", "unsup"):
            folder = root / split / label
            folder.mkdir(parents=True)
            (folder / "0_5.txt").write_text(f"{split} {label}", encoding="utf-8")
    (root / "README").write_text("about")
    (root / "train" / "urls_pos.txt").write_text("http://example.org")
    return root


@pytest.fixture
def archive(tree):
    """The tree in an archive as the official one, beside the tree, which is gone then."""
    path = tree.parent / "packed" / "aclImdb_v1.tar.gz"
    path.parent.mkdir()
    with tarfile.open(path, "w:gz") as packed:
        packed.add(tree, "aclImdb")
    return path


def listed(path):
    return imdb.list_files(DataSettings(source="imdb", path=str(path)))


def read(path) -> list[Any]:
    files = listed(path)
    imdb.check(files)
    return [row for file in files for row in imdb.read(file)]


def rows(results):
    return [(row.text, row.label, row.official) for row in results if isinstance(row, Row)]


ALL = [(f"{split} {label}", label, split) for split in ("train", "test") for label in ("neg", "pos")]


def test_labelled_reviews_are_listed_in_order_and_unsup_is_not(tree):
    (tree / "train" / "neg" / "10_2.txt").write_text("another")
    names = [file.name.removeprefix(f"{tree}/") for file in listed(tree)]
    assert names == [
        "train/neg/0_5.txt",
        "train/neg/10_2.txt",
        "train/pos/0_5.txt",
        "test/neg/0_5.txt",
        "test/pos/0_5.txt",
    ]


def test_label_and_official_split_come_from_the_folders(tree):
    assert rows(read(tree)) == ALL
    assert read(tree)[-1] == Row(f"{tree}/test/pos/0_5.txt", 1, "test pos", "pos", None, "test")


def test_name_that_is_no_utf8_is_shown_by_its_numbers(tree):
    try:
        (tree / "train" / "neg" / "caf\udce9.txt").write_text("a review")
    except OSError:
        pytest.skip("the file system takes no such name")
    packed = tree.parent / "aclImdb.tar.gz"
    with tarfile.open(packed, "w:gz") as archive:
        archive.add(tree, "aclImdb")
    for path in (tree, packed):
        assert [row.text for row in read(path) if row.file.endswith("/train/neg/caf\\udce9.txt")] == ["a review"]


def test_folder_that_holds_the_tree(tree):
    assert listed(tree.parent) == listed(tree)


def test_text_is_kept_as_it_is(tree):
    path = tree / "train" / "neg" / "0_5.txt"
    path.write_bytes(b"caf\xc3\xa9\r\n\x00 \xe9")
    [row] = imdb.read(SourceFile("name", str(path), official="train"))
    assert row == Row("name", 1, "café\r\n\0 \udce9", "neg", None, "train")


def test_review_that_cannot_be_read_is_a_bad_row(tree):
    [row] = imdb.read(SourceFile("name", str(tree / "train" / "neg" / "gone.txt")))
    assert isinstance(row, BadRow)
    assert (row.file, row.reason) == ("name", "unreadable file")


def test_tree_without_a_folder_says_what_was_looked_for(tree):
    for path in (tree / "test" / "neg").iterdir():
        path.unlink()
    with pytest.raises(DataError, match=r"looked for \*\.txt in train/neg.*found none in test/neg; unpack"):
        listed(tree)


def test_nothing_there_names_what_is_expected(tmp_path):
    (tmp_path / "empty").mkdir()
    for path in ("empty", "nowhere"):
        with pytest.raises(
            DataError, match=r"is neither the folder aclImdb, aclImdb_v1\.tar\.gz or 'IMDB Dataset\.csv'"
        ):
            listed(tmp_path / path)
    with pytest.raises(ConfigError, match=r"data\.path is missing"):
        imdb.list_files(DataSettings(source="imdb"))


def test_archive_is_read_as_the_tree_is(archive):
    results = read(archive)
    assert sorted(rows(results)) == sorted(ALL)
    assert {row.file for row in results} == {
        f"{archive}/aclImdb/{split}/{label}/0_5.txt" for split in ("train", "test") for label in ("neg", "pos")
    }
    assert read(archive.parent) == results


def test_truncated_archive_ends_with_damage(archive):
    content = archive.read_bytes()
    archive.write_bytes(content[: len(content) - 12])
    results = read(archive)
    assert results[-1].reason == "damaged file"
    assert sorted(rows(results)) == sorted(ALL)


def test_archive_with_another_checksum_ends_with_damage(archive):
    content = bytearray(archive.read_bytes())
    content[-8] ^= 1
    archive.write_bytes(bytes(content))
    assert read(archive)[-1].reason == "damaged file"


def test_archive_without_a_folder_ends_with_damage(tree, archive):
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(tree / "train", "aclImdb/train")
    results = read(archive)
    assert len(rows(results)) == 2
    assert (results[-1].reason, results[-1].detail) == (
        "damaged file",
        "the archive has no reviews in test/neg, test/pos",
    )


def test_archive_with_a_damaged_header_ends_with_damage(archive):
    unpacked = bytearray(gzip.decompress(archive.read_bytes()))
    with tarfile.open(fileobj=io.BytesIO(unpacked)) as packed:
        last = [member.offset for member in packed if member.name.endswith(".txt")][-1]
    unpacked[last] ^= 1
    archive.write_bytes(gzip.compress(bytes(unpacked)))
    assert read(archive)[-1].reason == "damaged file"


def test_archive_cut_between_headers_and_packed_again_ends_with_damage(tree, archive):
    unpacked = gzip.decompress(archive.read_bytes())
    with tarfile.open(fileobj=io.BytesIO(unpacked)) as packed:
        third = [member.offset for member in packed if member.name.endswith(".txt")][3]
    archive.write_bytes(gzip.compress(unpacked[:third] + b"garbage" * 100))
    assert read(archive)[-1].reason == "damaged file"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no archive", "cannot be read"),
        (gzip.compress(b"no archive" * 200, mtime=0), "cannot be read"),
        (b"", "has no reviews|cannot be read"),
    ],
)
def test_no_archive_is_refused(tmp_path, content, message):
    path = tmp_path / "aclImdb_v1.tar.gz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        imdb.check(listed(path))


def test_kaggles_csv(tmp_path):
    path = tmp_path / "IMDB Dataset.csv"
    path.write_text(KAGGLE)
    results = read(tmp_path)
    assert results == [
        Row(str(path), 2, 'A fine, "fine" film.<br /><br />Really.', "pos"),
        Row(str(path), 3, "Dull.", "neg"),
        Row(str(path), 4, "What?", "mixed"),
    ]
    assert read(path) == results


def test_other_csv_is_refused(tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("text,label\n")
    with pytest.raises(DataError, match="there is no column 'review'"):
        imdb.check(listed(path))


def _packed(path, *members):
    with tarfile.open(path, "w:gz") as packed:
        for member, content in members:
            packed.addfile(member, io.BytesIO(content))


def test_review_of_the_archive_that_fills_the_memory_is_damage(tmp_path, monkeypatch):
    monkeypatch.setattr(imdb, "_MAX_BYTES", 1000)
    path = tmp_path / "aclImdb_v1.tar.gz"
    member = tarfile.TarInfo("aclImdb/train/neg/0_1.txt")
    member.size = 2000
    _packed(path, (member, bytes(2000)))
    with pytest.raises(DataError, match=r"train/neg/0_1\.txt in it has 2000 bytes, as no review has"):
        imdb.check(listed(path))


def test_sparse_review_of_the_archive_is_damage(tmp_path):
    """GNU's old sparse format: one map in the header, 600 MB said to be there, nothing stored."""
    member = tarfile.TarInfo("aclImdb/train/neg/0_1.txt")
    header = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    header[156:157] = tarfile.GNUTYPE_SPARSE
    header[483:495] = b"%011o\0" % (600 << 20)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    path = tmp_path / "aclImdb_v1.tar.gz"
    path.write_bytes(gzip.compress(bytes(header) + bytes(10240)))
    with pytest.raises(DataError, match=r"0_1\.txt in it has 629145600 bytes, as no review has"):
        imdb.check(listed(path))


def test_header_of_the_archive_that_fills_the_memory_is_damage(tmp_path, monkeypatch):
    monkeypatch.setattr(imdb, "_MAX_BYTES", 1000)
    path = tmp_path / "aclImdb_v1.tar.gz"
    member = tarfile.TarInfo("aclImdb/train/neg/0_1.txt")
    member.pax_headers = {"comment": "x" * 2000}
    _packed(path, (member, b""))
    with pytest.raises(DataError, match=r"cannot be read: a header in it has \d+ bytes"):
        imdb.check(listed(path))


def test_review_beyond_every_text_is_a_bad_row(tree, monkeypatch):
    monkeypatch.setattr(imdb, "_MAX_BYTES", 1000)
    path = tree / "train" / "neg" / "0_5.txt"
    path.write_bytes(b"x" * 1000)
    [row] = imdb.read(SourceFile("name", str(path)))
    assert isinstance(row, Row)
    path.write_bytes(b"x" * 1001)
    [row] = imdb.read(SourceFile("name", str(path)))
    assert isinstance(row, BadRow)
    assert (row.reason, row.detail) == ("over-long text", "the file has more than 1000 bytes")
