from __future__ import annotations

import subprocess
import sys

import pytest

from components.encoders.handles import EMBEDDED, address, checked_url, is_url, known_max_positions, local_folder
from components.errors import EncoderError
from components.fetch.addresses import shown


@pytest.mark.parametrize(
    ("handle", "url"),
    [("https://tfhub.dev/a/1", True), ("http://127.0.0.1/x", True), (EMBEDDED, False), ("/https", False), ("", False)],
)
def test_urls(handle, url):
    assert is_url(handle) is url


@pytest.mark.parametrize(
    "url",
    [
        "https://tfhub.dev/tensorflow/bert_en_uncased_L-12_H-768_A-12/4",
        "https://TFHub.dev/tensorflow/bert/4/",
        "https://tfhub.dev/tensorflow/bert/4?tf-hub-format=compressed",
        "https://www.kaggle.com/models/tensorflow/bert/frameworks/TensorFlow2/variations/bert-en/versions/3",
        "https://kaggle.com/models/tensorflow/bert/tensorFlow2/bert-en/3",
        "http://127.0.0.1:8080/encoder/1", "http://localhost/encoder/1", "http://[::1]:80/encoder/1",
    ],
)  # fmt: skip
def test_addresses_of_the_hubs_and_of_this_machine(url):
    assert checked_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://tfhub.dev/tensorflow/bert/4", "http://www.kaggle.com/models/a/b/1", "https://example.org/encoder/1",
        "https://tfhub.dev.example.org/bert/4", "https://tfhub.dev@example.org/bert/4", "https://example.org/tfhub.dev/4",
        "https://evil-kaggle.com/models/1", "http://localhost.example.org/1", "http://10.0.0.1/encoder/1",
        "https:///bert/4", "https://[::1/bert/4", "https://",
    ],
)  # fmt: skip
def test_other_addresses_are_refused_with_the_remedy(url):
    with pytest.raises(
        EncoderError, match=r"no https address at TF Hub or Kaggle; .* download and unpack it"
    ) as refusal:
        checked_url(url)
    assert f"encoder.handle is {shown(url)}," in str(refusal.value)


@pytest.mark.parametrize(
    "url", ["https://tfhub.dev/tensorflow/bert", "https://tfhub.dev/bert/v4", "https://kaggle.com"]
)
def test_an_address_without_a_version_may_change_and_is_refused(url):
    with pytest.raises(EncoderError, match="does not end with a version"):
        checked_url(url)


@pytest.mark.parametrize("host", ["tfhub.dev", "127.0.0.1"])
def test_an_address_with_a_password_is_refused_and_not_told(host):
    with pytest.raises(EncoderError, match="holds a user or a password") as refusal:
        address(f"https://me:secret@{host}/bert/1?token=hidden")
    assert f"https://{host}/bert/1," in str(refusal.value)
    assert "secret" not in str(refusal.value)
    assert "hidden" not in str(refusal.value)


@pytest.mark.parametrize("end", ["/", "?tf-hub-format=compressed", "/?tf-hub-format=compressed", "#here"])
def test_one_encoder_has_one_address(end):
    assert address(f"https://tfhub.dev/a/1{end}") == "https://tfhub.dev/a/1"
    assert address("https://tfhub.dev/a/1/?b=c&tf-hub-format=compressed") == "https://tfhub.dev/a/1?b=c"


def test_positions_are_known_of_what_has_a_name(embedded_encoder):
    from components.encoders.inspect import inspect_encoder

    assert known_max_positions(EMBEDDED) == inspect_encoder(embedded_encoder).max_positions == 512
    assert known_max_positions("albert_en_base") == 512
    assert known_max_positions("https://tfhub.dev/tensorflow/albert_en_base/2") == 512
    assert known_max_positions("/some/folder") is None
    assert known_max_positions("https://tfhub.dev/x/1") is None


def test_positions_that_nobody_confirmed_are_not_known():
    assert known_max_positions("talking-heads_base") is None


def test_a_name_of_the_catalogue_is_its_address(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "electra_small").mkdir()
    assert address("electra_small") == "https://tfhub.dev/google/electra_small/2"
    assert address("./electra_small") is None
    assert address("https://tfhub.dev/x/1") == "https://tfhub.dev/x/1"
    assert address(EMBEDDED) is None
    with pytest.raises(EncoderError, match="does not end with a version"):
        address("https://tfhub.dev/x")


def test_a_name_that_is_nearly_right_is_told():
    with pytest.raises(EncoderError, match=r"\(is small_bert/bert_en_uncased_L-4_H-512_A-8.* meant\?\); set it to"):
        local_folder("bert_en_uncased_L-4_H-512_A-8")


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
    assert "bertline encoders list" in str(refusal.value)


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin", "bert_model.ckpt.index"])
def test_a_checkpoint_is_told_from_an_encoder(tmp_path, name):
    folder = tmp_path / "my bert"
    folder.mkdir()
    (folder / name).write_text("")
    with pytest.raises(
        EncoderError, match=rf"a checkpoint \({name}\); run: bertline encoders convert '.*my bert' DEST"
    ):
        local_folder(str(folder))


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
