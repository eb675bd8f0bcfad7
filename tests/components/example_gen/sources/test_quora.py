from __future__ import annotations

import gzip
import lzma
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from components.errors import DataError
from components.example_gen.rows import Row
from components.example_gen.settings import DataSettings
from components.example_gen.sources import quora

CONTENT = 'qid,question_text,target\n00002165364db923c7e6,"Why, ""really""?",0\n000032939017120e6e44,Who else?,1\n'
QUORA = Path(__file__).parents[5] / "shared" / "data" / "quora.csv.xz"


def read(path) -> list[Any]:
    files = quora.list_files(DataSettings(source="quora", path=str(path)))
    quora.check(files)
    return [row for file in files for row in quora.read(file)]


def write(path, content):
    """Writes the file as its suffix tells."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name in ("sample_submission.csv", "train.csv") if "competition" in path.name else ("train.csv",):
                archive.writestr(name, content if name == "train.csv" else "qid,prediction\n")
    else:
        path.write_bytes(gzip.compress(content.encode()) if path.suffix == ".gz" else content.encode())


@pytest.mark.parametrize("name", ["train.csv", "train.csv.zip", "train.csv.gz", "competition.zip"])
def test_kaggles_file_in_any_packing(tmp_path, name):
    path = tmp_path / name
    write(path, CONTENT)
    expected = [Row(str(path), 2, 'Why, "really"?', "0"), Row(str(path), 3, "Who else?", "1")]
    assert read(path) == expected
    if name != "competition.zip":
        assert read(tmp_path) == expected


@pytest.mark.parametrize("path", ["nowhere", ""])
def test_nothing_there(tmp_path, path):
    with pytest.raises(DataError, match=r"is neither train\.csv .* nor a folder .*bertline data fetch"):
        read(tmp_path / path)


def test_other_columns_are_refused(tmp_path):
    (tmp_path / "train.csv").write_text("id,comment_text\n")
    with pytest.raises(DataError, match="there is no column 'question_text'"):
        read(tmp_path)


@pytest.mark.skipif(not QUORA.exists(), reason="the real data is not beside the repository")
def test_real_questions(tmp_path):
    path = tmp_path / "train.csv"
    path.write_bytes(lzma.decompress(QUORA.read_bytes()))
    rows = read(path)
    assert len(rows) == 20_877
    counts = Counter(row.label for row in rows if isinstance(row, Row))
    assert set(counts) == {"0", "1"}
    assert 0.06 < counts["1"] / 20_877 < 0.07
