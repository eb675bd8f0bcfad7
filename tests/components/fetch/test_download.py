from __future__ import annotations

import concurrent.futures
import hashlib
import json
import multiprocessing

import pytest

from components.errors import DataError
from components.fetch import download as module
from components.fetch.catalogue import Official, WebFile
from components.fetch.retrieve import Retrieved, retrieve
from components.progress import listening

CONTENT = bytes(range(256)) * 4096  # 1 MiB


def official(content=CONTENT):
    return Official(len(content), hashlib.sha256(content).hexdigest(), hashlib.md5(content).hexdigest())


@pytest.fixture
def file(host):
    host.files["/a.bin"] = CONTENT
    return WebFile("a.bin", f"{host.url}/a.bin", official())


def fails(file, folder):
    with pytest.raises(DataError) as error:
        retrieve(file, folder)
    assert "\n" not in str(error.value)
    return str(error.value)


def names(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def test_a_file_arrives_whole_and_is_not_downloaded_again(file, host, tmp_path):
    folder = tmp_path / "deep" / "data"
    assert retrieve(file, folder) == Retrieved(folder / "a.bin", True)
    assert (folder / "a.bin").read_bytes() == CONTENT
    assert names(folder) == ["a.bin"]
    assert retrieve(file, folder) == Retrieved(folder / "a.bin", False)
    assert len(host.requests) == 1


def test_progress_is_reported_to_the_end(file, tmp_path):
    reports = []
    with listening(reports.append):
        retrieve(file, tmp_path)
    assert reports[-1].done == reports[-1].total == len(CONTENT)
    assert reports[-1].unit == "bytes"
    assert [one.done for one in reports] == sorted(one.done for one in reports)


def test_a_cut_connection_goes_on_where_it_was(file, host, tmp_path):
    host.cuts = [300_000, 200_000]
    retrieve(file, tmp_path)
    assert (tmp_path / "a.bin").read_bytes() == CONTENT
    assert host.asked("Range") == [None, "bytes=300000-", "bytes=500000-"]
    assert host.asked("If-Range") == [None, '"1"', '"1"']


def test_what_an_earlier_process_left_is_gone_on_with(file, host, tmp_path):
    host.cuts = [300_000] + [0] * 20
    assert "what is there already is kept" in fails(file, tmp_path)
    assert names(tmp_path) == ["a.bin.part", "a.bin.part.json"]
    host.cuts, host.requests = [], []
    retrieve(file, tmp_path)
    assert host.asked("Range") == ["bytes=300000-"]
    assert (tmp_path / "a.bin").read_bytes() == CONTENT
    assert names(tmp_path) == ["a.bin"]


def test_a_file_that_has_changed_meanwhile_is_begun_again(file, host, tmp_path):
    host.cuts = [300_000] + [0] * 20
    fails(file, tmp_path)
    changed = CONTENT[::-1]
    host.cuts, host.files["/a.bin"], host.headers = [], changed, {"ETag": '"2"'}
    retrieve(WebFile("a.bin", file.url, official(changed)), tmp_path)
    assert (tmp_path / "a.bin").read_bytes() == changed


def test_the_date_serves_where_the_tag_is_weak(file, host, tmp_path):
    host.headers = {"ETag": 'W/"1"', "Last-Modified": "Fri, 20 Nov 2026 00:00:00 GMT"}
    host.cuts = [1000]
    retrieve(file, tmp_path)
    assert host.asked("If-Range") == [None, host.headers["Last-Modified"]]


@pytest.mark.parametrize("headers", [{}, {"ETag": 'W/"1"'}])
def test_without_a_way_to_tell_versions_apart_it_begins_again(file, host, tmp_path, headers):
    host.headers, host.cuts = headers, [1000]
    retrieve(file, tmp_path)
    assert host.asked("Range") == [None, None]
    assert (tmp_path / "a.bin").read_bytes() == CONTENT


def test_a_server_that_knows_no_ranges_sends_it_all_again(file, host, tmp_path):
    host.ranges, host.cuts = False, [300_000]
    retrieve(file, tmp_path)
    assert host.asked("Range") == [None, "bytes=300000-"]
    assert (tmp_path / "a.bin").read_bytes() == CONTENT


def test_notes_of_another_address_or_broken_ones_are_no_use(file, host, tmp_path):
    for notes in (json.dumps({"url": "http://127.0.0.1/other", "validator": '"1"'}), "{", "[]"):
        (tmp_path / "a.bin").unlink(missing_ok=True)
        (tmp_path / "a.bin.part").write_bytes(b"something else")
        (tmp_path / "a.bin.part.json").write_text(notes)
        retrieve(file, tmp_path)
        assert (tmp_path / "a.bin").read_bytes() == CONTENT
    assert host.asked("Range") == [None, None, None]


def test_a_part_that_is_whole_needs_no_more(file, host, tmp_path):
    (tmp_path / "a.bin.part").write_bytes(CONTENT)
    (tmp_path / "a.bin.part.json").write_text(json.dumps({"url": file.url, "validator": '"1"'}))
    retrieve(file, tmp_path)
    assert (tmp_path / "a.bin").read_bytes() == CONTENT
    assert host.asked("Range") == [f"bytes={len(CONTENT)}-"]


def test_a_part_that_is_longer_than_the_file_is_begun_again(file, host, tmp_path):
    (tmp_path / "a.bin.part").write_bytes(CONTENT + b"more")
    (tmp_path / "a.bin.part.json").write_text(json.dumps({"url": file.url, "validator": '"1"'}))
    retrieve(file, tmp_path)
    assert (tmp_path / "a.bin").read_bytes() == CONTENT


def test_wrong_bytes_are_removed(file, host, tmp_path):
    host.files["/a.bin"] = CONTENT[:-1] + b"!"
    message = fails(file, tmp_path)
    assert "has the sha256" in message
    assert "was removed" in message
    assert names(tmp_path) == []


def test_another_size_is_refused_before_it_is_downloaded(file, host, tmp_path):
    host.files["/a.bin"] = CONTENT + b"!"
    assert "has 1,048,577 bytes, but the file that was published has 1,048,576" in fails(file, tmp_path)
    assert names(tmp_path) == []


def test_a_damaged_official_file_is_replaced(file, tmp_path):
    (tmp_path / "a.bin").write_bytes(CONTENT[:-1] + b"!")
    assert retrieve(file, tmp_path).fetched
    assert (tmp_path / "a.bin").read_bytes() == CONTENT


def test_a_file_of_which_nothing_is_known_stays(host, tmp_path):
    (tmp_path / "a.bin").write_bytes(b"mine")
    assert not retrieve(WebFile("a.bin", f"{host.url}/a.bin"), tmp_path).fetched
    assert (tmp_path / "a.bin").read_bytes() == b"mine"
    assert host.requests == []


@pytest.mark.parametrize("length", [True, False])
def test_nothing_larger_than_it_may_be_is_kept(host, tmp_path, length):
    host.files["/a.bin"], host.length = CONTENT, length
    message = fails(WebFile("a.bin", f"{host.url}/a.bin", largest=1000), tmp_path)
    assert "is larger than 1,000 bytes" in message
    assert "a.bin" not in names(tmp_path)


def test_without_a_length_it_arrives_all_the_same(file, host, tmp_path):
    host.length = False
    retrieve(file, tmp_path)
    assert (tmp_path / "a.bin").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("status", "said"), [(404, "there is no such file"), (403, "it refuses"), (401, "a login"), (418, "answers 418")]
)
def test_what_will_not_change_is_said_at_once(file, host, tmp_path, status, said):
    host.statuses = [status]
    message = fails(file, tmp_path)
    assert said in message
    assert "--from" in message
    assert len(host.requests) == 1


