"""WordPiece's list of pieces: how a vocab.txt is read, and what makes it one.

Nothing of the catalogue is imported: the embedded encoder's digest counts the code that its conversion runs.
"""

from __future__ import annotations

import collections
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from components.errors import EncoderError

REQUIRED_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
_CONTINUES = "##"


def read_word_pieces(file: Path, remedy: str) -> tuple[str, ...]:
    """The lines of a vocab.txt. Raises EncoderError, with the remedy, where it cannot be read or is not UTF-8."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise EncoderError(f"the vocabulary {file} cannot be read ({error.strerror}); {remedy}") from error
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise EncoderError(f"{file}, line {line}: not UTF-8; {remedy}") from error
    # Not splitlines: pieces may be characters that Unicode counts as line ends.
    lines = text.removesuffix("\n").split("\n")
    return tuple(line.removesuffix("\r") for line in lines)


def check_word_pieces(
    pieces: Sequence[str], file: Path, remedy: str, counted: Literal["line", "piece"] = "line"
) -> None:
    """Looks whether texts can be cut by these pieces; `counted` is what the file has of them, from 1 up.

    Raises:
        EncoderError: one that is needed is missing, or one stands there twice, is empty, or can be no piece.
    """
    missing = [token for token in REQUIRED_TOKENS if token not in pieces]
    if missing:
        raise EncoderError(f"{file} lacks {', '.join(missing)}; {remedy}")
    repeated = next((piece for piece, count in collections.Counter(pieces).items() if count > 1), None)
    if repeated is not None:
        number = pieces.index(repeated, pieces.index(repeated) + 1) + 1
        raise EncoderError(f"{file}, {counted} {number}: {repeated!r} again; {remedy}")
    if "" in pieces:
        raise EncoderError(f"{file}, {counted} {pieces.index('') + 1}: empty; {remedy}")
    broken = next((number for number, piece in enumerate(pieces) if _is_broken(piece)), None)
    if broken is not None:
        raise EncoderError(f"{file}, {counted} {broken + 1}: {pieces[broken]!r} can be no piece; {remedy}")


def _is_broken(piece: str) -> bool:
    return piece == _CONTINUES or "\0" in piece or "\n" in piece or piece.endswith("\r")
