"""ELECTRA's discriminator (Clark et al. 2020, https://arxiv.org/abs/2003.10555): BERT's layers, narrower tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import ClassVar, Literal

import pydantic
from typing_extensions import override

from components.encoders.bert_config import BertConfig
from components.encoders.families.bert import PARTS, TABLES
from components.encoders.families.family import BertLike


class Electra(BertLike):
    """An ElectraModel. The embeddings pass a dense layer only where the tables' width is not the Transformer's."""

    prefix: ClassVar[str] = "electra."
    heads: ClassVar[tuple[str, ...]] = ("discriminator_predictions.", "classifier.", "qa_outputs.")
    tables: ClassVar[Mapping[str, str]] = {**TABLES, "embedding_projection": "embeddings_project"}
    parts: ClassVar[Mapping[str, str]] = PARTS

    model_type: Literal["electra"]
    embedding_size: pydantic.PositiveInt

    @override
    def shape(self, tensors: Collection[str]) -> BertConfig:
        return self.common_shape(
            embedding_size=self.embedding_size,
            projected=self.embedding_size != self.hidden_size,
            order=tuple(range(self.num_hidden_layers)),
            pooled=False,
        )

    @override
    def layer_name(self, index: int) -> str:
        return f"encoder.layer.{index}"
