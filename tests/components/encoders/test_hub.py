"""Against a server that answers as TF Hub does: redirects, a tar archive, and all that may go wrong on the way."""

from __future__ import annotations

import gzip
import io
import lzma
import multiprocessing
import os
import signal
import subprocess
import sys
import tarfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

import pytest
import tenacity
import tensorflow_hub

from components.encoders.hub import cached_folder, downloaded, hub_cache
from components.encoders.inspect import inspect_encoder
from components.errors import EncoderError
from components.fetch import download
from tests.components.fetch.servers import Host, serving

QUERY = "?tf-hub-format=compressed"
FILES = {
    "saved_model.pb": b"graph", "variables/variables.index": b"index", "assets/vocab.txt": b"[PAD]\n",
    "variables/variables.data-00000-of-00001": os.urandom(200_000),
}  # fmt: skip


def packed(files=FILES, mode: Literal["w:gz", "w:"] = "w:gz", **kinds: bytes) -> bytes:
    """An archive of these files; `kinds` gives the type of other members."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode=mode) as archive:
        for folder in ("./", "./variables", "./assets"):
            member = tarfile.TarInfo(folder)
            member.type, member.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(member)
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        for name, kind in kinds.items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "saved_model.pb"
            archive.addfile(member)
    return content.getvalue()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setattr(download, "_WAIT", tenacity.wait_none())
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "hub"))
    return tmp_path / "hub"


@pytest.fixture
def host():
    with serving(Host(files={f"/good/1{QUERY}": packed()})) as running:
        yield running


def leftovers(cache: Path) -> set[str]:
    """What lies in the cache beside locks."""
    return {path.name for path in cache.iterdir() if not path.name.endswith(".lock")}


def assert_whole(folder: Path) -> None:
    assert {name: (folder / name).read_bytes() for name in FILES} == FILES


def test_an_encoder_is_downloaded_once_and_can_be_used(host, cache, tiny_encoder):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        archive.add(tiny_encoder, arcname=".")
    host.files[f"/tiny/1{QUERY}"] = content.getvalue()
    folder = downloaded(f"{host.url}/tiny/1")
    assert folder.is_absolute()
    assert folder.parent == cache
    assert inspect_encoder(folder).parameters == inspect_encoder(tiny_encoder).parameters
    assert len(tensorflow_hub.KerasLayer(str(folder), trainable=True).trainable_variables) == 39
    assert downloaded(f"{host.url}/tiny/1") == folder
    assert len(host.requests) == 1
    assert leftovers(cache) == {folder.name}


def test_a_redirect_to_another_host_is_followed(host):
    """As tfhub.dev sends one to Kaggle, and Kaggle to its storage."""
    with serving(Host(redirects={f"/bert/3{QUERY}": f"{host.url}/good/1{QUERY}"})) as front:
        assert_whole(downloaded(f"{front.url}/bert/3"))
    assert [path for path, _ in host.requests] == [f"/good/1{QUERY}"]


def test_a_query_is_kept_and_asked_for_once(host):
    host.files = {f"/good/1?a=b&{QUERY[1:]}": packed()}
    assert_whole(downloaded(f"{host.url}/good/1?a=b"))
    assert_whole(downloaded(f"{host.url}/good/1?a=b&{QUERY[1:]}"))


def test_tensorflow_hub_finds_what_is_there_and_the_other_way_round(host):
    ours = downloaded(f"{host.url}/good/1")
    assert tensorflow_hub.resolve(f"{host.url}/good/1") == str(ours)
    host.files[f"/other/1{QUERY}"] = packed()
    theirs = tensorflow_hub.resolve(f"{host.url}/other/1")
    requests = len(host.requests)
    assert str(downloaded(f"{host.url}/other/1")) == theirs
    assert len(host.requests) == requests


def test_a_plain_tar_archive_will_do(host):
    host.files = {f"/good/1{QUERY}": packed(mode="w:")}
    assert_whole(downloaded(f"{host.url}/good/1"))


def test_a_connection_that_ends_half_way_goes_on_where_it_was(host):
    host.cuts = [90_000]
    assert_whole(downloaded(f"{host.url}/good/1"))
    assert host.asked("Range") == [None, "bytes=90000-"]


def test_a_server_that_keeps_failing_leaves_nothing_that_is_taken_for_whole(host, cache):
    host.cuts = [50_000, *[0] * 20]
    with pytest.raises(EncoderError, match=r"cannot be downloaded .*; check the address and the network") as told:
        downloaded(f"{host.url}/good/1")
    assert str(told.value).count("cannot be downloaded") == 1
    assert not cached_folder(f"{host.url}/good/1").exists()
    host.cuts = []
    assert_whole(downloaded(f"{host.url}/good/1"))
    assert host.asked("Range")[-1] == "bytes=50000-"
    assert leftovers(cache) == {cached_folder(f"{host.url}/good/1").name}


@pytest.mark.parametrize("kept", [100, 60_000, 150_000, -9, -1])
def test_an_archive_that_ends_early_without_a_word_is_refused(host, cache, kept):
    """The server tells no length, and closes: only the archive itself tells that it is cut off."""
    whole = packed()
    host.length, host.ranges, host.files = False, False, {f"/good/1{QUERY}": whole[:kept]}
    with pytest.raises(EncoderError, match=r"is no archive of a SavedModel \(.+\); check the address and try again"):
        downloaded(f"{host.url}/good/1")
    assert leftovers(cache) == set()
    host.files = {f"/good/1{QUERY}": whole}
    assert_whole(downloaded(f"{host.url}/good/1"))


def test_a_damaged_archive_is_refused(host, cache):
    damaged = bytearray(packed())
    damaged[-6] ^= 1  # in gzip's checksum
    host.files = {f"/good/1{QUERY}": bytes(damaged)}
    with pytest.raises(EncoderError, match="is no archive of a SavedModel"):
        downloaded(f"{host.url}/good/1")
    assert leftovers(cache) == set()


@pytest.mark.parametrize("cut", [0, 500])
def test_an_archive_packed_in_another_way_is_refused(host, cache, cut):
    packed_by_xz = lzma.compress(packed())
    host.files = {f"/good/1{QUERY}": packed_by_xz[: len(packed_by_xz) - cut]}
    with pytest.raises(EncoderError, match="is no archive of a SavedModel"):
        downloaded(f"{host.url}/good/1")
    assert leftovers(cache) == set()


@pytest.mark.parametrize("name", ["n" * 300, "assets", "saved_model.pb/more"])
def test_names_that_no_file_system_takes_are_no_encoder(host, cache, name):
    host.files = {f"/good/1{QUERY}": packed({**FILES, name: b"more"})}
    with pytest.raises(EncoderError, match="is no archive of a SavedModel"):
        downloaded(f"{host.url}/good/1")
    assert leftovers(cache) == set()


def test_an_archive_that_would_fill_the_disk_is_refused(host, cache, monkeypatch):
    monkeypatch.setattr("components.encoders.hub._LARGEST", 300_000)
    host.files = {f"/good/1{QUERY}": packed({**FILES, "zeros": bytes(1_000_000)})}
    with pytest.raises(EncoderError, match="unpacked it is larger than 300,000 bytes"):
        downloaded(f"{host.url}/good/1")
    assert leftovers(cache) == set()


def test_a_disk_without_room_for_the_download_is_told_from_the_network(host):
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000));"
        "from components.encoders.hub import downloaded; from components.errors import EncoderError\n"
        "try: downloaded(sys.argv[1])\n"
        "except EncoderError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, f"{host.url}/good/1"], capture_output=True, text=True, timeout=120
    )
    assert "cannot be cached in" in done.stdout, done.stderr
    assert "(File too large); make room, or set TFHUB_CACHE_DIR" in done.stdout
    assert "network" not in done.stdout


@pytest.mark.parametrize("missing", [name for name in FILES if name != "assets/vocab.txt"])
def test_an_archive_of_less_than_a_saved_model_is_refused(host, missing):
    host.files = {f"/good/1{QUERY}": packed({name: data for name, data in FILES.items() if name != missing})}
    with pytest.raises(EncoderError, match="does not hold the whole of a SavedModel"):
        downloaded(f"{host.url}/good/1")


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "assets/../../evil", ".."])
def test_a_file_that_would_lie_elsewhere_is_refused(host, cache, name):
    host.files = {f"/good/1{QUERY}": packed({**FILES, name: b"evil"})}
    with pytest.raises(EncoderError, match="neither a file nor a folder inside it"):
        downloaded(f"{host.url}/good/1")
    assert leftovers(cache) == set()
    assert not (cache / "evil").exists()
    assert not (cache.parent / "evil").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_what_is_no_file_is_refused(host, kind):
    host.files = {f"/good/1{QUERY}": packed(link=kind)}
    with pytest.raises(EncoderError, match="'link' is neither a file nor a folder"):
        downloaded(f"{host.url}/good/1")


@pytest.mark.parametrize("body", [b"<html>hello</html>", b"", gzip.compress(b"hello", mtime=0)])
def test_a_page_is_no_encoder(host, body):
    host.files = {f"/page/1{QUERY}": body}
    with pytest.raises(EncoderError, match="is no archive of a SavedModel"):
        downloaded(f"{host.url}/page/1")


def test_an_address_without_an_encoder_names_the_remedy(host):
    with pytest.raises(EncoderError, match=r"/gone/1, but .*404.*set encoder\.handle") as refusal:
        downloaded(f"{host.url}/gone/1")
    assert "--from" not in str(refusal.value)


def test_a_server_that_is_not_there():
    with pytest.raises(EncoderError, match=r"cannot be downloaded .*refused"):
        downloaded("http://127.0.0.1:9/encoder/1")


def test_an_encoder_that_lost_a_file_is_downloaded_anew(host):
    folder = downloaded(f"{host.url}/good/1")
    (folder / "variables" / "variables.index").unlink()
    assert_whole(downloaded(f"{host.url}/good/1"))


def test_a_cache_that_cannot_be_written_names_the_setting(host, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "file"))
    with pytest.raises(EncoderError, match=r"cannot be cached in .*set TFHUB_CACHE_DIR"):
        downloaded(f"{host.url}/good/1")


def test_without_a_setting_our_own_cache_is_used(monkeypatch, tmp_path):
    monkeypatch.delenv("TFHUB_CACHE_DIR")
    monkeypatch.setenv("BERTLINE_CACHE", str(tmp_path))
    assert hub_cache() == tmp_path / "tfhub"


def _download(url: str) -> str:
    return str(downloaded(url))


def test_two_processes_download_once(host):
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        folders = pool.map(_download, [f"{host.url}/good/1"] * 2, chunksize=1)
    assert folders[0] == folders[1]
    assert_whole(Path(folders[0]))
    assert len(host.requests) == 1


class Stalling(BaseHTTPRequestHandler):
    """Sends half of an archive and falls silent, until it is told to go on; then it sends all of it."""

    goes_on = threading.Event()
    archive = b""

    def do_GET(self):
        whole = self.goes_on.is_set()
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.archive)))
        self.end_headers()
        self.wfile.write(self.archive if whole else self.archive[: len(self.archive) // 2])
        self.wfile.flush()
        self.goes_on.wait(60)

    def log_message(self, format, *args):  # noqa: A002
        """Nothing is printed."""


@pytest.fixture
def stalling():
    Stalling.archive = packed()
    Stalling.goes_on.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Stalling) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/bert/1"
        Stalling.goes_on.set()
        server.shutdown()


def test_a_process_that_is_killed_leaves_nothing_that_is_taken_for_whole(stalling, cache):
    process = multiprocessing.get_context("spawn").Process(target=_download, args=(stalling,))
    process.start()
    part = cache / f".{cached_folder(stalling).name}.tar.part"
    deadline = time.monotonic() + 60
    while not (part.is_file() and part.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join(30)
    assert process.exitcode == -signal.SIGKILL
    assert 0 < part.stat().st_size < len(Stalling.archive)
    assert not cached_folder(stalling).exists()
    Stalling.goes_on.set()
    assert_whole(downloaded(stalling))
    assert leftovers(cache) == {cached_folder(stalling).name}
