from __future__ import annotations

import pytest

from components.errors import DataError
from components.example_gen import imdb_folder
from components.example_gen.rows import BadRow, Row


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


def test_labelled_reviews_are_listed_in_order_and_unsup_is_not(tree):
    (tree / "train" / "neg" / "10_2.txt").write_text("another")
    names = [path.relative_to(tree).as_posix() for path in imdb_folder.list_files(tree)]
    assert names == [
        "train/neg/0_5.txt",
        "train/neg/10_2.txt",
        "train/pos/0_5.txt",
        "test/neg/0_5.txt",
        "test/pos/0_5.txt",
    ]


def test_label_and_official_split_come_from_the_folders(tree):
    [row] = imdb_folder.read(tree / "test" / "pos" / "0_5.txt", "name")
    assert row == Row("name", 1, "test pos", "pos", "test")


def test_text_is_kept_as_it_is(tree):
    path = tree / "train" / "neg" / "0_5.txt"
    path.write_bytes(b"caf\xc3\xa9\r\n\x00 \xe9")
    [row] = imdb_folder.read(path, "name")
    assert row.text == "café\r\n\0 \udce9"


def test_review_that_cannot_be_read_is_a_bad_row(tree):
    [row] = imdb_folder.read(tree / "train" / "neg" / "gone.txt", "name")
    assert isinstance(row, BadRow)
    assert (row.file, row.reason) == ("name", "unreadable file")


def test_missing_folder(tmp_path):
    with pytest.raises(DataError, match=r"data\.path '.*nowhere' is no folder.*unpack aclImdb_v1\.tar\.gz"):
        imdb_folder.list_files(tmp_path / "nowhere")


def test_folder_that_is_no_tree_says_what_was_looked_for(tree):
    for path in (tree / "test" / "neg").iterdir():
        path.unlink()
    with pytest.raises(DataError, match=r"looked for \*\.txt in train/neg.*found none in test/neg; unpack"):
        imdb_folder.list_files(tree)


def test_folder_above_the_tree_is_told_the_tree(tree):
    with pytest.raises(DataError, match=r"set data\.path to '.*aclImdb'"):
        imdb_folder.list_files(tree.parent)
