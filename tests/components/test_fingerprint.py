from __future__ import annotations

import hashlib
import importlib
import shutil
import sys

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


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package whose step imports one module at its top, one inside a function, and a third through the first."""
    root = tmp_path / "fakepackage"
    (root / "room").mkdir(parents=True)
    sources = {
        "__init__.py": "",
        "shared.py": "VALUE = 1",
        "lazy.py": "",
        "deep.py": "",
        "unused.py": "",
        "room/__init__.py": "",
        "room/step.py": "import json\nfrom fakepackage import shared\ndef run():\n    import fakepackage.lazy\n",
    }
    sources["shared.py"] = "from fakepackage.deep import anything\n"
    for name, source in sources.items():
        (root / name).write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    yield root
    for name in [name for name in sys.modules if name.partition(".")[0] == "fakepackage"]:
        del sys.modules[name]


@pytest.mark.parametrize(
    "changed", ["room/step.py", "shared.py", "lazy.py", "deep.py", "room/__init__.py", "__init__.py"]
)
def test_any_code_that_a_step_imports_counts(package, changed):
    before = code_digest("fakepackage.room.step")
    assert code_digest("fakepackage.room.step") == before
    with (package / changed).open("a") as file:
        file.write("\n# changed\n")
    assert code_digest("fakepackage.room.step") != before


def test_code_that_it_does_not_import_does_not_count(package):
    before = code_digest("fakepackage.room.step")
    (package / "unused.py").write_text("changed = True")
    assert code_digest("fakepackage.room.step") == before


def test_versions_of_what_it_builds_on_count(package):
    assert code_digest("fakepackage.room.step", ["pytest"]) != code_digest("fakepackage.room.step")


def test_code_of_no_module_is_an_error():
    with pytest.raises(ModuleNotFoundError):
        code_digest("components.no_such_room")


def test_json_digests_do_not_depend_on_the_order_of_keys():
    assert json_digest({"a": 1, "b": [1, 2]}) == json_digest({"b": [1, 2], "a": 1})
    assert json_digest({"a": [1, 2]}) != json_digest({"a": [2, 1]})
