from __future__ import annotations

import concurrent.futures
import hashlib
import json
import multiprocessing

import httpx
import pytest

from components.errors import DataError
from components.fetch import download as module
from components.fetch import files
from components.fetch.addresses import fingerprint
from components.fetch.catalogue import LocalFile, Official, WebFile
from components.fetch.partial import Partial
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


def notes_of(url):
    return json.dumps({"address": fingerprint(url), "validator": '"1"'})


def names(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_a_file_arrives_whole_and_is_not_downloaded_again(file, host, tmp_path):
    folder = tmp_path / "deep" / "data"
    assert retrieve(file, folder) == Retrieved(folder / "a.bin", True, unverified=False)
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


def test_a_host_may_not_say_how_much_there_is(file, host, tmp_path):
    host.length = False
    reports = []
    with listening(reports.append):
        retrieve(file, tmp_path)
    assert reports
    assert {one.total for one in reports} == {None}


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
    for notes in (notes_of("http://127.0.0.1/other"), "{", "[]"):
        (tmp_path / "a.bin").unlink(missing_ok=True)
        (tmp_path / "a.bin.part").write_bytes(b"something else")
        (tmp_path / "a.bin.part.json").write_text(notes)
        retrieve(file, tmp_path)
        assert (tmp_path / "a.bin").read_bytes() == CONTENT
    assert host.asked("Range") == [None, None, None]


def test_a_part_that_is_whole_needs_no_more(file, host, tmp_path):
    (tmp_path / "a.bin.part").write_bytes(CONTENT)
    (tmp_path / "a.bin.part.json").write_text(notes_of(file.url))
    retrieve(file, tmp_path)
    assert (tmp_path / "a.bin").read_bytes() == CONTENT
    assert host.asked("Range") == [f"bytes={len(CONTENT)}-"]


def test_a_part_that_is_longer_than_the_file_is_begun_again(file, host, tmp_path):
    (tmp_path / "a.bin.part").write_bytes(CONTENT + b"more")
    (tmp_path / "a.bin.part.json").write_text(notes_of(file.url))
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
    with module._client("https://example.org/a.bin") as client:
        (check,) = client.event_hooks["request"]
        check(httpx.Request("GET", "https://elsewhere.example/a.bin"))
        with pytest.raises(DataError, match=r"leads to http://elsewhere\.example/a\.bin, which is not encrypted"):
            check(httpx.Request("GET", "http://elsewhere.example/a.bin"))


@pytest.mark.parametrize("url", ["HTTP://example.org/a.bin", "http://example.org/a.bin"])
def test_an_open_address_may_lead_to_open_ones(url):
    with module._client(url) as client:
        [check] = client.event_hooks["request"]
        assert check(httpx.Request("GET", "http://elsewhere.example/a.bin")) is None


@pytest.mark.parametrize("url", ["https://example.org/a.bin", "http://example.org/a.bin"])
@pytest.mark.parametrize("to", ["http://127.0.0.1/a", "https://localhost/a", "http://[::1]:8080/a", "http://127.1/a"])
def test_no_mirror_reaches_this_machines_services(url, to):
    with module._client(url) as client, pytest.raises(DataError, match=r"leads to .*, which is this machine"):
        client.event_hooks["request"][0](httpx.Request("GET", to))


@pytest.mark.parametrize("url", ["https://localhost/a.bin", "http://127.0.0.1/a.bin"])
def test_a_server_of_this_machine_may_lead_to_another(url):
    with module._client(url) as client:
        [check] = client.event_hooks["request"]
        assert check(httpx.Request("GET", "http://127.0.0.1:8080/a.bin")) is None


def test_a_copy_that_was_cut_off_is_no_beginning_of_a_download(host, tmp_path, monkeypatch):
    host.files["/a.bin"], host.cuts = CONTENT, [9000] + [0] * 20
    file = WebFile("a.bin", f"{host.url}/a.bin")
    folder = tmp_path / "data"
    fails(file, folder)
    (tmp_path / "a.bin").write_bytes(b"X" * 20_000)

    def killed(source, written, size):
        written.write(source.read(10_000))
        raise KeyboardInterrupt

    monkeypatch.setattr(files.shutil, "copyfileobj", killed)
    with pytest.raises(KeyboardInterrupt):
        retrieve(LocalFile("a.bin", tmp_path / "a.bin"), folder)
    host.cuts = []
    retrieve(file, folder)
    assert (folder / "a.bin").read_bytes() == CONTENT


def test_notes_speak_of_nothing_but_what_is_there(file, host, tmp_path, monkeypatch):
    """Of a process that ends as it notes the version of another file, nothing of the old file is left."""
    host.cuts = [300_000] + [0] * 20
    fails(file, tmp_path)
    noting = Partial.note

    def killed(partial, headers):
        noting(partial, headers)
        raise KeyboardInterrupt

    changed = CONTENT[::-1]
    host.cuts, host.files["/a.bin"], host.headers = [], changed, {"ETag": '"2"'}
    monkeypatch.setattr(Partial, "note", killed)
    with pytest.raises(KeyboardInterrupt):
        retrieve(WebFile("a.bin", file.url), tmp_path)
    monkeypatch.setattr(Partial, "note", noting)
    retrieve(WebFile("a.bin", file.url), tmp_path)
    assert (tmp_path / "a.bin").read_bytes() == changed


def secret(url):
    return url.replace("://", "://bob:s3cr3t@") + "?X-Amz-Signature=s3cr3t"


@pytest.mark.parametrize("trouble", ["refused", "cut", "wrong", "size", "large", "network", "redirect"])
def test_no_message_and_no_file_holds_a_secret(host, tmp_path, trouble):
    path = "/a.bin?X-Amz-Signature=s3cr3t"
    host.files[path] = CONTENT
    known, url, largest = official(), f"{host.url}/a.bin", 2**31
    if trouble == "refused":
        host.statuses = [403]
    elif trouble == "cut":
        host.cuts = [1000] + [0] * 20
    elif trouble == "wrong":
        host.files[path] = CONTENT[::-1]
    elif trouble == "size":
        known = official(CONTENT + b"!")
    elif trouble == "large":
        known, largest = Official(), 1000
    elif trouble == "network":
        url = "http://127.0.0.1:9/a.bin"
    else:
        host.redirects[path] = "/other?token=s3cr3t"
    message = fails(WebFile("a.bin", secret(url), known, largest=largest), tmp_path)
    assert "s3cr3t" not in message
    assert "bob" not in message
    for left in tmp_path.iterdir():
        assert b"s3cr3t" not in left.read_bytes()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SSL_CERT_FILE", "/no/such/file"),
        ("HTTPS_PROXY", "foo://bob:s3cr3t@x:1"),
        ("HTTPS_PROXY", "http://x:port"),
        ("ALL_PROXY", "socks9://x:1"),
    ],
)
def test_an_environment_that_is_wrong_is_named(file, tmp_path, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    message = fails(file, tmp_path)
    assert "no connection can be set up" in message
    assert name in message
    assert "s3cr3t" not in message


@pytest.mark.parametrize("content", [b"qid,question_text,target\n", b"PK\3\4" + bytes(100), b""])
def test_what_is_called_zip_and_is_none_is_refused(host, tmp_path, content):
    host.files["/train.csv.zip"] = content
    file = WebFile("train.csv.zip", f"{host.url}/train.csv.zip")
    message = fails(file, tmp_path)
    assert "train.csv.zip is no zip file" in message
    assert "was removed" in message
    assert names(tmp_path) == []


def test_a_zip_that_is_there_and_is_none_is_named_and_left(host, tmp_path):
    (tmp_path / "train.csv.zip").write_bytes(b"qid\n")
    assert "train.csv.zip is no zip file: it is not what was fetched; delete it to fetch it again" in fails(
        WebFile("train.csv.zip", f"{host.url}/train.csv.zip"), tmp_path
    )
    assert (tmp_path / "train.csv.zip").read_bytes() == b"qid\n"


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
    assert retrieve(file, tmp_path) == Retrieved(tmp_path / "a.bin", True, unverified=not known)
    assert (tmp_path / "a.bin").read_bytes() == CONTENT
    assert host.requests[0][0] == "/metadata/item/files"


def test_what_is_not_what_archive_org_says_is_removed(host, tmp_path):
    host.files["/a.bin"] = CONTENT
    entry = {"name": "a.bin", "size": str(len(CONTENT)), "md5": "0" * 32}
    host.files["/metadata/item/files"] = json.dumps({"result": [entry]}).encode()
    assert "has the md5" in fails(WebFile("a.bin", f"{host.url}/a.bin", item="item"), tmp_path)
    assert names(tmp_path) == []
