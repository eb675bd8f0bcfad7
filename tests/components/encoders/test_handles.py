from __future__ import annotations

import subprocess
import sys

import pytest

from components.encoders.handles import EMBEDDED, is_url, known_max_positions, local_folder
from components.errors import EncoderError


@pytest.mark.parametrize(
    ("handle", "url"),
    [("https://tfhub.dev/a/1", True), ("http://127.0.0.1/x", True), (EMBEDDED, False), ("/https", False), ("", False)],
)
def test_urls(handle, url):
    assert is_url(handle) is url


def test_positions_are_known_of_the_embedded_encoder_alone(embedded_encoder):
    from components.encoders.inspect import inspect_encoder

    assert known_max_positions(EMBEDDED) == inspect_encoder(embedded_encoder).max_positions == 512
    assert known_max_positions("/some/folder") is None


def test_a_folder_is_made_absolute(tiny_encoder, monkeypatch):
    monkeypatch.chdir(tiny_encoder.parent)
    assert local_folder(tiny_encoder.name) == tiny_encoder
    monkeypatch.setenv("HOME", str(tiny_encoder.parent))
    assert local_folder(f"~/{tiny_encoder.name}") == tiny_encoder


@pytest.mark.parametrize("handle", ["", "no-such-encoder", "/no/such/folder", "all-minilm-l6-v2", "gs://bucket/model"])
def test_what_is_no_folder_is_refused_with_what_is_accepted(handle):
    with pytest.raises(EncoderError, match=r"encoder\.handle is .*no folder; set it to 'all-MiniLM-L6-v2'") as refusal:
        local_folder(handle)
    assert repr(handle) in str(refusal.value)
    assert "https://tfhub.dev/" in str(refusal.value)


def test_a_folder_without_a_saved_model_is_refused(tmp_path):
    with pytest.raises(EncoderError, match=r"no SavedModel: .* no saved_model\.pb; set encoder\.handle") as refusal:
        local_folder(str(tmp_path))
    assert str(tmp_path) in str(refusal.value)


def test_asking_imports_no_tensorflow():
    code = (
        "import sys, components.encoders.handles, components.encoders.resolve, components.encoders.vocabulary;"
        "from components.encoders.fingerprint import encoder_digest; encoder_digest('all-MiniLM-L6-v2');"
        "sys.exit(bool({'tensorflow', 'tf_keras', 'torch', 'sentence_transformers'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=120).returncode == 0
