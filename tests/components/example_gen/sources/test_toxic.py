from __future__ import annotations

import lzma
import zipfile
from pathlib import Path
from typing import Any

import pytest

from components.errors import DataError
from components.example_gen.rows import BadRow, Row
from components.example_gen.settings import DataSettings
from components.example_gen.sources import toxic

HEAD = "id,comment_text,toxic,severe_toxic,obscene,threat,insult,identity_hate"
TRAIN = f'{HEAD}\n0000997932d777bf,"Explanation\nWhy?",0,0,0,0,0,0\n0002bcb3da6cb337,Go away,1,1,0,0,1,0\n'
TEST = 'id,comment_text\n00001cee341fdb12,"Yo ""you"""\n0000247867823ef7,Fine\n00013b17ad220c46,Unscored\n'
TEST_LABELS = (
    "id,toxic,severe_toxic,obscene,threat,insult,identity_hate\n"
    "0000247867823ef7,0,0,0,0,0,0\n00013b17ad220c46,-1,-1,-1,-1,-1,-1\n00001cee341fdb12,0,0,1,0,0,1\n"
)
TOXIC = Path(__file__).parents[5] / "shared" / "data" / "toxic.csv.xz"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "train.csv").write_text(TRAIN)
    (tmp_path / "test.csv").write_text(TEST)
    (tmp_path / "test_labels.csv").write_text(TEST_LABELS)
    return tmp_path


def read(path) -> list[Any]:
    data = DataSettings(source="toxic", path=str(path))
    files = toxic.list_files(data)
    toxic.check(files)
    return [row for file in files for row in toxic.read(data, file)]


def test_train_alone_has_no_official_split(folder):
    path = folder / "train.csv"
    expected = [
        Row(str(path), 2, "Explanation\nWhy?", ()),
        Row(str(path), 4, "Go away", ("toxic", "severe_toxic", "insult")),
    ]
    assert read(path) == expected
    (folder / "test.csv").unlink()
    (folder / "test_labels.csv").unlink()
    assert read(folder) == expected


def test_test_is_joined_by_id_and_what_was_not_scored_has_no_label(folder):
    rows = read(folder)
    test = str(folder / "test.csv")
    assert [row.official for row in rows] == ["train", "train", "test", "test", "test"]
    assert rows[2:] == [
        Row(test, 2, 'Yo "you"', ("obscene", "identity_hate"), None, "test"),
        Row(test, 3, "Fine", (), None, "test"),
        Row(test, 4, "Unscored", None, None, "test"),
    ]


def test_every_file_is_listed_for_the_fingerprint(folder):
    files = toxic.list_files(DataSettings(source="toxic", path=str(folder)))
    assert [(Path(file.path).name, file.official) for file in files] == [
        ("train.csv", "train"),
        ("test.csv", "test"),
        ("test_labels.csv", "test"),
    ]


def test_zipped_as_kaggle_does(folder):
    expected = [(row.text, row.label) for row in read(folder)]
    for name in ("train.csv", "test.csv", "test_labels.csv"):
        with zipfile.ZipFile(folder / f"{name}.zip", "w") as archive:
            archive.write(folder / name, name)
        (folder / name).unlink()
    assert [(row.text, row.label) for row in read(folder)] == expected


def test_ids_that_are_missing_on_either_side_are_bad_rows(folder):
    labels = (
        TEST_LABELS.replace("0000247867823ef7", "ffff247867823ef7") + "00013b17ad220c46,0,0,0,0,0,0\nx,0,2,0,0,0,0\n"
    )
    (folder / "test_labels.csv").write_text(labels)
    bad = [row for row in read(folder) if isinstance(row, BadRow)]
    assert [(Path(row.file).name, row.line, row.reason) for row in bad] == [
        ("test_labels.csv", 5, "bad record"),
        ("test_labels.csv", 6, "unknown label"),
        ("test.csv", 3, "unknown label"),
        ("test_labels.csv", 2, "bad record"),
    ]
    assert "'0000247867823ef7' has no (other) labels" in bad[2].detail


def test_comment_that_stands_twice_has_its_labels_once(folder):
    (folder / "test.csv").write_text(TEST + "0000247867823ef7,Fine\n")
    rows = read(folder)
    assert (rows[-1].line, rows[-1].reason) == (5, "unknown label")


def test_damaged_texts_do_not_blame_the_labels(folder):
    content = lzma.compress(TEST.encode() + b"\n".join(b"%d,text %d" % (n, n**9) for n in range(5000)))
    (folder / "test.csv").unlink()
    (folder / "test.csv.xz").write_bytes(content[:-40])
    bad = [row.reason for row in read(folder) if isinstance(row, BadRow)]
    assert bad[-1] == "damaged file"
    assert "bad record" not in bad


@pytest.mark.parametrize("missing", ["test.csv", "test_labels.csv"])
def test_one_test_file_without_the_other_is_refused(folder, missing):
    (folder / missing).unlink()
    with pytest.raises(DataError, match=f"but not {missing}, and one is nothing without the other"):
        read(folder)


def test_no_train_file(folder):
    (folder / "train.csv").unlink()
    with pytest.raises(DataError, match=r"is neither train\.csv"):
        read(folder)


@pytest.mark.parametrize("name", ["train.csv", "test.csv", "test_labels.csv"])
def test_columns_of_every_file_are_checked(folder, name):
    path = folder / name
    path.write_text(
        path.read_text().replace("id,", "number,", 1).replace("comment_text", "comment").replace(",insult", "")
    )
    with pytest.raises(DataError, match=rf"{name}:1: there is no column"):
        read(folder)


@pytest.mark.skipif(not TOXIC.exists(), reason="the real data is not beside the repository")
def test_real_comments(tmp_path):
    path = tmp_path / "train.csv"
    path.write_bytes(lzma.decompress(TOXIC.read_bytes()))
    rows = [row for row in read(path) if isinstance(row, Row)]
    assert len(rows) == 3000
    assert sum("threat" in (row.label or ()) for row in rows) == 14
    assert sum("identity_hate" in (row.label or ()) for row in rows) == 32
