"""Which encoder a run depends on, told without loading it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.encoders.embedded import embedded_digest
from components.encoders.handles import EMBEDDED, address, local_folder, shown_handle
from components.errors import EncoderError
from components.fingerprint import file_digest, folder_digest, json_digest


def encoder_digest(handle: str, vocab_file: str | None = None) -> str:
    """A fingerprint of the encoder, and of the vocabulary that overrides its own.

    A folder counts by its content. What lies behind a URL is taken as unchanging: see `handles.checked_url`.

    Raises:
        EncoderError: the handle names no SavedModel folder, or an address that may change, or the vocabulary file
            cannot be read.
    """
    own = _own_digest(handle)
    return own if vocab_file is None else json_digest([own, _vocabulary_digest(vocab_file)])


def check_unchanged(encoder: Mapping[str, Any]) -> None:
    """Looks whether the encoder is the one that the run began with, by whose digest its steps are cached.

    Args:
        encoder: the encoder section of the configuration, with the `digest` that the run began with where it is known.

    Raises:
        EncoderError: it is another one now, or is gone.
    """
    handle, digest = encoder["handle"], encoder.get("digest")
    if digest is not None and encoder_digest(handle, encoder["vocab_file"]) != digest:
        raise EncoderError(
            f"encoder.handle: {shown_handle(handle)} changed while the run was going on; start a new run"
        )


def _own_digest(handle: str) -> str:
    if handle == EMBEDDED:
        return embedded_digest()
    return address(handle) or folder_digest(local_folder(handle))


def _vocabulary_digest(vocab_file: str) -> str:
    try:
        return file_digest(Path(vocab_file).expanduser())
    except OSError as error:
        raise EncoderError(
            f"encoder.vocab_file is {vocab_file}, which cannot be read ({error.strerror}); set it to a "
            "vocab.txt or, for ALBERT, a SentencePiece model"
        ) from error
