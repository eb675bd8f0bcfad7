"""ALBERT (Lan et al. 2020, https://arxiv.org/abs/1909.11942): narrow tables, and layers applied several times."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import ClassVar, Literal

import pydantic
from typing_extensions import override

from components.encoders.bert_config import BertConfig
from components.encoders.families.bert import TABLES
from components.encoders.families.family import BertLike

PROJECTION = "encoder.embedding_hidden_mapping_in"


class Albert(BertLike):
    """An AlbertModel.

    Its `num_hidden_layers` blocks share the weights of `num_hidden_groups` groups, each of `inner_group_num` layers
    that follow one another. The groups take equal shares of the blocks, the first group the first share.
    """

    prefix: ClassVar[str] = "albert."
    heads: ClassVar[tuple[str, ...]] = ("predictions.", "sop_classifier.", "classifier.", "qa_outputs.")
    tables: ClassVar[Mapping[str, str]] = {**TABLES, "embedding_projection": PROJECTION}
    parts: ClassVar[Mapping[str, str]] = {
        "self_attention/query": "attention.query",
        "self_attention/key": "attention.key",
        "self_attention/value": "attention.value",
        "self_attention/attention_output": "attention.dense",
        "self_attention_layer_norm": "attention.LayerNorm",
        "intermediate": "ffn",
        "output": "ffn_output",
        "output_layer_norm": "full_layer_layer_norm",
    }
    pooler: ClassVar[str | None] = "pooler"

    model_type: Literal["albert"]
    embedding_size: pydantic.PositiveInt
    num_hidden_groups: pydantic.PositiveInt = 1
    inner_group_num: pydantic.PositiveInt = 1

    @pydantic.model_validator(mode="after")
    def _groups_share_the_layers(self) -> Albert:
        if self.num_hidden_layers % self.num_hidden_groups:
            raise ValueError(
                f"{self.num_hidden_groups} groups cannot share {self.num_hidden_layers} layers in equal parts"
            )
        return self

    @override
    def shape(self, tensors: Collection[str]) -> BertConfig:
        # Google's code projects only where the widths differ, Hugging Face's always.
        projected = self.embedding_size != self.hidden_size or any(name.startswith(PROJECTION) for name in tensors)
        return self.common_shape(
            embedding_size=self.embedding_size,
            projected=projected,
            order=tuple(layer for index in range(self.num_hidden_layers) for layer in self._layers_of(index)),
            pooled=self.has_pooler(tensors),
        )

    @override
    def layer_name(self, index: int) -> str:
        group, inner = divmod(index, self.inner_group_num)
        return f"encoder.albert_layer_groups.{group}.albert_layers.{inner}"

    def _layers_of(self, block: int) -> range:
        group = block * self.num_hidden_groups // self.num_hidden_layers
        return range(group * self.inner_group_num, (group + 1) * self.inner_group_num)
