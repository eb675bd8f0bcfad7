from __future__ import annotations

import errno
import gzip
import hashlib
import io
import os
from pathlib import Path

import pytest
from apache_beam.io.filesystem import BeamIOError, FileMetadata, FileSystem

from components.errors import DataError
from components.example_gen import storage
from components.example_gen.formats import formats
from components.example_gen.formats.columns import Columns
from components.example_gen.formats.file import InputFile
from tests.fresh_process import heavy_imports

_FILES: dict[str, bytes] = {}


class _Memory(FileSystem):
    """A file system of the test: mem://. Beam finds it by its being a subclass."""

    @classmethod
    def scheme(cls):
        return "mem"

    def join(self, basepath, *paths):
        return "/".join((basepath, *paths))

    def split(self, path):
        folder, _, name = path.rpartition("/")
        return folder, name

    def has_dirs(self):
        return False

    def _list(self, dir_or_prefix):
        for path, content in _FILES.items():
            if path.startswith(dir_or_prefix):
                yield FileMetadata(path, len(content))

    def exists(self, path):
        return path in _FILES

    def metadata(self, path):
        return FileMetadata(path, len(_FILES[path]))

    def open(self, path, mime_type="application/octet-stream", compression_type="auto"):
        if path not in _FILES:
            raise BeamIOError("no such file", {path: KeyError(path)})
        assert compression_type == "uncompressed"
        return io.BufferedReader(io.BytesIO(_FILES[path]))

    def _absent(self, *args, **kwargs):
        raise NotImplementedError

    mkdirs = create = copy = rename = delete = size = last_updated = checksum = _absent


@pytest.fixture
def memory():
    _FILES.clear()
    for path in ("mem://bucket/a/1.csv", "mem://bucket/a/2.csv", "mem://bucket/a/deep/3.csv", "mem://bucket/b.csv.gz"):
        _FILES[path] = path.encode()
    yield _FILES
    _FILES.clear()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a/1.csv", "a/2.csv", "a/deep/3.csv", "a/deep/deeper/4.csv", "[b]/5.csv", "b/6.csv", "a[1].csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "a" / "folder.csv").mkdir()
    return tmp_path


def test_what_is_a_url():
    assert all(map(storage.is_url, ("gs://b/x", "s3://b/x", "hdfs://h/x", "a-b+c.d://x")))
    assert not any(map(storage.is_url, ("a/b", "/a//b", "C:/x", "~/x", "://x", "", "1a://x")))
    assert storage.base_name("gs://b/x/y.csv") == storage.base_name("/a/y.csv") == "y.csv"
    assert storage.parts("gs://b/x/*.csv") == ("gs", "b", "x", "*.csv")


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("a/1.csv", ["a/1.csv"]),
        ("a/*.csv", ["a/1.csv", "a/2.csv"]),
        ("a/?.csv", ["a/1.csv", "a/2.csv"]),
        ("a/[13].csv", ["a/1.csv"]),
        ("a/**/*.csv", ["a/1.csv", "a/2.csv", "a/deep/3.csv", "a/deep/deeper/4.csv"]),
        ("a/**", ["a/1.csv", "a/2.csv", "a/deep/3.csv", "a/deep/deeper/4.csv"]),
        ("./a/1.csv", ["a/1.csv"]),
        ("[b]/*.csv", ["[b]/5.csv"]),
        ("[b]*/*.csv", ["b/6.csv"]),
        ("a[1].csv", ["a[1].csv"]),
        ("a", []),
        ("a/folder.csv", []),
        ("a/9.csv", []),
        ("nowhere/*.csv", []),
        ("a/1.csv/*", []),
        ("", []),
    ],
)
def test_files_on_this_machine(folder, pattern, found):
    assert storage.find(pattern) == found
    if pattern and not pattern.startswith("./"):
        assert storage.find(f"{folder}/{pattern}") == [f"{folder}/{one}" for one in found]


