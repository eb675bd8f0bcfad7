"""BERT (Devlin et al. 2019, https://arxiv.org/abs/1810.04805) and MiniLM, which has its shape."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import ClassVar, Literal

from typing_extensions import override

from components.encoders.bert_config import BertConfig
from components.encoders.families.family import BertLike

TABLES = {
    "word_embeddings": "embeddings.word_embeddings",
    "type_embeddings": "embeddings.token_type_embeddings",
    "position_embedding": "embeddings.position_embeddings",
    "embeddings/layer_norm": "embeddings.LayerNorm",
}
PARTS = {
    "self_attention/query": "attention.self.query",
    "self_attention/key": "attention.self.key",
    "self_attention/value": "attention.self.value",
    "self_attention/attention_output": "attention.output.dense",
    "self_attention_layer_norm": "attention.output.LayerNorm",
    "intermediate": "intermediate.dense",
    "output": "output.dense",
    "output_layer_norm": "output.LayerNorm",
}


class Bert(BertLike):
    """A BertModel."""

    prefix: ClassVar[str] = "bert."
    heads: ClassVar[tuple[str, ...]] = ("cls.", "classifier.", "qa_outputs.")
    tables: ClassVar[Mapping[str, str]] = TABLES
    parts: ClassVar[Mapping[str, str]] = PARTS
    pooler: ClassVar[str | None] = "pooler.dense"

    model_type: Literal["bert"]

    @override
    def shape(self, tensors: Collection[str]) -> BertConfig:
        return self.common_shape(
            embedding_size=self.hidden_size,
            projected=False,
            order=tuple(range(self.num_hidden_layers)),
            pooled=self.has_pooler(tensors),
        )

    @override
    def layer_name(self, index: int) -> str:
        return f"encoder.layer.{index}"
