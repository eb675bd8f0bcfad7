"""The shape of an encoder of the BERT family: all that its forward pass depends on, whoever made the checkpoint."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class BertConfig:
    """What `build_encoder` builds.

    Attributes:
        vocab_size: rows of the word table.
        type_vocab_size: rows of the type table; 0 where an encoder has none, and takes no notice of types.
        max_positions: rows of the position table.
        embedding_size: width of the three tables.
        hidden_size: width of the Transformer, shared by its heads.
        order: the numbers of the Transformer's layers as they are applied, one for each of `encoder_outputs`. `(0, 1)`
            are two layers, `(0, 0)` is one layer applied twice, as ALBERT's are.
        heads: attention heads of a layer.
        intermediate_size: width between a layer's last two dense layers.
        approximate_gelu: the form with tanh, Google BERT's, and not the one with the error function (Hendrycks and
            Gimpel 2016, https://arxiv.org/abs/1606.08415, section 2).
        layer_norm_eps: added to the variance by layer normalisation.
        projected: the embeddings pass a dense layer on their way into the Transformer.
        pooled: the first token passes a dense layer and tanh on its way to `pooled_output`.
        hidden_dropout: the rate after the embeddings, and before the last sum of a layer.
        attention_dropout: the rate on attention's weights.
        attention_output_dropout: the rate before the first sum of a layer.
    """

    vocab_size: int
    type_vocab_size: int
    max_positions: int
    embedding_size: int
    hidden_size: int
    order: tuple[int, ...]
    heads: int
    intermediate_size: int
    approximate_gelu: bool
    layer_norm_eps: float
    projected: bool
    pooled: bool
    hidden_dropout: float
    attention_dropout: float
    attention_output_dropout: float

    @property
    def layers(self) -> int:
        """How many layers there are with weights of their own."""
        return 1 + max(self.order)
