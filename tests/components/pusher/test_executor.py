from __future__ import annotations

import json
import shutil
from importlib import metadata
from pathlib import Path

import pytest
from tfx.proto.pusher_pb2 import PushDestination  # pyright: ignore[reportAttributeAccessIssue]
from tfx.types import standard_artifacts
from tfx.utils import proto_utils

from components import model_folder
from components.errors import PushError
from components.pusher import card_facts
from components.pusher.executor import PUSH_FILE, Executor
from components.served_model import executor as served_model
from tests.components.pusher import tiny_model
from tests.components.pusher.fake_model import write_fake_model

TASK = {
    "name": "reviews",
    "data": {"source": "files", "path": "reviews.csv", "span": None, "test_path": None, "test_span": "any"},
    "encoder": {"handle": "all-MiniLM-L6-v2", "max_tokens": 128, "truncation": "head", "lower_case": None},
    "pair": False,
}


def _model(folder, module):
    artifact = standard_artifacts.Model()
    artifact.uri = str(folder)
    tiny_model.write_model(folder / "Format-Serving", module)
    return artifact


@pytest.fixture
def model(tmp_path):
    return _model(tmp_path / "model", tiny_model.LengthModel())


@pytest.fixture
def serve(tmp_path):
    """ServedModel's output for a push folder as it is now."""

    def run(base):
        artifact = standard_artifacts.Model()
        artifact.uri = str(tmp_path / f"served{len(list(tmp_path.glob('served*')))}")
        settings = {"push_folder": str(base), "state": model_folder.state_digest(base), "code": "c"}
        served_model.Executor().Do({}, {"model": [artifact]}, settings)
        return artifact

    return run


def _blessing(artifact, blessed):
    artifact.uri = "unread"
    artifact.set_int_custom_property("blessed", int(blessed))
    return artifact


def _push(tmp_path, model, base, baseline, blessed=True, infra_blessed=True, nonce="run-1"):
    pushed = standard_artifacts.PushedModel()
    pushed.uri = str(tmp_path / "pushed")
    destination = PushDestination(filesystem=PushDestination.Filesystem(base_directory=str(base)))
    Executor().Do(
        {
            "model": [model],
            "model_blessing": [_blessing(standard_artifacts.ModelBlessing(), blessed)],
            "infra_blessing": [_blessing(standard_artifacts.InfraBlessing(), infra_blessed)],
            "baseline": [baseline],
        },
        {"pushed_model": [pushed]},
        {
            "push_destination": proto_utils.proto_to_json(destination),
            "custom_config": json.dumps({"nonce": nonce, "card": TASK}),
        },
    )
    return pushed, json.loads((tmp_path / "pushed" / PUSH_FILE).read_text())


def test_a_blessed_model_is_pushed_and_recorded_as_tfx_does(tmp_path, model, serve):
    base = tmp_path / "serving"
    pushed, record = _push(tmp_path, model, base, serve(base))
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


def test_the_served_model_is_recorded_as_unchanged(tmp_path, model, serve):
    base = tmp_path / "serving"
    _, first = _push(tmp_path, model, base, serve(base))
    pushed, second = _push(tmp_path, model, base, serve(base), nonce="run-2")
    assert second == {**first, "status": "unchanged"}
    assert pushed.get_int_custom_property("pushed") == 0
    assert pushed.get_string_custom_property("status") == "unchanged"
    assert len(model_folder.versions(base)) == 1


def test_the_served_model_that_was_compared_with_is_replaced(tmp_path, model, serve):
    base = tmp_path / "serving"
    write_fake_model(base / "7", "old")
    _, record = _push(tmp_path, model, base, serve(base))
    assert record["status"] == "pushed"
    assert model_folder.versions(base) == [7, record["version"]]


def test_a_model_that_came_after_the_comparison_is_not_replaced(tmp_path, model, serve):
    base = tmp_path / "serving"
    baseline = serve(base)
    write_fake_model(base / "7", "of another run")
    with pytest.raises(PushError, match=r"version 7 came to be served .* while this run went on; start a new run"):
        _push(tmp_path, model, base, baseline)
    assert model_folder.versions(base) == [7]


def test_a_model_that_cannot_be_called_never_becomes_visible(tmp_path, serve):
    base = tmp_path / "serving"
    write_fake_model(base / "7", "old")
    broken = _model(tmp_path / "broken", tiny_model.FailingModel())
    with pytest.raises(PushError, match=r"cannot be loaded and called .*assertion failed: \[out of order\]"):
        _push(tmp_path, broken, base, serve(base))
    assert [child.name for child in base.iterdir() if child.is_dir()] == ["7"]
    assert not (tmp_path / "pushed").exists()


@pytest.mark.parametrize(("blessed", "infra_blessed"), [(False, True), (True, False), (False, False)])
def test_a_model_that_is_not_blessed_by_both_stays_unpublished(tmp_path, model, serve, blessed, infra_blessed):
    base = tmp_path / "serving"
    pushed, record = _push(tmp_path, model, base, serve(base), blessed, infra_blessed)
    assert record["status"] == "not_blessed"
    assert record["version"] is None
    assert record["folder"] is None
    assert pushed.get_int_custom_property("pushed") == 0
    assert not base.exists()


def test_a_push_that_fails_raises_and_records_nothing(tmp_path, model, serve):
    with pytest.raises(PushError, match="gs://bucket is a URL"):
        _push(tmp_path, model, "gs://bucket", serve(tmp_path / "serving"))
    assert not (tmp_path / "pushed").exists()


def test_a_run_that_is_tried_again_has_pushed(tmp_path, model, serve):
    base = tmp_path / "serving"
    baseline = serve(base)
    _, first = _push(tmp_path, model, base, baseline)
    pushed, again = _push(tmp_path, model, base, baseline)
    assert again == first
    assert pushed.get_int_custom_property("pushed") == 1


def test_what_is_published_has_its_card_and_is_the_same_model(tmp_path, model, serve):
    base = tmp_path / "serving"
    _, record = _push(tmp_path, model, base, serve(base))
    card = (Path(record["folder"]) / "assets.extra" / "model_card.md").read_text()
    assert card.startswith("# Model card: reviews\n")
    assert "run\\-1" in card or "run-1" in card
    assert "How many rows there were is not known" in card
    assert model_folder.model_digest(record["folder"]) == model_folder.model_digest(f"{model.uri}/Format-Serving")
    _, again = _push(tmp_path, model, base, serve(base), nonce="run-2")
    assert again["status"] == "unchanged"


def test_a_version_without_a_card_is_found_to_be_the_model_that_now_has_one(tmp_path, model, serve):
    base = tmp_path / "serving"
    shutil.copytree(f"{model.uri}/Format-Serving", base / "7")
    _, record = _push(tmp_path, model, base, serve(base))
    assert (record["status"], record["version"]) == ("unchanged", 7)
    assert not (base / "7" / model_folder.MODEL_CARD).exists()


def test_what_is_no_distribution_is_left_out_of_the_card(tmp_path, model, serve, monkeypatch):
    def version(name):
        if name == "bertline":
            raise metadata.PackageNotFoundError(name)
        return "1.2.3"

    monkeypatch.setattr(card_facts.metadata, "version", version)
    base = tmp_path / "serving"
    _, record = _push(tmp_path, model, base, serve(base))
    assert "Made with tfx 1.2.3, " in (Path(record["folder"]) / model_folder.MODEL_CARD).read_text()
