from __future__ import annotations

import importlib.util

import pytest
import tensorflow as tf

from components.encoders.convert import convert_checkpoint
from components.errors import ConfigError, EncoderError, SettingsError, TrainingError
from pipeline.config_file import load_config
from pipeline.preflight import check_encoder, check_training
from tests.tiny_encoder import write_tiny_checkpoint


def config(handle, *overrides):
    return load_config("demo", [f"encoder.handle={handle}", *overrides])


def test_an_encoder_that_the_settings_fit_passes(tiny_encoder):
    assert check_encoder(config(tiny_encoder, "encoder.max_tokens=128")) is None


def test_more_tokens_than_the_encoder_has_positions_are_refused(tiny_encoder):
    with pytest.raises(ConfigError, match=r"encoder\.max_tokens is 129, but .* has 128 positions; set it to 128"):
        check_encoder(config(tiny_encoder, "encoder.max_tokens=129"))


def test_a_path_that_is_no_encoder_is_refused_by_name(tmp_path):
    with pytest.raises(EncoderError, match=r"encoder\.handle") as refusal:
        check_encoder(config(tmp_path / "nothing"))
    assert "nothing" in str(refusal.value)


def test_a_vocabulary_that_does_not_fit_is_refused(tiny_encoder, tmp_path):
    vocab = tmp_path / "vocab.txt"
    vocab.write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n")
    with pytest.raises(EncoderError, match=r"vocab"):
        check_encoder(config(tiny_encoder, f"encoder.vocab_file={vocab}"))


@pytest.fixture
def no_devices(monkeypatch):
    """A machine with a CPU alone, and nobody's environment."""
    for name in ("TF_CONFIG", "TPU_NAME", "TPU_WORKER_ID", "TPU_ACCELERATOR_TYPE", "WANDB_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: ["cpu"] if kind != "GPU" else [])


@pytest.mark.usefixtures("no_devices")
class TestTraining:
    def test_settings_that_can_be_trained_by_pass(self, tiny_encoder, tmp_path):
        given = ["training.frozen_layers=2", "training.layer_decay=0.9", f"training.checkpoints={tmp_path}/a/b"]
        assert check_training(config(tiny_encoder, *given)) is None
        assert list((tmp_path / "a" / "b").iterdir()) == []

    def test_more_frozen_layers_than_there_are(self, tiny_encoder):
        with pytest.raises(SettingsError, match=r"training\.frozen_layers is 3, but the encoder has 2 layers"):
            check_training(config(tiny_encoder, "training.frozen_layers=3"))

    def test_layers_that_names_do_not_tell(self, tiny_encoder, monkeypatch):
        monkeypatch.setattr("pipeline.preflight.trainable_names", lambda folder: ["block/kernel", "embeddings"])
        assert check_training(config(tiny_encoder)) is None
        with pytest.raises(SettingsError, match=r"training\.layer_decay is 0\.9, .* set it to 1"):
            check_training(config(tiny_encoder, "training.layer_decay=0.9"))
        with pytest.raises(SettingsError, match=r"training\.frozen_layers is 1, but the encoder has 0 layers"):
            check_training(config(tiny_encoder, "training.frozen_layers=1"))

    @pytest.mark.parametrize(
        ("environment", "gpus", "precision", "device"),
        [({}, [], "float16", "CPU"), ({}, ["gpu"], "bfloat16", "GPU"), ({"TPU_NAME": "mine"}, [], "bfloat16", "TPU")],
    )
    def test_a_precision_that_the_devices_do_not_compute_in(
        self, tiny_encoder, monkeypatch, environment, gpus, precision, device
    ):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: gpus if kind == "GPU" else ["cpu"])
        with pytest.raises(TrainingError, match=rf"training\.precision is {precision}, .* computes on a {device}; set"):
            check_training(config(tiny_encoder, f"training.precision={precision}"))

    def test_a_tracker_without_its_key(self, tiny_encoder):
        with pytest.raises(TrainingError, match="the environment has no WANDB_API_KEY; set it"):
            check_training(config(tiny_encoder, "tracking.wandb.project=films"))

    def test_a_tracker_without_its_package(self, tiny_encoder, monkeypatch):
        found = importlib.util.find_spec
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "wandb" else found(name))
        with pytest.raises(TrainingError, match="the package wandb is not installed"):
            check_training(config(tiny_encoder, "tracking.wandb.project=films", "tracking.wandb.mode=offline"))

    def test_checkpoints_that_cannot_be_written(self, tiny_encoder, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(ConfigError, match=r"training\.checkpoints: .*/file/checkpoints cannot be used"):
            check_training(config(tiny_encoder, f"training.checkpoints={tmp_path}/file/checkpoints"))

    def test_checkpoints_at_a_url_are_left_to_tensorflow(self, tiny_encoder):
        assert check_training(config(tiny_encoder, "training.checkpoints=gs://bucket/checkpoints")) is None


def test_pairs_need_an_encoder_of_two_types(tmp_path):
    encoder = tmp_path / "encoder"
    write_tiny_checkpoint(tmp_path / "checkpoint", type_vocab_size=1)
    convert_checkpoint(tmp_path / "checkpoint", encoder)
    pairs = ["data.text_pair=second", "data.source=files", "data.path=x.csv"]
    with pytest.raises(ConfigError, match=r"data\.text_pair is given, but .* has one type of token"):
        check_encoder(config(encoder, *pairs, "samples=[]"))
    assert check_encoder(config(encoder)) is None
