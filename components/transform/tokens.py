"""The text-to-ids graph: cleaning, pieces, truncation, packing. Every op in it is one that TF Serving links.

TF Serving 2.12 to 2.19 link TensorFlow Text 2.12, which has the kernels of FastBertTokenizer and of SentencePiece but
not those of its trimmers (tensorflow/serving#2267): truncation is by TensorFlow's own operators.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
import tensorflow as tf
import tensorflow_text as tf_text
from tensorflow_text.core.pybinds import pywrap_fast_bert_normalizer_model_builder as cleaning_builder
from tensorflow_text.core.pybinds import pywrap_fast_wordpiece_tokenizer_model_builder as pieces_builder

from components.encoders.vocabulary import AnyVocabulary, SentencePieces, Vocabulary
from components.line_breaks import LINE_BREAK

SPECIAL_TOKENS = 2  # [CLS] and [SEP] around a single text
PAIR_SPECIAL_TOKENS = 3  # and another [SEP] between two
_SPACE = 0x20
_Count = TypeVar("_Count", int, tf.Tensor)
_MARKS = r"\p{Mn}"  # accents, apart from what they stand on


@dataclasses.dataclass(frozen=True)
class Truncation:
    """Which `max_tokens` ids of a text or a pair are kept, [CLS] and [SEP] included.

    head keeps the beginning, tail the end, head_tail both halves: a review's verdict tends to stand at its end
    (Sun et al. 2019, "How to Fine-Tune BERT for Text Classification?", section 5.3.1).
    """

    max_tokens: int
    side: str

    @property
    def room(self) -> int:
        """How many ids of a text are kept at most, without [CLS] and [SEP]."""
        return self.max_tokens - SPECIAL_TOKENS

    @property
    def head(self) -> int:
        """How many of a long text's first ids are kept."""
        return self.head_of(self.room)

    @property
    def pair_room(self) -> int:
        """How many ids of both texts of a pair are kept at most, without [CLS] and both [SEP]."""
        return self.max_tokens - PAIR_SPECIAL_TOKENS

    def head_of(self, kept: _Count) -> _Count:
        """How many of the ids that are kept are the first ones; the others are the last."""
        return {"head": kept, "tail": kept * 0, "head_tail": kept // 2}[self.side]


class TextToPieces:
    """Cleans texts and divides them: `[batch]` strings into the ids of all their pieces, ragged int64
    `[batch, (pieces)]`, without [CLS] and [SEP].

    Bytes that are no UTF-8 are read as spaces, as BERT reads control characters.
    """

    def __init__(self, vocabulary: AnyVocabulary) -> None:
        self._tokenize = (
            _sentencepiece(vocabulary) if isinstance(vocabulary, SentencePieces) else _wordpiece(vocabulary)
        )

    def __call__(self, text: tf.Tensor) -> tf.RaggedTensor:
        """The pieces of each text: ragged int64 `[batch, (pieces)]` for strings `[batch]`."""
        return self._tokenize(clean(text))


class TextToTokens:
    """Turns texts into ids: `[batch]` strings into a ragged int64 `[batch, (tokens)]`, [CLS] first and [SEP] last.

    An empty text is [CLS] [SEP].
    """

    def __init__(self, vocabulary: AnyVocabulary, truncation: Truncation) -> None:
        self._to_pieces = TextToPieces(vocabulary)
        self._cls, self._sep = vocabulary.cls_id, vocabulary.sep_id
        self._truncation = truncation

    def __call__(self, text: tf.Tensor) -> tf.RaggedTensor:
        """The ids of each text: ragged int64 `[batch, (tokens)]` for strings `[batch]`."""
        ids = truncate(self._to_pieces(text), self._truncation)
        return _joined(_column(ids, self._cls), ids, _column(ids, self._sep))


class PairToTokens:
    """Turns pairs of texts into ids, [CLS] first [SEP] second [SEP], and tells one from the other: 0 up to the first
    [SEP], 1 after it (Devlin et al. 2019, section 3).
    """

    def __init__(self, vocabulary: AnyVocabulary, truncation: Truncation) -> None:
        self._to_pieces = TextToPieces(vocabulary)
        self._cls, self._sep = vocabulary.cls_id, vocabulary.sep_id
        self._truncation = truncation

    def __call__(self, text: tf.Tensor, text_pair: tf.Tensor) -> tuple[tf.RaggedTensor, tf.RaggedTensor]:
        """The ids and the types of each pair: two ragged int64 `[batch, (tokens)]` for two strings `[batch]`."""
        first, second = truncate_pair(self._to_pieces(text), self._to_pieces(text_pair), self._truncation)
        first = _joined(_column(first, self._cls), first, _column(first, self._sep))
        second = _joined(second, _column(second, self._sep))
        return _joined(first, second), _joined(tf.zeros_like(first), tf.ones_like(second))


def clean(text: tf.Tensor) -> tf.Tensor:
    """`[batch]` strings with HTML line breaks and undecodable bytes made spaces."""
    decodable = tf.strings.unicode_transcode(text, "UTF-8", "UTF-8", errors="replace", replacement_char=_SPACE)
    return tf.strings.regex_replace(decodable, LINE_BREAK, " ")


def truncate(ids: tf.RaggedTensor, truncation: Truncation) -> tf.RaggedTensor:
    """The ids that are kept of each row: the first `head`, then the last of what the head left, `room` in all."""
    head = ids[:, : truncation.head]
    if truncation.head == truncation.room:
        return head
    rest = ids[:, truncation.head :]
    return tf.concat([head, rest[:, truncation.head - truncation.room :]], axis=1)


def truncate_pair(
    first: tf.RaggedTensor, second: tf.RaggedTensor, truncation: Truncation
) -> tuple[tf.RaggedTensor, tf.RaggedTensor]:
    """The ids that are kept of both texts of each pair, `pair_room` together.

    The longer one gives way until both are equally long, then both do, the second first. Each keeps the side asked for.
    """
    room = truncation.pair_room
    length, other = first.row_lengths(), second.row_lengths()
    kept = tf.minimum(length, tf.maximum(room - other, room - room // 2))
    kept_other = tf.minimum(other, tf.maximum(room - length, room // 2))
    return _keep(first, kept, truncation.head_of(kept)), _keep(second, kept_other, truncation.head_of(kept_other))


def _keep(ids: tf.RaggedTensor, kept: tf.Tensor, head: tf.Tensor) -> tf.RaggedTensor:
    """`kept` ids of each row, of which the first `head` ones are its first and the others its last: int64 `[batch]`."""
    lengths = ids.row_lengths()
    position = tf.ragged.range(lengths).flat_values
    rows = ids.value_rowids()
    is_kept = (position < tf.gather(head, rows)) | (position >= tf.gather(lengths - kept + head, rows))
    ragged: Any = tf.RaggedTensor
    return ragged.from_row_lengths(tf.boolean_mask(ids.flat_values, is_kept), kept, validate=False)


def _joined(*parts: Any) -> tf.RaggedTensor:
    """The rows of all parts, each after the other."""
    joined: Any = tf.concat(parts, axis=1)
    return joined


def _column(like: tf.RaggedTensor, token: int) -> tf.Tensor:
    """The same id for every row: int64 `[batch, 1]`."""
    return tf.fill(tf.stack([like.nrows(out_type=tf.int64), tf.constant(1, tf.int64)]), tf.constant(token, tf.int64))


def _wordpiece(vocabulary: Vocabulary) -> Callable[[tf.Tensor], tf.RaggedTensor]:
    pieces, cleaning = (
        tf.constant(np.frombuffer(compiled, np.uint8))
        for compiled in (_compiled_pieces(tuple(vocabulary.tokens)), _compiled_cleaning(vocabulary.lower_case))
    )
    tokenizer = tf_text.FastBertTokenizer(
        fast_wordpiece_model_buffer=pieces, fast_bert_normalizer_model_buffer=cleaning
    )
    return lambda text: cast(tf.RaggedTensor, tokenizer.tokenize(text))


# FastBertTokenizer would compile its vocabulary anew wherever it is made, and make a constant of the million bytes by
# way of a list: a second or more, and Transform, the export and the counting of tokens make it in a dozen graphs. Its
# builders are called with the values that it calls them with.
@functools.lru_cache(maxsize=2)
def _compiled_pieces(tokens: tuple[str, ...]) -> bytes:
    most_bytes, suffix, unknown, is_pretokenized, detokenizes = 100, "##", "[UNK]", False, False
    return pieces_builder.build_fast_wordpiece_model(
        list(tokens), most_bytes, suffix, unknown, is_pretokenized, detokenizes
    )


@functools.lru_cache(maxsize=2)
def _compiled_cleaning(lower_case: bool) -> bytes:
    return cleaning_builder.build_fast_bert_normalizer_model(lower_case)


def _sentencepiece(vocabulary: SentencePieces) -> Callable[[tf.Tensor], tf.RaggedTensor]:
    """As TF Hub's albert_en_preprocess: SentencepieceTokenizer of Model Garden's official/nlp/modeling/layers/
    text_layers.py, with `strip_diacritics` and `lower_case`.
    """
    tokenizer: Any = tf_text.SentencepieceTokenizer(vocabulary.model)

    def tokenize(text: tf.Tensor) -> tf.RaggedTensor:
        plain = _without_case_and_accents(text) if vocabulary.lower_case else text
        return cast(tf.RaggedTensor, tf.cast(tokenizer.tokenize(plain), tf.int64))

    return tokenize


def _without_case_and_accents(text: tf.Tensor) -> tf.Tensor:
    decomposed: Any = tf_text.normalize_utf8(text, "NFD")
    plain: Any = tf_text.case_fold_utf8(tf.strings.regex_replace(decomposed, _MARKS, ""))
    return plain
