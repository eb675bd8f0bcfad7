"""An encoder's WordPiece vocabulary and casing."""

from __future__ import annotations

import collections
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from components.errors import EncoderError

if TYPE_CHECKING:
    from components.encoders.inspect import EncoderInfo

REQUIRED_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
_REMEDY = "set encoder.vocab_file to the vocab.txt that the encoder was made with"


@dataclasses.dataclass(frozen=True)
class Vocabulary:
    """The pieces in the order of their ids, and whether text is lower-cased and stripped of accents before."""

    tokens: tuple[str, ...]
    lower_case: bool


def read_vocabulary(info: EncoderInfo, vocab_file: str | None, lower_case: bool | None) -> Vocabulary:
    """The vocabulary of an encoder.

    Args:
        info: the encoder.
        vocab_file: `encoder.vocab_file`, used rather than the encoder's own where it is set.
        lower_case: `encoder.lower_case`, likewise.

    Raises:
        EncoderError: the encoder brings none and none is set, or the file does not fit the encoder.
    """
    file = info.vocab_file if vocab_file is None else Path(vocab_file).expanduser()
    if file is None:
        raise EncoderError(f"the encoder brings no vocabulary; {_REMEDY}")
    cased = info.lower_case if lower_case is None else lower_case
    if cased is None:
        raise EncoderError("the encoder does not tell its casing; set encoder.lower_case to true (uncased) or false")
    tokens = read_tokens(file)
    _check(tokens, file, info.vocab_size)
    return Vocabulary(tokens, cased)


def read_tokens(file: Path) -> tuple[str, ...]:
    """The lines of a vocab.txt. Raises EncoderError where it cannot be read or is not UTF-8."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise EncoderError(f"the vocabulary {file} cannot be read ({error.strerror}); {_REMEDY}") from error
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise EncoderError(f"{file}, line {line}: not UTF-8; {_REMEDY}") from error
    # Not splitlines: pieces may be characters that Unicode counts as line ends.
    lines = text.removesuffix("\n").split("\n")
    return tuple(line.removesuffix("\r") for line in lines)


def _check(tokens: tuple[str, ...], file: Path, vocab_size: int) -> None:
    missing = [token for token in REQUIRED_TOKENS if token not in tokens]
    if missing:
        raise EncoderError(f"{file} lacks {', '.join(missing)}; {_REMEDY}")
    repeated = [token for token, count in collections.Counter(tokens).items() if count > 1]
    if repeated:
        raise EncoderError(f"{file}, line {_second_line(tokens, repeated[0])}: {repeated[0]!r} again; {_REMEDY}")
    if "" in tokens:
        raise EncoderError(f"{file}, line {tokens.index('') + 1}: empty; {_REMEDY}")
    if len(tokens) != vocab_size:
        raise EncoderError(f"{file} has {len(tokens)} pieces, but the encoder has {vocab_size}; {_REMEDY}")


def _second_line(tokens: tuple[str, ...], token: str) -> int:
    return tokens.index(token, tokens.index(token) + 1) + 1
