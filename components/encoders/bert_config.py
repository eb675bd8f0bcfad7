"""The shape of a BERT, as Hugging Face's config.json tells it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pydantic

from components.errors import EncoderError


class BertConfig(pydantic.BaseModel):
    """The settings of a Hugging Face BertModel that its forward pass depends on, under their own names.

    `gelu` is the exact one, with the error function; `gelu_new` is Google BERT's, with tanh (Hendrycks and Gimpel
    2016, https://arxiv.org/abs/1606.08415, section 2).
    """

    model_config = pydantic.ConfigDict(frozen=True)

    model_type: Literal["bert"]
    position_embedding_type: Literal["absolute"] = "absolute"
    is_decoder: Literal[False] = False
    hidden_act: Literal["gelu", "gelu_new"]
    vocab_size: pydantic.PositiveInt
    type_vocab_size: pydantic.PositiveInt
    max_position_embeddings: pydantic.PositiveInt
    hidden_size: pydantic.PositiveInt
    num_hidden_layers: pydantic.PositiveInt
    num_attention_heads: pydantic.PositiveInt
    intermediate_size: pydantic.PositiveInt
    layer_norm_eps: pydantic.PositiveFloat = 1e-12
    hidden_dropout_prob: float = pydantic.Field(0.1, ge=0.0, lt=1.0)
    attention_probs_dropout_prob: float = pydantic.Field(0.1, ge=0.0, lt=1.0)

    @pydantic.model_validator(mode="after")
    def _heads_share_the_width(self) -> BertConfig:
        if self.hidden_size % self.num_attention_heads:
            raise ValueError(f"{self.num_attention_heads} heads cannot share a hidden_size of {self.hidden_size}")
        return self


def read_config(file: Path) -> BertConfig:
    """Reads a config.json. Raises EncoderError where it cannot be read, or describes what we cannot build."""
    try:
        return BertConfig.model_validate_json(file.read_bytes())
    except OSError as error:
        raise EncoderError(f"{file} cannot be read ({error.strerror}); give the folder of a BertModel") from error
    except pydantic.ValidationError as error:
        raise EncoderError(f"{file}: {_describe(error)}; give a BertModel with absolute positions and GELU") from error


def _describe(error: pydantic.ValidationError) -> str:
    """The first finding: the key, what it holds, and what it should be."""
    finding = error.errors()[0]
    if not finding["loc"]:
        return finding["msg"]
    key, problem = ".".join(map(str, finding["loc"])), finding["msg"].lower()
    return f"{key} is missing" if finding["type"] == "missing" else f"{key} is {finding['input']!r}: {problem}"
