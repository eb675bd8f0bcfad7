"""A SentencePiece model small enough for every test, and ALBERT's in its special pieces."""

from __future__ import annotations

import io
from functools import cache

import sentencepiece

_TEXTS = (
    "this is such an amazing movie", "the film was good and the story great", "very good movie so wonderful",
    "cafe naive and bad boring awful acting plot", "the worst film i hated it", "abcdefghijklmnopqrstuvwxyz 0123456789",
)  # fmt: skip


@cache
def tiny_model(controls: str = "[CLS],[SEP],[MASK]", pad: str = "<pad>") -> bytes:
    """The bytes of a model with some 70 pieces."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(_TEXTS * 20), model_writer=model, vocab_size=90, hard_vocab_limit=False, minloglevel=2,
        pad_id=0, unk_id=1, bos_id=-1, eos_id=-1, pad_piece=pad, unk_piece="<unk>", control_symbols=controls,
    )  # fmt: skip
    return model.getvalue()


def processor(model: bytes) -> sentencepiece.SentencePieceProcessor:
    """SentencePiece's own tokenizer, as the reference."""
    return sentencepiece.SentencePieceProcessor(model_proto=model)