def test_what_may_pass_is_tried_again(file, host, tmp_path):
    host.statuses = [503, 429, 500]
    retrieve(file, tmp_path)
    assert len(host.requests) == 4
    host.statuses = [503] * 50
    message = fails(WebFile("b.bin", file.url), tmp_path)
    assert "the server answers 503 Service Unavailable" in message
    assert len(host.requests) == 4 + module._ATTEMPTS


def test_no_network(tmp_path):
    message = fails(WebFile("a.bin", "http://127.0.0.1:9/a.bin"), tmp_path)
    assert "cannot be downloaded" in message
    assert "check the network" in message


def test_redirects_are_followed_as_archive_org_wants(file, host, tmp_path):
    host.redirects["/download/item/a.bin"] = "/a.bin"
    retrieve(WebFile("a.bin", f"{host.url}/download/item/a.bin", official()), tmp_path)
    assert [path for path, _ in host.requests] == ["/download/item/a.bin", "/a.bin"]
    host.redirects["/loop"] = "/loop"
    assert "cannot be downloaded" in fails(WebFile("b.bin", f"{host.url}/loop"), tmp_path)


def test_https_is_not_left_for_an_open_address():
    import httpx

    with module._client("https://example.org/a.bin") as client:
        (check,) = client.event_hooks["request"]
        check(httpx.Request("GET", "https://elsewhere.example/a.bin"))
        check(httpx.Request("GET", "http://127.0.0.1/a.bin"))
        with pytest.raises(DataError, match=r"leads to http://elsewhere\.example/a\.bin, which is not encrypted"):
            check(httpx.Request("GET", "http://elsewhere.example/a.bin"))


def test_a_full_disk_is_said(file, tmp_path):
    (tmp_path / "a.bin.part").symlink_to("/dev/full")
    message = fails(file, tmp_path)
    assert "cannot be written (No space left on device); make room" in message
    assert "a.bin" not in names(tmp_path)


def test_a_folder_that_cannot_be_made_is_said(file, tmp_path):
    (tmp_path / "file").write_text("")
    message = fails(file, tmp_path / "file")
    assert "cannot be written" in message
    assert "--to" in message


def test_two_processes_at_once_download_once(file, host, tmp_path):
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(3, mp_context=context) as pool:
        results = [one.result(60) for one in [pool.submit(retrieve, file, tmp_path) for _ in range(3)]]
    assert sorted(one.fetched for one in results) == [False, False, True]
    assert len(host.requests) == 1


@pytest.mark.parametrize("known", [True, False])
def test_archive_org_tells_size_and_checksum(host, tmp_path, known):
    host.redirects["/download/item/a.bin"] = "/server/a.bin"
    host.files["/server/a.bin"] = CONTENT
    entry = {"name": "a.bin", "size": str(len(CONTENT)), "md5": official().md5}
    if known:
        host.files["/metadata/item/files"] = json.dumps({"result": [{"name": "b"}, entry]}).encode()
    file = WebFile("a.bin", f"{host.url}/download/item/a.bin", item="item")
    assert retrieve(file, tmp_path).fetched
    assert (tmp_path / "a.bin").read_bytes() == CONTENT
    assert host.requests[0][0] == "/metadata/item/files"


def test_what_is_not_what_archive_org_says_is_removed(host, tmp_path):
    host.files["/a.bin"] = CONTENT
    entry = {"name": "a.bin", "size": str(len(CONTENT)), "md5": "0" * 32}
    host.files["/metadata/item/files"] = json.dumps({"result": [entry]}).encode()
    assert "has the md5" in fails(WebFile("a.bin", f"{host.url}/a.bin", item="item"), tmp_path)
    assert names(tmp_path) == []
