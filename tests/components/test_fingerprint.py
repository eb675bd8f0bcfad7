from __future__ import annotations

import hashlib
import shutil

import pytest

from components.fingerprint import code_digest, file_digest, folder_digest, json_digest


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "data"
    (root / "sub").mkdir(parents=True)
    (root / "a.txt").write_bytes(b"alpha")
    (root / "sub" / "b.txt").write_bytes(b"beta")
    return root


def test_a_files_digest_is_its_sha256(folder):
    assert file_digest(folder / "a.txt") == hashlib.sha256(b"alpha").hexdigest()


def test_a_folders_digest_is_the_same_wherever_it_lies(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "elsewhere" / "copy")
    assert folder_digest(copy) == folder_digest(folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "a.txt").write_bytes(b"alphA"),
        lambda root: (root / "a.txt").rename(root / "c.txt"),
        lambda root: (root / "sub" / "b.txt").unlink(),
        lambda root: (root / "new.txt").write_bytes(b""),
    ],
)
def test_any_change_of_a_name_or_a_byte_changes_the_folders_digest(folder, change):
    before = folder_digest(folder)
    change(folder)
    assert folder_digest(folder) != before


def test_what_is_excluded_does_not_count(folder):
    before = folder_digest(folder, exclude=["sub/b.txt"])
    (folder / "sub" / "b.txt").write_bytes(b"changed")
    assert folder_digest(folder, exclude=["sub/b.txt"]) == before


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        file_digest(tmp_path / "none")


def test_code_digests_differ_by_package_and_are_stable():
    assert code_digest("components.transform") == code_digest("components.transform")
    assert code_digest("components.transform") != code_digest("components.trainer")
    assert code_digest("components.errors") != code_digest("components.progress")


def test_code_of_no_module_is_an_error():
    with pytest.raises(ModuleNotFoundError):
        code_digest("components.no_such_room")


def test_json_digests_do_not_depend_on_the_order_of_keys():
    assert json_digest({"a": 1, "b": [1, 2]}) == json_digest({"b": [1, 2], "a": 1})
    assert json_digest({"a": [1, 2]}) != json_digest({"a": [2, 1]})
