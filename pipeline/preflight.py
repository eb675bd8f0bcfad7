"""Looks at what a run needs before the run begins, so that a mistake costs seconds and not an hour."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf

from components.encoders.inspect import EncoderInfo, inspect_encoder
from components.encoders.layers import check_frozen_layers, check_layer_decay, count_layers, trainable_names
from components.encoders.resolve import resolve_encoder
from components.encoders.vocabulary import read_vocabulary
from components.errors import ConfigError
from components.precision import resolve_precision
from components.trainer import devices
from components.trainer.tracking import check_tracking
from pipeline.config import Config, Encoder
from pipeline.config_training import Training
from pipeline.folders import make_folder


def check_encoder(config: Config) -> None:
    """Fetches or converts the encoder where it is not there yet, and checks that the settings fit it.

    Raises:
        EncoderError: it cannot be had, is no text encoder, or has no usable vocabulary.
        ConfigError: encoder.max_tokens is above its positions, or it does not know pairs.
    """
    encoder = config.encoder
    info = inspect_encoder(resolve_encoder(encoder.handle))
    _check_positions(encoder, info)
    if config.data.text_pair is not None and info.type_vocab_size == 1:
        raise ConfigError(
            f"data.text_pair is given, but {encoder.handle} has one type of token, where a pair needs two; set "
            "encoder.handle to another, or leave data.text_pair out"
        )
    read_vocabulary(info, encoder.vocab_file, encoder.lower_case)


def check_training(config: Config) -> None:
    """Checks what the Trainer would refuse after the steps before it. The encoder has passed `check_encoder`.

    Raises:
        SettingsError: training.frozen_layers or training.layer_decay do not fit the encoder's layers.
        TrainingError: the devices do not compute in training.precision, TF_CONFIG cannot be used, or a tracker lacks
            its package or key.
        ConfigError: training.checkpoints is a folder that cannot be written.
    """
    training = config.training
    resolve_precision(training.precision, _device(training))
    check_tracking(config.tracking.model_dump(mode="json"))
    if training.checkpoints is not None and "://" not in training.checkpoints:
        make_folder(Path(config.checkpoints_folder), "training.checkpoints")
    layers = count_layers(trainable_names(resolve_encoder(config.encoder.handle)))
    check_frozen_layers(training.frozen_layers, layers)
    check_layer_decay(training.layer_decay, layers)


def _device(training: Training) -> str:
    """What will compute, told without setting it up: `CPU`, `GPU` or `TPU`."""
    if devices.choose(training.model_dump(mode="json")) == devices.TPU:
        return "TPU"
    return "GPU" if tf.config.list_physical_devices("GPU") else "CPU"


def _check_positions(encoder: Encoder, info: EncoderInfo) -> None:
    if encoder.max_tokens > info.max_positions:
        raise ConfigError(
            f"encoder.max_tokens is {encoder.max_tokens}, but {encoder.handle} has {info.max_positions} positions; "
            f"set it to {info.max_positions} or less"
        )
