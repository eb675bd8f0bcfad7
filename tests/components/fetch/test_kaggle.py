from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile

import pytest

from components.errors import DataError
from components.fetch.catalogue import KaggleFile
from components.fetch.retrieve import retrieve

CSV = b"qid,question_text,target\n1,why?,0\n" * 100
COMPETITION = KaggleFile("some-competition", ("train.csv", "train.csv.zip"))
DATASET = KaggleFile("owner/set", ("IMDB Dataset.csv",))
DOWNLOAD = "/api/v1/competitions/data/download/some-competition"


@pytest.fixture
def kaggle(host, tmp_path, monkeypatch):
    """Kaggle's API on this machine, and a user who has signed in."""
    monkeypatch.setenv("KAGGLE_API_ENDPOINT", host.url)
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("KAGGLE_USERNAME", "somebody")
    monkeypatch.setenv("KAGGLE_KEY", "secret")
    host.headers = {"Last-Modified": "Fri, 20 Nov 2020 00:00:00 GMT"}
    return host


def zipped(name="train.csv"):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, CSV)
    return buffer.getvalue()


def fails(file, folder):
    with pytest.raises(DataError) as error:
        retrieve(file, folder)
    assert "\n" not in str(error.value)
    assert "secret" not in str(error.value)
    return str(error.value)


def test_a_competitions_file_arrives_and_stays(kaggle, tmp_path, capfd):
    kaggle.files[f"{DOWNLOAD}/train.csv"] = CSV
    first = retrieve(COMPETITION, tmp_path / "data")
    assert first.fetched
    assert first.path == tmp_path / "data" / "train.csv"
    assert first.path.read_bytes() == CSV
    assert kaggle.asked("Authorization") == ["Basic " + base64.b64encode(b"somebody:secret").decode()]
    assert retrieve(COMPETITION, tmp_path / "data") == (first.path, False, False)
    assert len(kaggle.requests) == 1
    assert capfd.readouterr() == ("", "")


def test_a_zip_behind_a_redirect_is_unpacked_by_kagglehub(kaggle, tmp_path):
    kaggle.redirects[f"{DOWNLOAD}/train.csv"] = "/storage/train.csv.zip"
    kaggle.files["/storage/train.csv.zip"] = zipped()
    assert retrieve(COMPETITION, tmp_path).path == tmp_path / "train.csv"
    assert (tmp_path / "train.csv").read_bytes() == CSV


def test_a_zip_that_is_asked_for_stays_one(kaggle, tmp_path):
    kaggle.files[f"{DOWNLOAD}/train.csv.zip"] = zipped()
    path = retrieve(COMPETITION, tmp_path).path  # train.csv is answered with 404
    assert path == tmp_path / "train.csv.zip"
    assert zipfile.ZipFile(path).read("train.csv") == CSV


def test_a_zip_under_the_plain_name_gets_its_own(kaggle, tmp_path):
    kaggle.files[f"{DOWNLOAD}/train.csv"] = zipped()
    assert retrieve(COMPETITION, tmp_path).path == tmp_path / "train.csv.zip"


def test_a_damaged_zip_is_refused(kaggle, tmp_path):
    kaggle.files[f"{DOWNLOAD}/train.csv"] = zipped()[:50]
    assert "arrived cut off and was removed" in fails(COMPETITION, tmp_path)
    kaggle.files[f"{DOWNLOAD}/train.csv"] = CSV
    assert retrieve(COMPETITION, tmp_path).path.read_bytes() == CSV


def test_a_datasets_file_of_its_current_version(kaggle, tmp_path):
    kaggle.files["/api/v1/datasets/view/owner/set"] = json.dumps({"currentVersionNumber": 3}).encode()
    address = "/api/v1/datasets/download/owner/set?dataset_version_number=3&file_name=IMDB%20Dataset.csv"
    kaggle.files[address] = CSV
    assert retrieve(DATASET, tmp_path).path == tmp_path / "IMDB Dataset.csv"
    assert (tmp_path / "IMDB Dataset.csv").read_bytes() == CSV


def test_a_cut_connection_is_tried_again(kaggle, tmp_path):
    digest = base64.b64encode(hashlib.md5(CSV).digest()).decode()
    kaggle.headers["x-goog-hash"] = f"crc32c=AAAAAA==,md5={digest}"
    kaggle.files[f"{DOWNLOAD}/train.csv"] = CSV
    kaggle.cuts = [500]
    assert retrieve(COMPETITION, tmp_path).path.read_bytes() == CSV


def test_what_an_earlier_process_left_is_gone_on_with(kaggle, tmp_path):
    part = tmp_path / "cache" / "competitions" / "some-competition" / "train.csv"
    part.parent.mkdir(parents=True)
    part.write_bytes(CSV[:500])
    kaggle.files[f"{DOWNLOAD}/train.csv"] = CSV
    assert retrieve(COMPETITION, tmp_path).path.read_bytes() == CSV
    assert "bytes=500-" in kaggle.asked("Range")


def test_without_credentials_it_says_how_to_give_them(kaggle, tmp_path, monkeypatch):
    monkeypatch.delenv("KAGGLE_KEY")
    message = fails(COMPETITION, tmp_path)
    assert "set KAGGLE_USERNAME and KAGGLE_KEY, or save your API token as ~/.kaggle/kaggle.json" in message
    assert "https://www.kaggle.com/competitions/some-competition/rules" in message
    assert kaggle.requests == []


def test_a_broken_kaggle_json_is_named(kaggle, tmp_path, monkeypatch):
    monkeypatch.delenv("KAGGLE_KEY")
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path))
    (tmp_path / "kaggle.json").write_text("{")
    assert f"Invalid Kaggle credentials file at {tmp_path}/kaggle.json" in fails(COMPETITION, tmp_path)


@pytest.mark.parametrize("status", [401, 403])
def test_rules_that_were_not_accepted(kaggle, tmp_path, status):
    kaggle.forbidden = lambda path, headers: status
    message = fails(COMPETITION, tmp_path)
    assert f"Kaggle refuses https://www.kaggle.com/competitions/some-competition (answer {status})" in message
    assert "accept the competition's rules at https://www.kaggle.com/competitions/some-competition/rules" in message
    assert "rules" not in fails(DATASET, tmp_path)


def test_no_such_file_and_a_broken_server(kaggle, tmp_path):
    assert "Kaggle has no train.csv or train.csv.zip" in fails(COMPETITION, tmp_path)
    kaggle.forbidden = lambda path, headers: 500
    assert "Kaggle answers 500" in fails(COMPETITION, tmp_path)


def test_a_signed_address_is_not_shown(kaggle, tmp_path):
    kaggle.redirects[f"{DOWNLOAD}/train.csv"] = "http://127.0.0.1:9/train.csv?X-Goog-Signature=secret"
    message = fails(COMPETITION, tmp_path)
    assert "check the network" in message
    assert "Signature" not in message


def test_no_network(kaggle, tmp_path, monkeypatch):
    monkeypatch.setenv("KAGGLE_API_ENDPOINT", "http://127.0.0.1:9")
    assert "check the network" in fails(COMPETITION, tmp_path)
