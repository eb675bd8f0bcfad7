from __future__ import annotations

import pytest

from pipeline.kubeflow.local.store import ObjectStore, local_path

URI = "minio://bucket/run/model"


@pytest.fixture
def store(tmp_path) -> ObjectStore:
    return ObjectStore(tmp_path / "store")


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    (folder / "variables").mkdir(parents=True)
    (folder / "empty" / "emptier").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"model")
    (folder / "variables" / "index").write_bytes(b"index")
    return folder


def files(folder) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("scheme", "folder"), [("minio", "minio"), ("s3", "s3"), ("gs", "gcs")])
def test_where_the_launcher_puts_things(tmp_path, scheme, folder):
    assert local_path(f"{scheme}://b/a/k", tmp_path) == tmp_path / folder / "b" / "a" / "k"


@pytest.mark.parametrize("uri", ["http://b/k", "/minio/b/k", "oci://image"])
def test_other_uris_have_no_place(tmp_path, uri):
    with pytest.raises(ValueError, match="unsupported storage scheme"):
        local_path(uri, tmp_path)


def test_a_folder_goes_and_comes_whole_but_for_what_is_empty(store, source, tmp_path):
    store.upload(source, URI)
    store.download(URI, tmp_path / "mount")
    arrived = tmp_path / "mount" / "minio" / "bucket" / "run" / "model"
    assert files(arrived) == {"saved_model.pb": b"model", "variables/index": b"index"}
    assert not (arrived / "empty").exists()


def test_a_file_is_an_object_itself(store, tmp_path):
    (tmp_path / "one").write_bytes(b"1")
    store.upload(tmp_path / "one", URI)
    store.download(URI, tmp_path / "mount")
    assert local_path(URI, tmp_path / "mount").read_bytes() == b"1"


def test_what_begins_alike_comes_too(store, source, tmp_path):
    store.upload(source, URI)
    store.upload(source, f"{URI}_run")
    store.upload(source, "minio://bucket/run/other")
    store.download(URI, tmp_path / "mount")
    folder = tmp_path / "mount" / "minio" / "bucket" / "run"
    assert sorted(path.name for path in folder.iterdir()) == ["model", "model_run"]


def test_what_is_not_there_is_not_there(store, tmp_path):
    store.download(URI, tmp_path / "mount")
    assert not (tmp_path / "mount").exists()
    with pytest.raises(FileNotFoundError):
        store.upload(tmp_path / "nothing", URI)


def test_an_empty_folder_leaves_no_object(store, tmp_path):
    (tmp_path / "empty").mkdir()
    store.upload(tmp_path / "empty", URI)
    store.download(URI, tmp_path / "mount")
    assert not (tmp_path / "mount").exists()


def test_an_upload_that_breaks_off_leaves_no_object(store, source, tmp_path, monkeypatch):
    def break_off(origin, target):
        target.write_bytes(b"mo")
        raise OSError("no space")

    monkeypatch.setattr("pipeline.kubeflow.local.store.shutil.copyfile", break_off)
    with pytest.raises(OSError, match="no space"):
        store.upload(source, URI)
    monkeypatch.undo()
    store.download(URI, tmp_path / "mount")
    assert not (tmp_path / "mount").exists()


def test_links_are_followed_to_files_and_fail_at_folders(store, source, tmp_path):
    (source / "link").symlink_to(source / "saved_model.pb")
    store.upload(source, URI)
    assert store.path(f"{URI}/link").read_bytes() == b"model"
    (source / "folder").symlink_to(source / "variables")
    with pytest.raises(IsADirectoryError):
        store.upload(source, URI)
