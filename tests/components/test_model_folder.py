from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from components import model_folder
from components.errors import PushError
from tests.components.pusher.fake_model import write_fake_model


@pytest.mark.parametrize("name", ["tmp", ".push-1", "1.5", "-3", "v2", "", "٣", str(2**63)])
def test_only_names_that_tf_serving_parses_are_versions(tmp_path, name):
    (tmp_path / "7").mkdir()
    (tmp_path / name).mkdir(exist_ok=True)
    assert model_folder.versions(tmp_path) == [7]


def test_versions_are_ordered_as_numbers_and_files_are_none(tmp_path):
    for name in ("10", "9", "0100"):
        (tmp_path / name).mkdir()
    (tmp_path / "11").write_text("a file")
    assert model_folder.versions(tmp_path) == [9, 10, 100]
    assert model_folder.latest(tmp_path) == 100
    assert model_folder.version_folder(tmp_path, 100).name == "0100"


def test_a_folder_that_does_not_exist_serves_nothing(tmp_path):
    missing = tmp_path / "missing"
    assert model_folder.versions(missing) == []
    assert model_folder.latest(missing) is None
    assert model_folder.latest_complete(missing) is None
    assert model_folder.state_digest(missing) == model_folder.NOTHING_SERVED == "none"


@pytest.mark.parametrize("base", ["gs://bucket/models", "s3://bucket/models", "hdfs://host/models"])
def test_a_url_is_refused_with_the_key_and_a_remedy(base):
    with pytest.raises(PushError, match=f"push.folder: {base} is a URL.*name such a folder"):
        model_folder.versions(base)


def test_a_model_is_complete_with_its_graph_index_and_shards(tmp_path):
    assert model_folder.is_complete(write_fake_model(tmp_path / "one"))
    assert model_folder.is_complete(write_fake_model(tmp_path / "three", shards=3))


@pytest.mark.parametrize(
    "missing",
    ["saved_model.pb", "variables", "variables/variables.index", "variables/variables.data-00001-of-00003"],
)
def test_a_model_with_a_missing_part_is_not_complete(tmp_path, missing):
    model = write_fake_model(tmp_path / "model", shards=3)
    part = model / missing
    shutil.rmtree(part) if part.is_dir() else part.unlink()
    assert not model_folder.is_complete(model)


def test_the_highest_complete_version_is_found_below_broken_ones(tmp_path):
    write_fake_model(tmp_path / "1")
    write_fake_model(tmp_path / "2")
    (tmp_path / "3").mkdir()
    assert model_folder.latest(tmp_path) == 3
    assert model_folder.latest_complete(tmp_path) == 2


def test_a_digest_tells_models_apart_and_not_what_pusher_adds(tmp_path):
    model = write_fake_model(tmp_path / "a", "same")
    copy = write_fake_model(tmp_path / "b", "same")
    other = write_fake_model(tmp_path / "c", "other")
    for name in model_folder.ADDED_BY_PUSHER:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text("added")
    assert model_folder.model_digest(model) == model_folder.model_digest(copy)
    assert model_folder.model_digest(model) != model_folder.model_digest(other)


def test_warm_up_requests_are_part_of_the_model(tmp_path):
    model = write_fake_model(tmp_path / "a")
    before = model_folder.model_digest(model)
    (model / "assets.extra").mkdir()
    (model / "assets.extra" / "tf_serving_warmup_requests").write_text("requests")
    assert model_folder.model_digest(model) != before


def test_a_folder_without_a_model_has_no_digest(tmp_path):
    with pytest.raises(FileNotFoundError, match="no SavedModel in"):
        model_folder.model_digest(tmp_path)


def test_the_state_follows_every_change_of_what_is_served(tmp_path):
    states = [model_folder.state_digest(tmp_path)]
    write_fake_model(tmp_path / "1")
    states.append(model_folder.state_digest(tmp_path))
    write_fake_model(tmp_path / "2", "better")
    states.append(model_folder.state_digest(tmp_path))
    (tmp_path / "3").mkdir()
    states.append(model_folder.state_digest(tmp_path))
    assert len(set(states)) == len(states)
    shutil.rmtree(tmp_path / "2")
    shutil.rmtree(tmp_path / "3")
    assert model_folder.state_digest(tmp_path) == states[1]


def test_the_state_does_not_depend_on_where_the_folder_lies(tmp_path):
    write_fake_model(tmp_path / "here" / "1")
    write_fake_model(tmp_path / "there" / "1")
    assert model_folder.state_digest(tmp_path / "here") == model_folder.state_digest(tmp_path / "there")


def test_importing_it_loads_no_tensorflow():
    code = "import sys, components.model_folder; sys.exit('tensorflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
