from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import pytest

from components.errors import ConfigError, DataError
from components.fetch import catalogue, files
from components.fetch.catalogue import Official, WebFile
from pipeline.config_file import load_config
from pipeline.data.fetch import fetch
from tests.components.fetch.holders import held_elsewhere
from tests.components.fetch.servers import Host, serving


def zipped():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("train.csv", bytes(1000))
    return buffer.getvalue()


SIZE = f"{len(zipped()):,} bytes"


@pytest.fixture
def host(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(Host(files={"/train.csv.zip": zipped()})) as running:
        item = WebFile("train.csv.zip", f"{running.url}/train.csv.zip")
        monkeypatch.setitem(catalogue.ORIGINS, "quora", {"archive.org": (item,)})
        yield running


def said(capsys):
    return capsys.readouterr().out.splitlines()


def test_it_says_what_was_fetched_and_what_to_do_next(host, tmp_path, capsys):
    config = load_config("quora", ())
    fetch(config, None, None)
    assert said(capsys) == [
        f"fetching train.csv.zip from {host.url}/train.csv.zip",
        f"data/quora/train.csv.zip fetched ({SIZE}); its checksum is not known, so none was compared",
        "next: bertline data check, for the same task",
    ]
    assert (tmp_path / "data" / "quora" / "train.csv.zip").read_bytes() == zipped()
    fetch(config, "archive.org", None)
    assert f"is there already ({SIZE}): nothing was downloaded" in said(capsys)[1]
    assert len(host.requests) == 1


def test_another_folder_and_a_mirror(host, tmp_path, capsys):
    folder = tmp_path / "my data"
    fetch(load_config("quora", ()), f"{host.url}/train.csv.zip", folder)
    assert said(capsys)[-1] == f"next: bertline data check, for the same task with --set data.path='{folder}'"
    assert (folder / "train.csv.zip").is_file()
    with pytest.raises(DataError, match="there is no such file"):
        fetch(load_config("quora", ()), f"{host.url}/no/train.csv", folder)


def test_a_file_whose_checksum_was_compared(host, tmp_path, capsys, monkeypatch):
    known = Official(len(zipped()), md5=hashlib.md5(zipped()).hexdigest())
    item = WebFile("train.csv.zip", f"{host.url}/train.csv.zip", known)
    monkeypatch.setitem(catalogue.ORIGINS, "quora", {"archive.org": (item,)})
    fetch(load_config("quora", ()), None, None)
    assert said(capsys)[1] == f"data/quora/train.csv.zip fetched ({SIZE})"


def test_no_secret_of_an_address_is_printed(host, capsys):
    url = f"{host.url}/train.csv.zip?X-Amz-Signature=s3cr3t".replace("://", "://bob:s3cr3t@")
    host.files["/train.csv.zip?X-Amz-Signature=s3cr3t"] = zipped()
    fetch(load_config("quora", ()), url, None)
    printed = capsys.readouterr()
    assert f"from {host.url}/train.csv.zip\n" in printed.out
    assert "s3cr3t" not in printed.out + printed.err


def test_another_process_is_waited_for_aloud(host, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(files, "_PATIENCE", 0.05)
    target = tmp_path / "data" / "quora" / "train.csv.zip"
    with held_elsewhere(target), pytest.raises(DataError, match="still fetching"):
        fetch(load_config("quora", ()), None, None)
    assert said(capsys)[1].startswith("another process is fetching data/quora/train.csv.zip: waiting for it")


def test_a_folder_in_a_home(host, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    fetch(load_config("quora", ()), None, Path("~/quora"))
    assert (tmp_path / "home" / "quora" / "train.csv.zip").is_file()
    with pytest.raises(ConfigError, match=r"--to ~nosuchuser/x: there is no such home; give another folder"):
        fetch(load_config("quora", ()), None, Path("~nosuchuser/x"))


def test_nothing_to_fetch(host, capsys):
    fetch(load_config("demo", ()), None, None)
    assert said(capsys) == ["nothing to fetch: the files of data.source embedded came with the installation"]
    assert host.requests == []
