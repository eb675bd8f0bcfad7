"""The catalogue's facts, as plain data: see `catalogue` for what they mean.

Handles and preprocessors: the tutorial's two dictionaries. Kaggle's forms: seen in public code, but for those that
`unverified` names. Architectures: Devlin et al. 2019 (BERT), Turc et al. 2019 (small BERTs, "Well-Read Students Learn
Better"), Lan et al. 2020 (ALBERT), Clark et al. 2020 (ELECTRA). Scores: README of google-research/bert of 2020-03-11.
"""

from __future__ import annotations

import dataclasses

_HUB = "https://tfhub.dev"
ENGLISH_UNCASED, ENGLISH_CASED, MULTILINGUAL_CASED, ENGLISH_ALBERT = "uncased", "cased", "multilingual", "albert"

# What is common to encoders that read texts in the same way.
PREPROCESSORS = {
    ENGLISH_UNCASED: f"{_HUB}/tensorflow/bert_en_uncased_preprocess/3",
    ENGLISH_CASED: f"{_HUB}/tensorflow/bert_en_cased_preprocess/3",
    MULTILINGUAL_CASED: f"{_HUB}/tensorflow/bert_multi_cased_preprocess/3",
    ENGLISH_ALBERT: f"{_HUB}/tensorflow/albert_en_preprocess/3",
}
VOCAB_SIZES = {ENGLISH_UNCASED: 30522, ENGLISH_CASED: 28996, MULTILINGUAL_CASED: 119547, ENGLISH_ALBERT: 30000}
LANGUAGES = {
    ENGLISH_UNCASED: "English", ENGLISH_CASED: "English", MULTILINGUAL_CASED: "104 languages",
    ENGLISH_ALBERT: "English",
}  # fmt: skip
LOWER_CASED = frozenset({ENGLISH_UNCASED, ENGLISH_ALBERT})
WITH_SENTENCEPIECE = frozenset({ENGLISH_ALBERT})
# GLUE's overall test score and that of SST-2 (sentiment).
SCORES = {
    "small_bert/bert_en_uncased_L-2_H-128_A-2": (64.2, 83.2),
    "small_bert/bert_en_uncased_L-4_H-256_A-4": (65.8, 85.9),
    "small_bert/bert_en_uncased_L-4_H-512_A-8": (71.2, 89.7),
    "small_bert/bert_en_uncased_L-8_H-512_A-8": (73.5, 89.6),
}


@dataclasses.dataclass(frozen=True)
class Shape:
    """An architecture; `is_standard` is False where its layers are not those of BERT, whose weights can be counted."""

    vocab_size: int
    layers: int
    hidden_size: int
    heads: int
    intermediate_size: int
    embedding_width: int
    max_positions: int = 512
    shares_layers: bool = False
    is_standard: bool = True


@dataclasses.dataclass(frozen=True)
class Row:
    """What is known of one encoder; `texts` says how it reads them."""

    name: str
    handle: str
    kaggle: str
    texts: str
    shape: Shape
    published: str | None = None
    unverified: tuple[str, ...] = ()


def _bert(texts: str, layers: int = 12, width: int = 768, heads: int = 12) -> Shape:
    return Shape(VOCAB_SIZES[texts], layers, width, heads, intermediate_size=4 * width, embedding_width=width)


def _small_bert(layers: int, width: int, heads: int) -> Row:
    size = f"L-{layers}_H-{width}_A-{heads}"
    name = f"small_bert/bert_en_uncased_{size}"
    kaggle = f"tensorflow/bert/tensorFlow2/bert-en-uncased-{size.lower().replace('_', '-')}"
    return Row(
        name, f"{_HUB}/tensorflow/{name}/1", kaggle, ENGLISH_UNCASED, _bert(ENGLISH_UNCASED, layers, width, heads)
    )


_BERT_BASE = _bert(ENGLISH_UNCASED)

ROWS = (
    Row(
        "bert_en_uncased_L-12_H-768_A-12",
        f"{_HUB}/tensorflow/bert_en_uncased_L-12_H-768_A-12/3",
        "tensorflow/bert/tensorFlow2/en-uncased-l-12-h-768-a-12",
        ENGLISH_UNCASED,
        _BERT_BASE,
        published="110M",
    ),
    Row(
        "bert_en_cased_L-12_H-768_A-12",
        f"{_HUB}/tensorflow/bert_en_cased_L-12_H-768_A-12/3",
        "tensorflow/bert/tensorFlow2/en-cased-l-12-h-768-a-12",
        ENGLISH_CASED,
        _bert(ENGLISH_CASED),
        published="110M",
    ),
    Row(
        "bert_multi_cased_L-12_H-768_A-12",
        f"{_HUB}/tensorflow/bert_multi_cased_L-12_H-768_A-12/3",
        "tensorflow/bert/tensorFlow2/multi-cased-l-12-h-768-a-12",
        MULTILINGUAL_CASED,
        _bert(MULTILINGUAL_CASED),
    ),
    *(
        _small_bert(layers, width, heads)
        for layers in (2, 4, 6, 8, 10, 12)
        for width, heads in ((128, 2), (256, 4), (512, 8), (768, 12))
    ),
    Row(
        "albert_en_base",
        f"{_HUB}/tensorflow/albert_en_base/2",
        "tensorflow/albert/tensorFlow2/en-base",
        ENGLISH_ALBERT,
        Shape(
            VOCAB_SIZES[ENGLISH_ALBERT], 12, 768, 12, intermediate_size=3072, embedding_width=128, shares_layers=True
        ),
        published="12M",
        unverified=("kaggle",),
    ),
    Row(
        "electra_small",
        f"{_HUB}/google/electra_small/2",
        "google/electra/tensorFlow2/small",
        ENGLISH_UNCASED,
        Shape(VOCAB_SIZES[ENGLISH_UNCASED], 12, 256, 4, intermediate_size=1024, embedding_width=128),
        published="14M",
        unverified=("kaggle",),
    ),
    Row(
        "electra_base",
        f"{_HUB}/google/electra_base/2",
        "google/electra/tensorFlow2/base",
        ENGLISH_UNCASED,
        _BERT_BASE,
        published="110M",
        unverified=("kaggle",),
    ),
    Row(
        "experts_pubmed",
        f"{_HUB}/google/experts/bert/pubmed/2",
        "google/experts-bert/tensorFlow2/pubmed",
        ENGLISH_UNCASED,
        _BERT_BASE,
    ),
    Row(
        "experts_wiki_books",
        f"{_HUB}/google/experts/bert/wiki_books/2",
        "google/experts-bert/tensorFlow2/wiki-books",
        ENGLISH_UNCASED,
        _BERT_BASE,
        unverified=("kaggle",),
    ),
    Row(
        "talking-heads_base",
        f"{_HUB}/tensorflow/talkheads_ggelu_bert_en_base/1",
        "tensorflow/talkheads-ggelu-bert/tensorFlow2/en-base",
        ENGLISH_UNCASED,
        dataclasses.replace(_BERT_BASE, is_standard=False),
        unverified=("kaggle", "max_positions", "layers", "hidden_size", "heads"),
    ),
)
