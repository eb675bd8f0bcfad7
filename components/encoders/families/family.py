"""What a member of the BERT family tells the conversion."""

from __future__ import annotations

import abc
from collections.abc import Collection, Mapping
from typing import Annotated, Any, ClassVar, Literal

import pydantic

from components.encoders.bert_config import BertConfig

Rate = Annotated[float, pydantic.Field(ge=0.0, lt=1.0)]
# `gelu` is the exact one, with the error function; `gelu_new` is Google BERT's, with tanh.
Gelu = Literal["gelu", "gelu_new"]


class Family(pydantic.BaseModel, abc.ABC):
    """The settings of a Hugging Face config.json that the forward pass depends on, under their own names.

    Tensors are named as in the bare model (BertModel and its like) of Hugging Face, without the prefix that a model
    with a head gives them. `tables` and `parts` name what a checkpoint calls our layers: those outside the
    Transformer, and those inside one of its layers.
    """

    model_config = pydantic.ConfigDict(frozen=True)

    prefix: ClassVar[str]
    heads: ClassVar[tuple[str, ...]]
    tables: ClassVar[Mapping[str, str]]
    parts: ClassVar[Mapping[str, str]]
    pooler: ClassVar[str | None] = None

    position_embedding_type: Literal["absolute"] = "absolute"
    is_decoder: Literal[False] = False
    vocab_size: pydantic.PositiveInt
    max_position_embeddings: pydantic.PositiveInt
    layer_norm_eps: pydantic.PositiveFloat = 1e-12

    @abc.abstractmethod
    def shape(self, tensors: Collection[str]) -> BertConfig:
        """What is to be built. `tensors`: the names in the checkpoint, which tell whether there is a pooler."""

    @abc.abstractmethod
    def layer_name(self, index: int) -> str:
        """What the checkpoint calls the Transformer's layer of that number."""

    def names(self, config: BertConfig) -> dict[str, str]:
        """The checkpoint's name of each of our layers."""
        names = dict(self.tables)
        if self.pooler is not None:
            names["pooler_transform"] = self.pooler
        for index in range(config.layers):
            layer = self.layer_name(index)
            names |= {f"transformer/layer_{index}/{ours}": f"{layer}.{theirs}" for ours, theirs in self.parts.items()}
        return names

    def has_pooler(self, tensors: Collection[str]) -> bool:
        """Whether the checkpoint holds any part of a pooler; models for spans or tokens are saved without one."""
        return self.pooler is not None and any(name.startswith(f"{self.pooler}.") for name in tensors)


def check_heads(heads: int, hidden_size: int) -> None:
    """Raises ValueError where the heads cannot share the width."""
    if hidden_size % heads:
        raise ValueError(f"{heads} heads cannot share a hidden_size of {hidden_size}")


class BertLike(Family):
    """The settings that BERT, ELECTRA and ALBERT have in common."""

    heads: ClassVar[tuple[str, ...]] = ()
    hidden_act: Gelu
    type_vocab_size: pydantic.PositiveInt
    hidden_size: pydantic.PositiveInt
    num_hidden_layers: pydantic.PositiveInt
    num_attention_heads: pydantic.PositiveInt
    intermediate_size: pydantic.PositiveInt
    hidden_dropout_prob: Rate = 0.1
    attention_probs_dropout_prob: Rate = 0.1

    @pydantic.model_validator(mode="after")
    def _heads_share_the_width(self) -> BertLike:
        check_heads(self.num_attention_heads, self.hidden_size)
        return self

    def common_shape(self, **special: Any) -> BertConfig:
        """The shape by the common settings, and `special` for what is the member's own."""
        return BertConfig(
            vocab_size=self.vocab_size,
            type_vocab_size=self.type_vocab_size,
            max_positions=self.max_position_embeddings,
            hidden_size=self.hidden_size,
            heads=self.num_attention_heads,
            intermediate_size=self.intermediate_size,
            approximate_gelu=self.hidden_act == "gelu_new",
            layer_norm_eps=self.layer_norm_eps,
            hidden_dropout=self.hidden_dropout_prob,
            attention_dropout=self.attention_probs_dropout_prob,
            attention_output_dropout=self.hidden_dropout_prob,
            **special,
        )
