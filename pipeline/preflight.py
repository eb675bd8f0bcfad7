"""Looks at what a run needs before the run begins, so that a mistake costs seconds and not an hour."""

from __future__ import annotations

from components.encoders.inspect import EncoderInfo, inspect_encoder
from components.encoders.resolve import resolve_encoder
from components.encoders.vocabulary import read_vocabulary
from components.errors import ConfigError
from pipeline.config import Config, Encoder


def check_encoder(config: Config) -> None:
    """Fetches or converts the encoder where it is not there yet, and checks that the settings fit it.

    Raises:
        EncoderError: it cannot be had, is no text encoder, or has no usable vocabulary.
        ConfigError: encoder.max_tokens is above its positions.
    """
    encoder = config.encoder
    info = inspect_encoder(resolve_encoder(encoder.handle))
    _check_positions(encoder, info)
    read_vocabulary(info, encoder.vocab_file, encoder.lower_case)


def _check_positions(encoder: Encoder, info: EncoderInfo) -> None:
    if encoder.max_tokens > info.max_positions:
        raise ConfigError(
            f"encoder.max_tokens is {encoder.max_tokens}, but {encoder.handle} has {info.max_positions} positions; "
            f"set it to {info.max_positions} or less"
        )
