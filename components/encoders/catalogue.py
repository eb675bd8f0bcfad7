"""The encoders that `encoder.handle` may call by a name: those of TensorFlow's tutorial "Classify text with BERT".

https://github.com/tensorflow/text/blob/17c38bf014810b80abbb7c13ff1c2ac3cd9f710f/docs/tutorials/classify_text_with_bert.ipynb
The data is in `catalogue_data`; here is what is computed of it, and how it is found. Nothing imports TensorFlow.
"""

from __future__ import annotations

import dataclasses
import difflib
from typing import Literal
from urllib.parse import urlsplit

from components.encoders import catalogue_data as data

Tokenizer = Literal["wordpiece", "sentencepiece"]
WORDPIECE: Tokenizer = "wordpiece"
SENTENCEPIECE: Tokenizer = "sentencepiece"

_TYPES = 2  # rows of the table that tells the first text of a pair from the second


@dataclasses.dataclass(frozen=True)
class Entry:
    """An encoder of the catalogue.

    `handle` and `preprocessor` are addresses at TF Hub, `kaggle` is what kagglehub calls it (without a version).
    `parameters` counts the encoder with its pooler: computed from the architecture, None where that is not known well
    enough. `published` is the count that its paper gives, rounded as there. `glue` and `sst2` are Google's published
    test scores. `unverified` names the fields that follow a pattern of names, and that nobody confirmed.
    """

    name: str
    handle: str
    preprocessor: str
    kaggle: str
    lower_case: bool
    tokenizer: Tokenizer
    languages: str
    max_positions: int
    layers: int
    hidden_size: int
    heads: int
    vocab_size: int
    parameters: int | None
    published: str | None
    glue: float | None
    sst2: float | None
    unverified: tuple[str, ...]

    @property
    def kaggle_page(self) -> str:
        """Where Kaggle shows it; an address to download from has the version at its end."""
        return f"https://www.kaggle.com/models/{self.kaggle}"

    @property
    def casing(self) -> str:
        """`uncased` where texts are lower-cased and stripped of accents before, else `cased`."""
        return "uncased" if self.lower_case else "cased"


def entries() -> tuple[Entry, ...]:
    """All encoders, in the tutorial's order."""
    return tuple(_ENTRIES.values())


def find(name: str) -> Entry | None:
    """The encoder of that name; None where the catalogue has none."""
    return _ENTRIES.get(name)


def find_address(url: str) -> Entry | None:
    """The encoder at an address of TF Hub, or of Kaggle in any version; None where the catalogue does not have it."""
    plain = url.partition("?")[0].rstrip("/")
    path = urlsplit(plain).path.removeprefix("/models/").rpartition("/")[0]
    return next((entry for entry in entries() if plain == entry.handle or path == entry.kaggle), None)


def close_names(name: str) -> list[str]:
    """The names that were probably meant, likeliest first."""
    short = {entry.rpartition("/")[2]: entry for entry in _ENTRIES}
    return [short[close] for close in difflib.get_close_matches(name.rpartition("/")[2], short, n=3, cutoff=0.75)]


def count_parameters(shape: data.Shape) -> int:
    """The float32 numbers of an encoder with learned positions, and a pooler of its width.

    Devlin et al. 2019, section 3; with embeddings of another width than the layers', projected to it, and layers that
    share one set of weights, Lan et al. 2020 ("ALBERT", section 3.1).
    """
    width = shape.hidden_size
    tables = (shape.vocab_size + shape.max_positions + _TYPES) * shape.embedding_width
    norm = 2 * shape.embedding_width
    projection = 0 if shape.embedding_width == width else _dense(shape.embedding_width, width)
    attention = 4 * _dense(width, width) + 2 * width
    inner = _dense(width, shape.intermediate_size) + _dense(shape.intermediate_size, width) + 2 * width
    layers = 1 if shape.shares_layers else shape.layers
    return tables + norm + projection + layers * (attention + inner) + _dense(width, width)


def _dense(inputs: int, outputs: int) -> int:
    return inputs * outputs + outputs


def _entry(row: data.Row) -> Entry:
    shape = row.shape
    score = data.SCORES.get(row.name)
    return Entry(
        name=row.name,
        handle=row.handle,
        preprocessor=data.PREPROCESSORS[row.texts],
        kaggle=row.kaggle,
        lower_case=row.texts in data.LOWER_CASED,
        tokenizer=SENTENCEPIECE if row.texts in data.WITH_SENTENCEPIECE else WORDPIECE,
        languages=data.LANGUAGES[row.texts],
        max_positions=shape.max_positions,
        layers=shape.layers,
        hidden_size=shape.hidden_size,
        heads=shape.heads,
        vocab_size=shape.vocab_size,
        parameters=count_parameters(shape) if shape.is_standard else None,
        published=row.published,
        glue=None if score is None else score[0],
        sst2=None if score is None else score[1],
        unverified=row.unverified,
    )


_ENTRIES = {row.name: _entry(row) for row in data.ROWS}
