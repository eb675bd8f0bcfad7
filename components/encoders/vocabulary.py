"""An encoder's vocabulary and casing: WordPiece's list of pieces, or ALBERT's SentencePiece model."""

from __future__ import annotations

import dataclasses
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from components.encoders.catalogue import SENTENCEPIECE, WORDPIECE, Tokenizer
from components.encoders.sentencepieces import REQUIRED_PIECES, Pieces, read_pieces
from components.encoders.wordpieces import check_word_pieces, read_word_pieces
from components.errors import EncoderError

if TYPE_CHECKING:
    from components.encoders.inspect import EncoderInfo

_SENTENCEPIECE_SUFFIX = ".model"
_FILES = {WORDPIECE: "vocab.txt", SENTENCEPIECE: "SentencePiece model (spiece.model)"}
_REMEDY = "set encoder.vocab_file to the vocab.txt that the encoder was made with"
_PIECES_REMEDY = "set encoder.vocab_file to the SentencePiece model that the encoder was made with"


@dataclasses.dataclass(frozen=True)
class Vocabulary:
    """WordPiece: the pieces in the order of their ids; whether text is lower-cased and stripped of accents before."""

    tokens: tuple[str, ...]
    lower_case: bool

    @property
    def size(self) -> int:
        """How many pieces there are."""
        return len(self.tokens)

    @cached_property
    def pad_id(self) -> int:
        """The id of what fills a batch up."""
        return self.tokens.index("[PAD]")

    @cached_property
    def unk_id(self) -> int:
        """The id of what stands for a word that has no pieces."""
        return self.tokens.index("[UNK]")

    @cached_property
    def cls_id(self) -> int:
        """The id that every text begins with."""
        return self.tokens.index("[CLS]")

    @cached_property
    def sep_id(self) -> int:
        """The id that every text ends with."""
        return self.tokens.index("[SEP]")


@dataclasses.dataclass(frozen=True)
class SentencePieces:
    """SentencePiece: the bytes of a model, and whether text is lower-cased and stripped of accents before.

    Raises ValueError, when first asked for its pieces, where the bytes are no model.
    """

    model: bytes = dataclasses.field(repr=False)
    lower_case: bool

    @property
    def tokens(self) -> tuple[str, ...]:
        """The pieces in the order of their ids."""
        return self._pieces.texts

    @property
    def size(self) -> int:
        """How many pieces there are."""
        return len(self.tokens)

    @property
    def unk_id(self) -> int:
        """The id of what stands for characters that are in no piece."""
        return self._pieces.unk_id

    @cached_property
    def pad_id(self) -> int:
        """The id of what fills a batch up."""
        return self.tokens.index("<pad>")

    @cached_property
    def cls_id(self) -> int:
        """The id that every text begins with."""
        return self.tokens.index("[CLS]")

    @cached_property
    def sep_id(self) -> int:
        """The id that every text ends with."""
        return self.tokens.index("[SEP]")

    @cached_property
    def _pieces(self) -> Pieces:
        return read_pieces(self.model)


AnyVocabulary = Vocabulary | SentencePieces


def read_vocabulary(info: EncoderInfo, vocab_file: str | None, lower_case: bool | None) -> AnyVocabulary:
    """The vocabulary of an encoder.

    Args:
        info: the encoder.
        vocab_file: `encoder.vocab_file`, used rather than the encoder's own where it is set; a file called *.model is
            a SentencePiece model, any other one a vocab.txt.
        lower_case: `encoder.lower_case`, likewise.

    Raises:
        EncoderError: the encoder brings none and none is set, or the file does not fit the encoder.
    """
    file = info.vocab_file if vocab_file is None else Path(vocab_file).expanduser()
    if file is None:
        raise EncoderError(f"the encoder brings no vocabulary; {_REMEDY}, for ALBERT to its SentencePiece model")
    kind = info.tokenizer if vocab_file is None else _kind(file, info)
    uncased = info.lower_case if lower_case is None else lower_case
    if uncased is None:
        raise EncoderError("the encoder does not tell its casing; set encoder.lower_case to true (uncased) or false")
    if kind == SENTENCEPIECE:
        return _checked_pieces(SentencePieces(_read(file, _PIECES_REMEDY), uncased), file, info.vocab_size)
    tokens = read_word_pieces(file, _REMEDY)
    check_word_pieces(tokens, file, _REMEDY)
    _check_size(len(tokens), file, info.vocab_size, _REMEDY)
    return Vocabulary(tokens, uncased)


def _kind(file: Path, info: EncoderInfo) -> Tokenizer:
    """What the file that overrides the encoder's own is. Raises EncoderError where that is of another kind."""
    kind = SENTENCEPIECE if file.suffix == _SENTENCEPIECE_SUFFIX else WORDPIECE
    if info.vocab_file is not None and kind != info.tokenizer:
        raise EncoderError(
            f"encoder.vocab_file is {file}, but the encoder reads texts by a {_FILES[info.tokenizer]}; "
            "set it to such a file, or leave it out for the encoder's own"
        )
    return kind


def _checked_pieces(pieces: SentencePieces, file: Path, vocab_size: int) -> SentencePieces:
    try:
        missing = [name for name in REQUIRED_PIECES if name not in pieces.tokens]
    except ValueError as error:
        raise EncoderError(f"{file} is no SentencePiece model ({error}); {_PIECES_REMEDY}") from error
    if missing:
        raise EncoderError(f"{file} lacks {', '.join(missing)}; {_PIECES_REMEDY}")
    _check_size(pieces.size, file, vocab_size, _PIECES_REMEDY)
    return pieces


def _check_size(size: int, file: Path, vocab_size: int, remedy: str) -> None:
    """Raises EncoderError unless there is a row of the word table for each piece, and a piece for each row."""
    if size != vocab_size:
        raise EncoderError(
            f"{file} has {size} pieces, but the encoder has {vocab_size}: its table of word embeddings has a row for "
            f"each; {remedy}"
        )


def _read(file: Path, remedy: str) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise EncoderError(f"the vocabulary {file} cannot be read ({error.strerror}); {remedy}") from error
