from __future__ import annotations

import dataclasses
import itertools
import re
from typing import Any

import pytest

from components.errors import ConfigError, DataError
from components.fetch import catalogue
from components.fetch.catalogue import ACL_IMDB, ORIGINS, LocalFile, Official, WebFile
from components.fetch.retrieve import retrieve


def items(source, origin) -> tuple[Any, ...]:
    return catalogue.items(source, origin)


def fails(error, source, origin):
    with pytest.raises(error) as raised:
        items(source, str(origin))
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_each_source_comes_from_where_it_is_published():
    assert [item.url for item in items("imdb", None)] == [
        "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"
    ]
    assert [item.url for item in items("quora", None)] == [
        "https://archive.org/download/fine-tune-bert-tensorflow-train.csv/train.csv.zip"
    ]
    assert [item.names[1] for item in items("toxic", None)] == ["train.csv", "test.csv", "test_labels.csv"]
    assert [item.page for item in items("imdb", "kaggle")] == [
        "https://www.kaggle.com/datasets/lakshmi25npathi/imdb-dataset-of-50k-movie-reviews"
    ]
    assert items("quora", "kaggle")[0].page == (
        "https://www.kaggle.com/competitions/quora-insincere-questions-classification"
    )


def test_what_is_official_is_encrypted_and_bounded():
    for origins in ORIGINS.values():
        for item in itertools.chain(*origins.values()):
            if isinstance(item, WebFile):
                assert item.url.startswith("https://")
                assert item.largest <= 2**31
    assert ACL_IMDB.size == 84_125_825
    assert re.fullmatch("[0-9a-f]{64}", ACL_IMDB.sha256 or "")
    assert re.fullmatch("[0-9a-f]{32}", ACL_IMDB.md5 or "")


def test_a_mirror_of_the_official_file_is_checked_as_it_is():
    url = "https://mirror.example/sets/aclImdb_v1.tar.gz?token=1"
    assert items("imdb", url) == (WebFile("aclImdb_v1.tar.gz", url, ACL_IMDB),)
    url = "http://mirror.example/IMDB%20Dataset.csv"
    assert items("imdb", url) == (WebFile("IMDB Dataset.csv", url, Official()),)


def test_what_the_source_does_not_know_is_refused():
    message = fails(ConfigError, "imdb", "https://mirror.example/reviews.csv")
    assert "data.source imdb knows no file 'reviews.csv'" in message
    assert "aclImdb_v1.tar.gz or IMDB Dataset.csv" in message
    assert "is no https address" in fails(ConfigError, "imdb", "ftp://mirror.example/aclImdb_v1.tar.gz")
    assert "is no https address" in fails(ConfigError, "imdb", "https:///aclImdb_v1.tar.gz")


@pytest.mark.parametrize(
    "url",
    [
        "https://[::1/train.csv",
        "https://bob:s3cr3t@[::1/train.csv?sig=s3cr3t",
        "https://x:port/train.csv",
        "https://x:99999/train.csv",
        "ftp://bob:s3cr3t@x/train.csv",
    ],
)
def test_an_address_that_is_none_is_refused_and_no_secret_shown(url):
    message = fails(ConfigError, "quora", url)
    assert "is no https address; give archive.org, kaggle, a URL, or a path" in message
    assert "s3cr3t" not in message
    assert "s3cr3t" not in fails(ConfigError, "quora", "https://bob:s3cr3t@x/other.csv?sig=s3cr3t")


def test_a_scheme_may_be_in_capitals():
    assert items("quora", "HTTP://x/train.csv")[0].url == "HTTP://x/train.csv"


def test_a_path_that_cannot_be_is_said():
    assert "cannot be read (File name too long)" in fails(DataError, "quora", "/" + "x" * 5000)
    assert "~nosuchuser/x cannot be read (Could not determine home" in fails(DataError, "quora", "~nosuchuser/x")


def test_a_file_or_a_folder_of_them(tmp_path):
    assert "there is no such file or folder; give stanford, kaggle, a URL, or a path" in fails(
        DataError, "imdb", tmp_path / "no"
    )
    assert "holds none of train.csv, train.csv.zip" in fails(DataError, "quora", tmp_path)
    for name in ("train.csv", "test.csv.zip", "test_labels.csv", "other.csv"):
        (tmp_path / name).write_bytes(name.encode())
    assert [item.name for item in items("toxic", str(tmp_path))] == ["train.csv", "test.csv.zip", "test_labels.csv"]
    assert items("quora", str(tmp_path / "train.csv")) == (LocalFile("train.csv", tmp_path / "train.csv"),)
    assert "knows no file 'other.csv'" in fails(ConfigError, "quora", tmp_path / "other.csv")


def test_a_local_file_is_copied_and_an_official_one_checked(tmp_path):
    source = tmp_path / "train.csv"
    source.write_bytes(b"qid,question_text,target\n")
    (item,) = items("quora", str(source))
    assert retrieve(item, tmp_path / "data").fetched
    assert (tmp_path / "data" / "train.csv").read_bytes() == source.read_bytes()
    assert not retrieve(item, tmp_path / "data").fetched
    assert not retrieve(item, tmp_path).fetched  # it is there itself
    wrong = dataclasses.replace(item, official=ACL_IMDB)
    with pytest.raises(DataError, match=r"has 25 bytes and not 84,125,825: it is not the file that was published"):
        retrieve(wrong, tmp_path / "other")
