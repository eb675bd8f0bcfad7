from __future__ import annotations

import pytest

from components.errors import DataError
from components.fetch import catalogue
from components.fetch.catalogue import WebFile
from pipeline.config_file import load_config
from pipeline.data.fetch import fetch
from tests.components.fetch.servers import Host, serving


@pytest.fixture
def host(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(Host(files={"/train.csv.zip": b"PK" + bytes(1000)})) as running:
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
        "data/quora/train.csv.zip fetched (1,002 bytes)",
        "next: bertline data check, for the same task",
    ]
    assert (tmp_path / "data" / "quora" / "train.csv.zip").stat().st_size == 1002
    fetch(config, "archive.org", None)
    assert "is there already (1,002 bytes): nothing was downloaded" in said(capsys)[1]
    assert len(host.requests) == 1


def test_another_folder_and_a_mirror(host, tmp_path, capsys):
    folder = tmp_path / "my data"
    fetch(load_config("quora", ()), f"{host.url}/train.csv.zip", folder)
    assert said(capsys)[-1] == f"next: bertline data check, for the same task with --set data.path='{folder}'"
    assert (folder / "train.csv.zip").is_file()
    with pytest.raises(DataError, match="there is no such file"):
        fetch(load_config("quora", ()), f"{host.url}/no/train.csv", folder)


def test_nothing_to_fetch(host, capsys):
    fetch(load_config("demo", ()), None, None)
    assert said(capsys) == ["nothing to fetch: the files of data.source embedded came with the installation"]
    assert host.requests == []
