"""The text-to-ids graph: cleaning, WordPiece, truncation, packing. Every op in it is one that TF Serving links.

TF Serving 2.12 to 2.19 link TensorFlow Text 2.12, which has the kernels of FastBertTokenizer but not those of its
trimmers (tensorflow/serving#2267): truncation is by slicing.
"""

from __future__ import annotations

import dataclasses
from typing import cast

import tensorflow as tf
import tensorflow_text as tf_text

from components.encoders.vocabulary import Vocabulary
from components.line_breaks import LINE_BREAK

SPECIAL_TOKENS = 2  # [CLS] and [SEP] around a single text
_SPACE = 0x20


@dataclasses.dataclass(frozen=True)
class Truncation:
    """Which `max_tokens` ids of a text are kept, [CLS] and [SEP] included.

    head keeps the beginning, tail the end, head_tail both halves: a review's verdict tends to stand at its end
    (Sun et al. 2019, "How to Fine-Tune BERT for Text Classification?", section 5.3.1).
    """

    max_tokens: int
    side: str

    @property
    def head(self) -> int:
        """How many of a text's first ids are kept."""
        return {"head": self.room, "tail": 0, "head_tail": self.room // 2}[self.side]

    @property
    def room(self) -> int:
        """How many ids of a text are kept at most, without [CLS] and [SEP]."""
        return self.max_tokens - SPECIAL_TOKENS


class TextToPieces:
    """Cleans texts and divides them: `[batch]` strings into the ids of all their pieces, ragged int64
    `[batch, (pieces)]`, without [CLS] and [SEP].

    Bytes that are no UTF-8 are read as spaces, as BERT reads control characters.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._tokenizer = tf_text.FastBertTokenizer(
            vocab=list(vocabulary.tokens), lower_case_nfd_strip_accents=vocabulary.lower_case
        )

    def __call__(self, text: tf.Tensor) -> tf.RaggedTensor:
        """The pieces of each text: ragged int64 `[batch, (pieces)]` for strings `[batch]`."""
        return cast(tf.RaggedTensor, self._tokenizer.tokenize(clean(text)))


class TextToTokens:
    """Turns texts into ids: `[batch]` strings into a ragged int64 `[batch, (tokens)]`, [CLS] first and [SEP] last.

    An empty text is [CLS] [SEP].
    """

    def __init__(self, vocabulary: Vocabulary, truncation: Truncation) -> None:
        self._to_pieces = TextToPieces(vocabulary)
        self._cls = vocabulary.tokens.index("[CLS]")
        self._sep = vocabulary.tokens.index("[SEP]")
        self._truncation = truncation

    def __call__(self, text: tf.Tensor) -> tf.RaggedTensor:
        """The ids of each text: ragged int64 `[batch, (tokens)]` for strings `[batch]`."""
        return self._pack(truncate(self._to_pieces(text), self._truncation))

    def _pack(self, ids: tf.RaggedTensor) -> tf.RaggedTensor:
        rows = ids.nrows(out_type=tf.int64)
        column = tf.stack([rows, tf.constant(1, tf.int64)])
        cls = tf.fill(column, tf.constant(self._cls, tf.int64))
        sep = tf.fill(column, tf.constant(self._sep, tf.int64))
        return tf.concat([cls, ids, sep], axis=1)


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