def test_home_is_expanded(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    assert storage.find("~/a/*.csv") == [f"{folder}/a/1.csv", f"{folder}/a/2.csv"]
    assert storage.is_folder("~/a")
    assert storage.digest("~/a/1.csv") == hashlib.sha256(b"a/1.csv").hexdigest()


def test_what_cannot_be_looked_at_is_said(folder):
    with pytest.raises(DataError, match=r"write it as a part of its own"):
        storage.find("a/**.csv")
    for read in (storage.digest, storage.size, storage.open_binary):
        with pytest.raises(DataError, match=r"no\.csv cannot be read \(No such file or directory\)"):
            read("no.csv")
    with pytest.raises(DataError, match="a cannot be read"):
        storage.open_binary("a")


def test_a_local_file_is_its_own_copy(folder):
    with storage.local_copy("a/1.csv") as path:
        assert path.samefile(folder / "a" / "1.csv")
    assert (folder / "a" / "1.csv").is_file()
    assert storage.size("a/1.csv") == 7


def test_files_by_url(memory):
    assert storage.find("mem://bucket/a/*.csv") == ["mem://bucket/a/1.csv", "mem://bucket/a/2.csv"]
    assert storage.find("mem://bucket/**.csv") == [
        "mem://bucket/a/1.csv",
        "mem://bucket/a/2.csv",
        "mem://bucket/a/deep/3.csv",
    ]
    assert storage.find("mem://bucket/a/1.csv") == ["mem://bucket/a/1.csv"]
    assert storage.find("mem://bucket/none*") == storage.find("mem://bucket/none") == []
    assert storage.is_folder("mem://bucket/a/")
    assert storage.is_folder("mem://bucket")
    assert not storage.is_folder("mem://bucket/a/1.csv")


def test_the_bytes_of_a_url_are_as_stored(memory):
    memory["mem://bucket/b.csv.gz"] = packed = gzip.compress(b"text")
    with storage.open_binary("mem://bucket/b.csv.gz") as file:
        assert file.read() == packed
    assert storage.digest("mem://bucket/b.csv.gz") == hashlib.sha256(packed).hexdigest()
    assert storage.size("mem://bucket/b.csv.gz") == len(packed)
    with storage.local_copy("mem://bucket/b.csv.gz") as path:
        assert (path.name, path.read_bytes()) == ("b.csv.gz", packed)
    assert not path.exists()


def test_a_url_that_leads_nowhere_is_said(memory):
    with pytest.raises(DataError, match="mem://bucket/no cannot be reached"):
        storage.open_binary("mem://bucket/no")
    with pytest.raises(DataError, match="mem://bucket/no is no file"):
        storage.size("mem://bucket/no")
    with pytest.raises(DataError, match=r"there is no file system ftp://; use a local path, or one of .*mem://"):
        storage.find("ftp://host/*.csv")


def test_a_missing_extra_of_beams_is_named():
    hdfs = pytest.importorskip("apache_beam.io.hadoopfilesystem").hdfs
    if hdfs is not None:
        pytest.skip("Beam's extra hadoop is installed")
    with pytest.raises(DataError, match=r'pip install "apache-beam\[hadoop\]"'):
        storage.find("hdfs://host/*.csv")


def test_beam_is_not_imported_for_local_paths():
    code = "from components.example_gen import storage; storage.find('*.csv'); storage.is_folder('.')"
    assert heavy_imports(code) == set()


def test_a_home_that_is_not_there_and_a_name_too_long_are_said(folder):
    for look in (storage.find, storage.is_folder, storage.is_file, storage.size, storage.home_filled, storage.parts):
        with pytest.raises(DataError, match=r"~nosuchuser/x: there is no such home folder; write the path without ~"):
            look("~nosuchuser/x")
    for look in (storage.find, storage.is_folder, storage.is_file, storage.size):
        with pytest.raises(DataError, match=r"cannot be read \(File name too long\)"):
            look("x" * 300)


def test_one_file_has_one_resolved_path(folder):
    (folder / "link.csv").symlink_to("a/1.csv")
    paths = ("a/1.csv", "./a/../a/1.csv", "link.csv", str(folder / "a" / "1.csv"))
    assert {storage.resolved(path) for path in paths} == {str((folder / "a" / "1.csv").resolve())}
    assert storage.resolved("gs://b/x") == storage.home_filled("gs://b/x") == "gs://b/x"


@pytest.mark.parametrize(
    ("pattern", "closed"),
    [("*/1.csv", "a/1.csv"), ("*/*.csv", "a"), ("**/*.csv", "a/deep"), ("a/**", "a/deep/deeper")],
)
def test_a_folder_that_may_not_be_read_is_said(folder, monkeypatch, pattern, closed):
    def refuse(function):
        def guarded(path, *args, **kwargs):
            if str(path) == closed:
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            return function(path, *args, **kwargs)

        return guarded

    monkeypatch.setattr("os.scandir", refuse(os.scandir))
    monkeypatch.setattr("pathlib.Path.stat", refuse(Path.stat))
    with pytest.raises(DataError, match=rf"cannot be read \(Permission denied: {closed}\)"):
        storage.find(pattern)


def test_a_link_that_leads_nowhere_is_said(folder):
    (folder / "a" / "0.csv").symlink_to("gone.csv")
    (folder / "a" / "0").symlink_to("gone")
    for pattern in ("a/*.csv", "*/0.csv", "a/**"):
        with pytest.raises(DataError, match=r"cannot be read \(No such file or directory: a/0(\.csv)?\)"):
            storage.find(pattern)
    assert storage.find("a/1*") == ["a/1.csv"]
    assert storage.find("a/*/3.csv") == ["a/deep/3.csv"]


class _Breaking(io.RawIOBase):
    """Some bytes, then an error of the client's own."""

    def __init__(self, content, sound, error):
        self._content, self._sound, self._error = io.BytesIO(content), sound, error

    def readable(self):
        return True

    def seekable(self):
        return True

    def readinto(self, buffer):
        if self.tell() >= self._sound:
            raise self._error
        return self._content.readinto(buffer)

    def seek(self, offset, whence=0):
        return self._content.seek(offset, whence)

    def tell(self):
        return self._content.tell()


@pytest.mark.parametrize("error", [RuntimeError("quota"), OSError("quota")])
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.csv.zip", "a.parquet", "a.tfrecord"])
def test_what_goes_wrong_while_a_url_is_read_is_no_damage(memory, monkeypatch, error, name):
    url = f"mem://bucket/{name}"
    content = gzip.compress(os.urandom(1 << 16))[:1000]
    sound = len(content) if name.endswith(".gz") else 0
    monkeypatch.setattr(_Memory, "open", lambda *_, **__: io.BufferedReader(_Breaking(content, sound, error)))
    message = rf"{url} cannot be reached \(quota\); the file broke off on the way: try again"
    for read in (storage.digest, _copied):
        with pytest.raises(DataError, match=message):
            read(url)
    file, columns = InputFile(url, url), Columns("text", label="label")
    module = formats.module(formats.format_of(url))
    with pytest.raises(DataError, match=message):
        module.check(file, columns)
    with pytest.raises(DataError, match=message):
        list(module.read(file, columns))


def _copied(url):
    with storage.local_copy(url) as path:
        return path


def test_a_url_can_be_read_from_any_place(memory):
    memory["mem://bucket/x"] = content = os.urandom(5_000_000)
    with storage.open_binary("mem://bucket/x") as file:
        assert file.seek(-10, 2) == len(content) - 10
        assert file.read() == content[-10:]
        file.seek(0)
        assert file.read(4_000_000) == content[:4_000_000]
        assert file.tell() == 4_000_000
