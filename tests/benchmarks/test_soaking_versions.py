from __future__ import annotations

import pytest

from benchmarks.soaking.versions import VersionFolder
from components import model_folder


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "model"
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"graph" * 100)
    (folder / "variables" / "variables.index").write_bytes(b"index")
    (folder / "variables" / "variables.data-00000-of-00001").write_bytes(b"data" * 100)
    return folder


@pytest.fixture
def versions(tmp_path, model):
    return VersionFolder(tmp_path / "served", model)


def content(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_versions_rise_and_the_good_ones_are_the_model(versions, model):
    assert [versions.swap(), versions.put_in_bad(), versions.swap()][::2] == ["good version 1", "good version 3"]
    assert model_folder.versions(versions.base) == [1, 2, 3]
    for version in (1, 3):
        assert content(versions.base / str(version)) == content(model)


def test_every_bad_version_differs_and_spoils_no_good_one(versions, model):
    versions.swap()
    names = [versions.put_in_bad() for _ in range(5)]
    assert len({name.partition(": ")[2] for name in names}) == 5
    assert all(content(versions.base / str(version)) != content(model) for version in versions.bad)
    assert content(versions.base / "1") == content(model)
    assert versions.swap() == "good version 7"
    assert content(versions.base / "7") == content(model)


def test_all_but_the_newest_good_version_are_removed(versions):
    for _ in range(2):
        versions.swap()
        versions.put_in_bad()
    assert versions.remove_old() == "removed 1, 2, 4"
    assert model_folder.versions(versions.base) == [3]
