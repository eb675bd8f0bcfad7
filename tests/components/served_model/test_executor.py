from __future__ import annotations

import logging
import shutil
from pathlib import Path

import pytest
from tfx.types import standard_artifacts

from components.errors import PushError
from components.model_folder import model_digest, state_digest
from components.served_model.executor import Executor, digest, is_intact
from tests.components.pusher.fake_model import write_fake_model


def _served(tmp_path, base, state=None):
    """The output for the folder, whose state is what it was fingerprinted as, unless another is given."""
    model = standard_artifacts.Model()
    model.uri = str(tmp_path / "output")
    Executor().Do({}, {"model": [model]}, {"push_folder": str(base), "state": state or state_digest(base), "code": "c"})
    return model


def test_the_highest_version_is_copied_and_named(tmp_path):
    base = tmp_path / "serving"
    write_fake_model(base / "9", "old")
    newest = write_fake_model(base / "10", "new")
    model = _served(tmp_path, base)
    assert is_intact(model)
    assert model.get_string_custom_property("version") == "10"
    assert digest(model) == model.get_string_custom_property("digest") == model_digest(newest)
    assert model_digest(Path(model.uri) / "Format-Serving") == model_digest(newest)


@pytest.mark.parametrize("exists", [True, False])
def test_where_nothing_is_served_the_output_holds_no_model(tmp_path, exists):
    base = tmp_path / "serving"
    if exists:
        base.mkdir()
    model = _served(tmp_path, base)
    assert digest(model) is None
    assert model.has_custom_property("version")
    assert model.get_string_custom_property("version") == ""
    assert digest(model) is None
    assert not (Path(model.uri) / "Format-Serving").exists()


def test_half_copied_versions_are_passed_over_with_a_warning(tmp_path, caplog):
    base = tmp_path / "serving"
    write_fake_model(base / "1")
    (write_fake_model(base / "2") / "saved_model.pb").unlink()
    (base / "3").mkdir()
    with caplog.at_level(logging.WARNING):
        model = _served(tmp_path, base)
    assert model.get_string_custom_property("version") == "1"
    assert [record.args[0] for record in caplog.records if record.name.startswith("components.")] == [2, 3]


def test_only_a_broken_version_is_nothing_served(tmp_path):
    base = tmp_path / "serving"
    (base / "1").mkdir(parents=True)
    assert digest(_served(tmp_path, base)) is None


def test_a_url_is_refused(tmp_path):
    with pytest.raises(PushError, match="s3://bucket is a URL"):
        _served(tmp_path, "s3://bucket", state="none")


def _push(base):
    write_fake_model(base / "2", "new")


def _roll_back(base):
    shutil.rmtree(base / "1")


@pytest.mark.parametrize("change", [_push, _roll_back])
def test_a_folder_that_changed_after_it_was_fingerprinted_stops_the_run(tmp_path, change):
    base = tmp_path / "serving"
    write_fake_model(base / "1")
    state = state_digest(base)
    change(base)
    with pytest.raises(PushError, match=f"the models in {base} changed while the run was going on; start a new run"):
        _served(tmp_path, base, state)


def test_a_first_version_that_came_meanwhile_stops_the_run(tmp_path):
    base = tmp_path / "serving"
    state = state_digest(base)
    _push(base)
    with pytest.raises(PushError, match="changed while the run was going on"):
        _served(tmp_path, base, state)
