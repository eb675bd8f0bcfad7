"""The numbers of a split's texts, without the texts: some 40 bytes an example."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np

from components.exploration.batches import Batch
from components.exploration.exploration import (
    CHARACTERS_OF_TEXT,
    QUANTITIES,
    TOKENS_OF_TEXT,
    WORDS_OF_TEXT,
    Distribution,
    Group,
)

_PERCENTILES = (50, 75, 90, 95, 99)


@dataclasses.dataclass(frozen=True)
class Columns:
    """Numbers of N texts that hold L labels altogether.

    Attributes:
        quantities: by name (QUANTITIES) int32 [N].
        unknown_rates: float32 [N].
        spans: int32 [N].
        ids: uint64 [N], equal where the identities of texts are.
        label_codes: int32 [L], places of the labels in the list of names.
        label_counts: int32 [N], how many labels each text holds.
    """

    quantities: dict[str, np.ndarray]
    unknown_rates: np.ndarray
    spans: np.ndarray
    ids: np.ndarray
    label_codes: np.ndarray
    label_counts: np.ndarray

    @property
    def size(self) -> int:
        """How many texts there are."""
        return len(self.ids)

    def chosen(self, rows: np.ndarray) -> Columns:
        """The quantities and rates of some rows, by place; their labels are left out."""
        none = np.zeros(0, np.int32)
        return Columns(
            {name: values[rows] for name, values in self.quantities.items()},
            self.unknown_rates[rows],
            self.spans[rows],
            self.ids[rows],
            none,
            none,
        )

    def rows_by_label(self, labels: int) -> list[np.ndarray]:
        """The places of the texts that hold each of so many labels, and last those of the texts that hold none."""
        holders = np.repeat(np.arange(self.size), self.label_counts)
        order = np.argsort(self.label_codes, kind="stable")
        bounds = np.searchsorted(self.label_codes[order], np.arange(1, labels))
        held = np.split(holders[order], bounds) if labels else []
        return [*held, np.flatnonzero(self.label_counts == 0)]


def columns_of(batch: Batch, codes: dict[bytes, int]) -> Columns:
    """The numbers of a batch. `codes`: place of each label by its name; a label that is not there is added."""
    return Columns(
        {
            WORDS_OF_TEXT: batch.words.astype(np.int32),
            CHARACTERS_OF_TEXT: batch.characters.astype(np.int32),
            TOKENS_OF_TEXT: batch.tokens.astype(np.int32),
        },
        batch.unknown_rates,
        batch.spans.astype(np.int32),
        np.fromiter((hash_of(identity) for identity in batch.ids), np.uint64, len(batch.ids)),
        np.fromiter((codes.setdefault(label, len(codes)) for label in batch.labels), np.int32, len(batch.labels)),
        batch.label_counts.astype(np.int32),
    )


def hash_of(identity: bytes) -> int:
    """64 bits of an identity, which is 32 hexadecimal digits of a hash."""
    return int(identity[:16], 16)


def joined(parts: Sequence[Columns]) -> Columns:
    """All texts of the parts, in turn."""
    return Columns(
        {name: _joined((part.quantities[name] for part in parts), np.int32) for name in QUANTITIES},
        _joined((part.unknown_rates for part in parts), np.float32),
        _joined((part.spans for part in parts), np.int32),
        _joined((part.ids for part in parts), np.uint64),
        _joined((part.label_codes for part in parts), np.int32),
        _joined((part.label_counts for part in parts), np.int32),
    )


def _joined(arrays: Iterable[np.ndarray], dtype: type) -> np.ndarray:
    return np.concatenate([np.zeros(0, dtype), *arrays])


def group(name: str, columns: Columns, limits: Iterable[int]) -> Group:
    """Figures of the texts; shares and rates of no texts are 0."""
    tokens, rates = columns.quantities[TOKENS_OF_TEXT], columns.unknown_rates
    return Group(
        name=name,
        texts=columns.size,
        quantities={key: distribution(values) for key, values in columns.quantities.items() if len(values)},
        truncated={limit: _share(tokens > limit) for limit in limits},
        unknown_rate=float(np.sort(rates).mean(dtype=np.float64)) if len(rates) else 0.0,
        with_unknown=_share(rates > 0),
    )


def distribution(values: np.ndarray) -> Distribution:
    """Figures of int [N], N at least 1."""
    p50, p75, p90, p95, p99 = (float(value) for value in np.percentile(values, _PERCENTILES))
    mean = float(values.mean(dtype=np.float64))
    return Distribution(mean, int(values.min()), p50, p75, p90, p95, p99, int(values.max()))


def _share(are: np.ndarray) -> float:
    return float(are.mean()) if len(are) else 0.0


def counted(values: np.ndarray) -> dict[int, int]:
    """How many times each value is there, by rising value."""
    return dict(sorted(collections.Counter(values.tolist()).items()))
