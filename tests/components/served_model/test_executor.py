from __future__ import annotations

import logging
from pathlib import Path

import pytest
from tfx.types import standard_artifacts

from components.errors import PushError
from components.model_folder import model_digest
from components.served_model.executor import Executor, is_present
from tests.components.pusher.fake_model import write_fake_model


def _served(tmp_path, base):
    model = standard_artifacts.Model()
    model.uri = str(tmp_path / "output")
    Executor().Do({}, {"model": [model]}, {"push_folder": str(base), "state": "s", "code": "c"})
    return model


def test_the_highest_version_is_copied_and_named(tmp_path):
    base = tmp_path / "serving"
    write_fake_model(base / "9", "old")
    newest = write_fake_model(base / "10", "new")
    model = _served(tmp_path, base)
    assert is_present(model)
    assert model.get_string_custom_property("version") == "10"
    assert model.get_string_custom_property("digest") == model_digest(newest)
    assert model_digest(Path(model.uri) / "Format-Serving") == model_digest(newest)


@pytest.mark.parametrize("exists", [True, False])
def test_where_nothing_is_served_the_output_holds_no_model(tmp_path, exists):
    base = tmp_path / "serving"
    if exists:
        base.mkdir()
    model = _served(tmp_path, base)
    assert not is_present(model)
    assert model.has_custom_property("version")
    assert model.get_string_custom_property("version") == ""
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
    assert not is_present(_served(tmp_path, base))


def test_a_url_is_refused(tmp_path):
    with pytest.raises(PushError, match="s3://bucket is a URL"):
        _served(tmp_path, "s3://bucket")
