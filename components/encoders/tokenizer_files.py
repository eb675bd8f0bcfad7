"""The vocabulary that lies beside a checkpoint's weights, and its casing."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from components.encoders.json_file import read_object
from components.encoders.sentencepieces import REQUIRED_PIECES, read_pieces
from components.encoders.wordpieces import check_word_pieces, read_word_pieces
from components.errors import EncoderError

WORD_PIECES, SETTINGS, FAST_TOKENIZER = "vocab.txt", "tokenizer_config.json", "tokenizer.json"
# Hugging Face's name of ALBERT's SentencePiece model, and Google's.
SENTENCE_PIECES = ("spiece.model", "30k-clean.model")
_REMEDY = "give the vocabulary that the model was trained with"
# Cased vocabularies have capitals in a tenth of their pieces and more. Uncased ones have none but in [CLS] and the
# like, and in the odd piece that somebody added.
_CASED_SHARE = 0.01
_CAPITAL = re.compile("[A-Z]")
_SPECIAL = re.compile(r"\[.*\]|<.*>")


@dataclasses.dataclass(frozen=True)
class TokenizerFile:
    """A vocabulary as the file that goes into a SavedModel, and whether texts are lower-cased before they meet it."""

    name: str
    content: bytes
    lower_case: bool


def read_tokenizer(folder: Path, vocab_size: int) -> TokenizerFile:
    """The WordPiece vocabulary or the SentencePiece model of a folder, with its casing.

    The casing is tokenizer_config.json's, or that of the tokenizer.json with the pieces. Where nothing tells it, as in
    Google's folders, it is the vocabulary's own: cased where its pieces hold capitals.

    Raises:
        EncoderError: there is no vocabulary, it does not fit the word table, or texts would be cut in another way than
            the model was trained on.
    """
    file, content, pieces = _read_pieces(folder)
    if len(pieces) != vocab_size:
        raise EncoderError(f"{file} has {len(pieces)} pieces, but the word table has {vocab_size}; {_REMEDY}")
    settings = _read_settings(folder / SETTINGS)
    normalizer = _normalizer(file) if file.name == FAST_TOKENIZER else {}
    told = (settings.get("do_lower_case"), normalizer.get("lowercase"))
    lower_case = next((casing for casing in told if isinstance(casing, bool)), not _is_cased(pieces))
    _check_settings(settings, lower_case, folder / SETTINGS)
    _check_normalizer(normalizer, lower_case, file)
    return TokenizerFile(WORD_PIECES if file.name == FAST_TOKENIZER else file.name, content, lower_case)


def _read_pieces(folder: Path) -> tuple[Path, bytes, Sequence[str]]:
    """The vocabulary's file, its content for a SavedModel, and its pieces in the order of their ids."""
    model = next((folder / name for name in SENTENCE_PIECES if (folder / name).is_file()), None)
    if model is not None:
        pieces = _sentence_pieces(model)
        return model, model.read_bytes(), pieces
    words, fast = folder / WORD_PIECES, folder / FAST_TOKENIZER
    if words.is_file():
        pieces = read_word_pieces(words, _REMEDY)
        check_word_pieces(pieces, words, _REMEDY)
        return words, words.read_bytes(), pieces
    if fast.is_file():
        pieces = _fast_pieces(fast)
        check_word_pieces(pieces, fast, _REMEDY, counted="piece")
        return fast, "".join(f"{piece}\n" for piece in pieces).encode(), pieces
    raise EncoderError(
        f"{folder / WORD_PIECES} is missing, and so is {SENTENCE_PIECES[0]}; give a folder with the vocabulary of its "
        f"model: {WORD_PIECES} (or {FAST_TOKENIZER}) of WordPiece, {SENTENCE_PIECES[0]} of SentencePiece"
    )


def _sentence_pieces(file: Path) -> Sequence[str]:
    try:
        pieces = read_pieces(file.read_bytes()).texts
    except (OSError, ValueError) as error:
        raise EncoderError(f"{file} is no SentencePiece model ({error}); {_REMEDY}") from error
    missing = [name for name in REQUIRED_PIECES if name not in pieces]
    if missing:
        raise EncoderError(f"{file} lacks {', '.join(missing)}; {_REMEDY}")
    return pieces


def _fast_pieces(file: Path) -> list[str]:
    """The pieces in a tokenizer.json, which newer versions of transformers write alone."""
    model = read_object(file, "give the file of the model's own tokenizer").get("model")
    vocabulary = model.get("vocab") if isinstance(model, dict) and model.get("type") == "WordPiece" else None
    if not isinstance(model, dict) or not isinstance(vocabulary, dict):
        raise EncoderError(
            f"{file} is no WordPiece tokenizer; give {WORD_PIECES} of WordPiece or {SENTENCE_PIECES[0]} beside it"
        )
    if model.get("continuing_subword_prefix") != "##":
        raise EncoderError(f"{file} marks the rest of a word not by ##; give a model with BERT's WordPiece")
    by_id = {str(index): piece for piece, index in vocabulary.items()}
    if set(by_id) != {str(index) for index in range(len(vocabulary))}:
        raise EncoderError(f"{file} has ids that do not count from 0 up; {_REMEDY}")
    return [by_id[str(index)] for index in range(len(vocabulary))]


def _read_settings(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    return read_object(file, "give the file of the model's own tokenizer")


def _normalizer(file: Path) -> dict[str, Any]:
    """What a tokenizer.json does to texts before they are cut. Raises EncoderError where that is not what BERT does."""
    normalizer = read_object(file, "give the file of the model's own tokenizer").get("normalizer")
    if normalizer is None:
        return {}
    if not isinstance(normalizer, dict) or normalizer.get("type") != "BertNormalizer":
        kind = normalizer.get("type") if isinstance(normalizer, dict) else normalizer
        raise _cut_otherwise(file, "normalizer.type", kind)
    return normalizer


def _check_settings(settings: dict[str, Any], lower_case: bool, file: Path) -> None:
    """Raises EncoderError where a setting asks for what BERT's own tokenizer does not do, or ALBERT's."""
    others = {
        "strip_accents": settings.get("strip_accents") not in (None, lower_case),
        "keep_accents": settings.get("keep_accents") not in (None, not lower_case),
        "tokenize_chinese_chars": settings.get("tokenize_chinese_chars") is False,
        "word_tokenizer_type": settings.get("word_tokenizer_type", "basic") != "basic",
    }
    for key, is_other in others.items():
        if is_other:
            raise _cut_otherwise(file, key, settings[key])


def _check_normalizer(normalizer: dict[str, Any], lower_case: bool, file: Path) -> None:
    """As `_check_settings`, for the same settings in a tokenizer.json."""
    if normalizer.get("strip_accents") not in (None, lower_case):
        raise _cut_otherwise(file, "normalizer.strip_accents", normalizer["strip_accents"])
    if normalizer.get("handle_chinese_chars") is False:
        raise _cut_otherwise(file, "normalizer.handle_chinese_chars", False)


def _cut_otherwise(file: Path, key: str, value: object) -> EncoderError:
    return EncoderError(
        f"{file}: {key} is {value!r}, and texts are cut here as Google's BERT cuts them; give a model whose tokenizer "
        "does the same"
    )


def _is_cased(pieces: Sequence[str]) -> bool:
    capitals = sum(1 for piece in pieces if _CAPITAL.search(piece) and not _SPECIAL.fullmatch(piece))
    return capitals > _CASED_SHARE * len(pieces)
