"""DistilBERT (Sanh et al. 2019, https://arxiv.org/abs/1910.01108): BERT's layers, neither types nor pooler."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import ClassVar, Literal

import pydantic
from typing_extensions import override

from components.encoders.bert_config import BertConfig
from components.encoders.families.family import Family, Gelu, Rate, check_heads


class DistilBert(Family):
    """A DistilBertModel."""

    prefix: ClassVar[str] = "distilbert."
    heads: ClassVar[tuple[str, ...]] = (
        "vocab_transform.", "vocab_layer_norm.", "vocab_projector.", "pre_classifier.", "classifier.", "qa_outputs.",
    )  # fmt: skip
    tables: ClassVar[Mapping[str, str]] = {
        "word_embeddings": "embeddings.word_embeddings",
        "position_embedding": "embeddings.position_embeddings",
        "embeddings/layer_norm": "embeddings.LayerNorm",
    }
    parts: ClassVar[Mapping[str, str]] = {
        "self_attention/query": "attention.q_lin",
        "self_attention/key": "attention.k_lin",
        "self_attention/value": "attention.v_lin",
        "self_attention/attention_output": "attention.out_lin",
        "self_attention_layer_norm": "sa_layer_norm",
        "intermediate": "ffn.lin1",
        "output": "ffn.lin2",
        "output_layer_norm": "output_layer_norm",
    }

    model_type: Literal["distilbert"]
    activation: Gelu
    dim: pydantic.PositiveInt
    hidden_dim: pydantic.PositiveInt
    n_layers: pydantic.PositiveInt
    n_heads: pydantic.PositiveInt
    dropout: Rate = 0.1
    attention_dropout: Rate = 0.1

    @pydantic.model_validator(mode="after")
    def _heads_share_the_width(self) -> DistilBert:
        check_heads(self.n_heads, self.dim)
        return self

    @override
    def shape(self, tensors: Collection[str]) -> BertConfig:
        return BertConfig(
            vocab_size=self.vocab_size,
            type_vocab_size=0,
            max_positions=self.max_position_embeddings,
            embedding_size=self.dim,
            hidden_size=self.dim,
            order=tuple(range(self.n_layers)),
            heads=self.n_heads,
            intermediate_size=self.hidden_dim,
            approximate_gelu=self.activation == "gelu_new",
            layer_norm_eps=self.layer_norm_eps,
            projected=False,
            pooled=False,
            hidden_dropout=self.dropout,
            attention_dropout=self.attention_dropout,
            # It was distilled, and is fine-tuned elsewhere, without dropout at this place.
            attention_output_dropout=0.0,
        )

    @override
    def layer_name(self, index: int) -> str:
        return f"transformer.layer.{index}"
