from __future__ import annotations

import json
from pathlib import Path

import pytest
from tfx.proto.pusher_pb2 import PushDestination  # pyright: ignore[reportAttributeAccessIssue]
from tfx.types import standard_artifacts
from tfx.utils import proto_utils

from components import model_folder
from components.errors import PushError
from components.pusher.executor import PUSH_FILE, Executor
from tests.components.pusher.fake_model import write_fake_model


@pytest.fixture
def model(tmp_path):
    artifact = standard_artifacts.Model()
    artifact.uri = str(tmp_path / "model")
    write_fake_model(Path(artifact.uri) / "Format-Serving")
    return artifact


def _blessing(tmp_path, blessed):
    artifact = standard_artifacts.ModelBlessing()
    artifact.uri = str(tmp_path / "blessing")
    artifact.set_int_custom_property("blessed", int(blessed))
    return artifact


def _push(tmp_path, model, base, blessed=True):
    pushed = standard_artifacts.PushedModel()
    pushed.uri = str(tmp_path / "pushed")
    destination = PushDestination(filesystem=PushDestination.Filesystem(base_directory=str(base)))
    Executor().Do(
        {"model": [model], "model_blessing": [_blessing(tmp_path, blessed)]},
        {"pushed_model": [pushed]},
        {"push_destination": proto_utils.proto_to_json(destination), "custom_config": '{"nonce": "1"}'},
    )
    return pushed, json.loads((tmp_path / "pushed" / PUSH_FILE).read_text())


def test_a_blessed_model_is_pushed_and_recorded_as_tfx_does(tmp_path, model):
    base = tmp_path / "serving"
    pushed, record = _push(tmp_path, model, base)
    version = model_folder.latest(base)
    assert record == {
        "status": "pushed",
        "version": version,
        "folder": str(base / str(version)),
        "digest": model_folder.model_digest(base / str(version)),
    }
    assert pushed.get_int_custom_property("pushed") == 1
    assert pushed.get_string_custom_property("pushed_version") == str(version)
    assert pushed.get_string_custom_property("pushed_destination") == record["folder"]
    assert pushed.get_string_custom_property("status") == "pushed"


def test_the_served_model_is_recorded_as_unchanged(tmp_path, model):
    base = tmp_path / "serving"
    _, first = _push(tmp_path, model, base)
    pushed, second = _push(tmp_path, model, base)
    assert second == {**first, "status": "unchanged"}
    assert pushed.get_int_custom_property("pushed") == 0
    assert pushed.get_string_custom_property("status") == "unchanged"
    assert len(model_folder.versions(base)) == 1


def test_a_model_that_is_not_blessed_stays_unpublished(tmp_path, model):
    base = tmp_path / "serving"
    pushed, record = _push(tmp_path, model, base, blessed=False)
    assert record["status"] == "not_blessed"
    assert record["version"] is None
    assert record["folder"] is None
    assert pushed.get_int_custom_property("pushed") == 0
    assert not base.exists()


def test_a_push_that_fails_raises_and_records_nothing(tmp_path, model):
    with pytest.raises(PushError, match="gs://bucket is a URL"):
        _push(tmp_path, model, "gs://bucket")
    assert not (tmp_path / "pushed").exists()
