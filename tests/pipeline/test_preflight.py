from __future__ import annotations

import pytest

from components.errors import ConfigError, EncoderError
from pipeline.config_file import load_config
from pipeline.preflight import check_encoder


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
