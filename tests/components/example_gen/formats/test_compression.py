from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile

import pytest

from components.example_gen.formats import compression
from tests.components.example_gen.corpus import zipped


def read(path, member=None):
    with compression.open_bytes(str(path), member) as stream:
        return stream.read()


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        ("", b"text"),
        (".gz", gzip.compress(b"te", mtime=0) + gzip.compress(b"xt", mtime=0)),
        (".GZ", gzip.compress(b"text", mtime=0)),
        (".tgz", gzip.compress(b"text", mtime=0)),
        (".xz", lzma.compress(b"text")),
        (".bz2", bz2.compress(b"text")),
        (".zip", zipped(a__csv=b"text")),
    ],
)
def test_suffix_tells_the_compression(tmp_path, suffix, content):
    path = tmp_path / f"a.csv{suffix}"
    path.write_bytes(content)
    assert read(path) == b"text"


def test_zip_of_several_gives_the_one_wanted(tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(zipped(**{"train__csv": b"train", "test__csv": b"test", "x/y__csv": b""}))
    assert read(path, "train.csv") == b"train"
    with pytest.raises(OSError, match=r"it holds 3 files: train\.csv, test\.csv, x/y\.csv, where"):
        read(path)


def test_shadow_files_of_a_mac_do_not_count(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("train.csv", "train")
        archive.writestr("__MACOSX/._train.csv", "shadow")
    assert read(path) == b"train"


def test_encrypted_zip_is_damage(tmp_path):
    content = bytearray(zipped(a__csv=b"text"))
    content[content.index(b"PK\x01\x02") + 8] |= 1  # flags in the directory
    path = tmp_path / "a.zip"
    path.write_bytes(bytes(content))
    with pytest.raises(compression.DAMAGE, match=r"a\.csv in it is encrypted"):
        read(path)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("data/train.csv.zip", "train.csv"),
        ("gs://bucket/a.JSONL.GZ", "a.JSONL"),
        ("data.d/plain", "plain"),
        ("a.gz/b.csv", "b.csv"),
    ],
)
def test_inner_name(path, name):
    assert compression.inner_name(path) == name


def test_no_damage_to_a_zip_brings_up_another_error(tmp_path):
    sound = zipped(ä__csv=b"text,label\n" * 20)
    directory = sound.index(b"PK\x01\x02")
    path = tmp_path / "a.zip"
    refused = 0
    for at in range(directory, len(sound)):
        for value in (0, 0x80, 0xFF):
            content = bytearray(sound)
            content[at] = value
            path.write_bytes(bytes(content))
            try:
                read(path)
            except compression.DAMAGE:
                refused += 1
    assert refused > 20


@pytest.mark.parametrize(
    ("at", "value", "message"), [(6, 99, "zip file version 9.9"), (46, 0xFF, "codec can't decode")]
)
def test_zips_of_another_version_or_of_no_name_are_damage(tmp_path, at, value, message):
    content = bytearray(zipped(ä__csv=b"text"))
    content[content.index(b"PK\x01\x02") + at] = value
    path = tmp_path / "a.zip"
    path.write_bytes(bytes(content))
    with pytest.raises(OSError, match=message):
        read(path)
