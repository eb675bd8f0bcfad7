from __future__ import annotations

import pytest

from components.errors import PushError
from components.model_folder import model_digest
from components.pusher.verify import verify_version
from tests.components.pusher.fake_model import write_fake_model


def test_what_was_to_be_published_passes(tmp_path):
    model = write_fake_model(tmp_path / "1")
    verify_version(model, model_digest(model))


def test_a_missing_file_is_an_error(tmp_path):
    model = write_fake_model(tmp_path / "1")
    digest = model_digest(model)
    (model / "variables" / "variables.index").unlink()
    with pytest.raises(PushError, match=f"{model}: the SavedModel is not complete"):
        verify_version(model, digest)


def test_a_folder_that_is_gone_is_an_error(tmp_path):
    with pytest.raises(PushError, match="not complete"):
        verify_version(tmp_path / "gone", "0")


def test_other_files_are_an_error(tmp_path):
    model = write_fake_model(tmp_path / "1")
    digest = model_digest(model)
    (model / "assets" / "vocab.txt").write_text("[UNK]")
    with pytest.raises(PushError, match="not those of the model that was evaluated"):
        verify_version(model, digest)
