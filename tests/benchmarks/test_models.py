from __future__ import annotations

import pytest

from benchmarks import models
from benchmarks.environment import BenchmarkError


@pytest.fixture
def push_folder(tmp_path):
    """Two complete versions, and a higher one without variables."""
    for version in ("3", "12", "20"):
        folder = tmp_path / version
        (folder / "variables").mkdir(parents=True)
        (folder / "saved_model.pb").write_bytes(b"graph")
        if version != "20":
            (folder / "variables" / "variables.index").write_bytes(b"index")
            (folder / "variables" / "variables.data-00000-of-00001").write_bytes(b"data")
    return tmp_path


def test_a_push_folder_means_its_highest_complete_version(push_folder):
    assert models.version(push_folder) == push_folder / "12"


def test_a_version_folder_means_itself(push_folder):
    assert models.version(push_folder / "3") == push_folder / "3"


def test_without_a_model_the_way_to_one_is_told(tmp_path):
    with pytest.raises(BenchmarkError, match=r"no complete SavedModel.*make demo"):
        models.version(tmp_path)


def test_a_model_is_served_from_a_base_path_of_its_own(push_folder, tmp_path_factory):
    base = models.serve_from(tmp_path_factory.mktemp("base"), push_folder / "3", number=7)
    assert [path.name for path in base.iterdir()] == ["7"]
    assert (base / "7" / "saved_model.pb").read_bytes() == b"graph"
