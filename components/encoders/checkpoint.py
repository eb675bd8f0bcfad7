"""A checkpoint's folder, whoever wrote it, as one thing: its family, its tensors, its vocabulary."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pydantic

from components.encoders.families import FAMILIES
from components.encoders.families.family import Family
from components.encoders.google import GOOGLE_CONFIGS, read_google_settings, read_google_weights
from components.encoders.hugging_face import bare_weights, read_settings, read_weights
from components.encoders.tokenizer_files import TokenizerFile, read_tokenizer
from components.errors import EncoderError

_KINDS = "give a BERT, DistilBERT, ELECTRA or ALBERT with absolute positions and GELU"


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """What a folder holds; the tensors are named and laid out as in Hugging Face's bare model of that family."""

    family: Family
    weights: dict[str, np.ndarray]
    tokenizer: TokenizerFile


def read_checkpoint(folder: Path) -> Checkpoint:
    """Reads a folder of Hugging Face's (config.json, model.safetensors) or of Google's (bert_config.json, a TensorFlow
    checkpoint).

    Raises:
        EncoderError: a file is missing or broken, the files do not fit together, or the model is none that we know.
    """
    config = _config_file(folder)
    if config.name == "config.json":
        family = _family(read_settings(config), config)
        weights = bare_weights(read_weights(folder), family)
    else:
        family = _family(read_google_settings(config), config)
        weights = read_google_weights(folder, GOOGLE_CONFIGS[config.name])
    return Checkpoint(family, weights, read_tokenizer(folder, family.vocab_size))


def _config_file(folder: Path) -> Path:
    names = ("config.json", *GOOGLE_CONFIGS)
    found = next((folder / name for name in names if (folder / name).is_file()), None)
    if found is None:
        raise EncoderError(
            f"{folder / names[0]} is missing, and so is {' and '.join(GOOGLE_CONFIGS)}; give the folder of a Hugging "
            "Face model, or of Google's BERT or ALBERT with its own configuration file (Google's ELECTRA has none: "
            "give Hugging Face's)"
        )
    return found


def _family(settings: dict[str, Any], file: Path) -> Family:
    """The family's settings. Raises EncoderError where they describe what we cannot build."""
    if "model_type" not in settings:
        raise EncoderError(f"{file}: model_type is missing; {_KINDS}")
    family = FAMILIES.get(str(settings["model_type"]))
    if family is None:
        raise EncoderError(
            f"{file}: model_type is {settings['model_type']!r}: not one of {', '.join(FAMILIES)}; {_KINDS}"
        )
    try:
        return family.model_validate(settings)
    except pydantic.ValidationError as error:
        raise EncoderError(f"{file}: {_describe(error)}; {_KINDS}") from error


def _describe(error: pydantic.ValidationError) -> str:
    """The first finding: the key, what it holds, and what it should be."""
    finding = error.errors()[0]
    if not finding["loc"]:
        return finding["msg"]
    key, problem = ".".join(map(str, finding["loc"])), finding["msg"].lower()
    return f"{key} is missing" if finding["type"] == "missing" else f"{key} is {finding['input']!r}: {problem}"
