"""What was measured of a task's examples: plain values, for a terminal, a page or a JSON file."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from components.exploration.excerpts import Excerpt
from components.features import BINARY, MULTILABEL

WORDS_OF_TEXT = "words"
CHARACTERS_OF_TEXT = "characters"
TOKENS_OF_TEXT = "tokens"
QUANTITIES = (WORDS_OF_TEXT, CHARACTERS_OF_TEXT, TOKENS_OF_TEXT)
LIMITS = (128, 256, 512)  # usual lengths of a model's input, in tokens


@dataclasses.dataclass(frozen=True)
class Distribution:
    """Figures of one quantity; the percentiles as numpy's, linear between the two nearest values."""

    mean: float
    minimum: int
    p50: float
    p75: float
    p90: float
    p95: float
    p99: float
    maximum: int


@dataclasses.dataclass(frozen=True)
class Histogram:
    """How many texts of each split are in each bin; a bin holds its lower edge, and not its upper one."""

    edges: tuple[int, ...]
    counts: Mapping[str, tuple[int, ...]]

    @property
    def widens(self) -> bool:
        """Whether later bins are wider than the first: the quantity has a long tail."""
        return self.edges[-1] - self.edges[-2] > self.edges[1] - self.edges[0]


@dataclasses.dataclass(frozen=True)
class Group:
    """The texts of a split or of a label. `quantities` is empty where there is no text.

    Attributes:
        name: of the split or label.
        texts: how many there are.
        quantities: by name, one of QUANTITIES.
        truncated: the share of texts that have more tokens than the key says.
        unknown_rate: mean over the texts of the share of pieces that the vocabulary does not have.
        with_unknown: the share of texts with at least one such piece.
    """

    name: str
    texts: int
    quantities: Mapping[str, Distribution]
    truncated: Mapping[int, float]
    unknown_rate: float
    with_unknown: float


@dataclasses.dataclass(frozen=True)
class Repeat:
    """A text that stands several times among the examples."""

    times: int
    excerpt: Excerpt


@dataclasses.dataclass(frozen=True)
class Exploration:
    """All that is shown of a task's data.

    Attributes:
        task: its name.
        kind: of the labels: binary, multiclass or multilabel.
        names: the labels, in the order of the configuration.
        max_tokens: the longest input of the task's model, in tokens.
        account: what became of the rows, as the ingest step wrote it (summary.json).
        labels: how many texts of each split hold each label.
        labels_per_text: how many texts of each split hold so many labels.
        splits: figures of each split.
        by_label: figures of each label, over all splits; of texts without any label last, under NO_LABEL.
        histograms: by quantity.
        spans: how many examples of each span are in each split, by number.
        longest, shortest: by characters.
        samples: of each label, and of NO_LABEL, the texts whose identities come first.
        repeated: the texts that stand most often, where they were kept.
        repeats: how many examples are there beyond the first of each text.
    """

    task: str
    kind: str
    names: tuple[str, ...]
    max_tokens: int
    account: Mapping[str, Any]
    labels: Mapping[str, Mapping[str, int]]
    labels_per_text: Mapping[str, Mapping[int, int]]
    splits: tuple[Group, ...]
    by_label: tuple[Group, ...]
    histograms: Mapping[str, Histogram]
    spans: Mapping[int, Mapping[str, int]]
    longest: tuple[Excerpt, ...]
    shortest: tuple[Excerpt, ...]
    samples: Mapping[str, tuple[Excerpt, ...]]
    repeated: tuple[Repeat, ...]
    repeats: int

    @property
    def limits(self) -> tuple[int, ...]:
        """The lengths, in tokens, that texts are compared with."""
        return tuple(sorted({*LIMITS, self.max_tokens}))

    @property
    def holds_many(self) -> bool:
        """Whether a text may hold several labels, or none."""
        return self.kind == MULTILABEL

    @property
    def is_binary(self) -> bool:
        """Whether there are two labels, one of which each text holds."""
        return self.kind == BINARY

    @property
    def texts(self) -> int:
        """How many examples there are."""
        return sum(split.texts for split in self.splits)

    @property
    def sizes(self) -> dict[str, int]:
        """How many examples each split has."""
        return {split.name: split.texts for split in self.splits}

    def to_dict(self) -> dict[str, Any]:
        """As a JSON value. Keys that are numbers are written as texts, as JSON has them."""
        return _jsonable(dataclasses.asdict(self))


def _jsonable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _jsonable(inner) for key, inner in value.items()}
    return [_jsonable(inner) for inner in value] if isinstance(value, (list, tuple)) else value
