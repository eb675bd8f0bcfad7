"""Reads a task's examples once and measures them. Memory grows by some 150 bytes an example, whatever its
length.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from components.exploration import bins
from components.exploration.batches import Batch, read
from components.exploration.best import Best, Key
from components.exploration.columns import Columns, columns_of, counted, group, hash_of, joined
from components.exploration.excerpts import Excerpt
from components.exploration.exploration import LIMITS, QUANTITIES, Exploration, Histogram, Repeat
from components.features import MULTILABEL, NO_LABEL, SPLITS
from components.page.excerpts import cut

_EXTREMES = 5  # longest and shortest texts
_SAMPLES = 3  # of each label
_REPEATED = 5


@dataclasses.dataclass(frozen=True)
class Task:
    """What is known of the task: its name, the kind of its labels, their names, and its model's longest input."""

    name: str
    kind: str
    labels: tuple[str, ...]
    max_tokens: int


def measure(
    task: Task,
    examples: Mapping[str, str],
    account: Mapping[str, Any],
    advance: Callable[[int], None] = lambda texts: None,
) -> Exploration:
    """Measures the examples; the same examples give the same figures, in whatever order and files they are.

    Args:
        task: whose examples they are.
        examples: the folder of each split's gzipped TFRecord files; a split without a folder has none.
        account: what became of the rows (summary.json).
        advance: is told after every batch how many texts it had.
    """
    texts = _Texts()
    codes = {name.encode(): code for code, name in enumerate(task.labels)}
    columns = {split: _read_split(split, examples[split], codes, texts, advance) for split in _splits(examples)}
    names = tuple(name.decode(errors="replace") for name in codes)
    limits = sorted({*LIMITS, task.max_tokens})
    everything = joined(list(columns.values()))
    rows = everything.rows_by_label(len(names))
    held = [*names, NO_LABEL] if len(rows[-1]) or task.kind == MULTILABEL else list(names)
    repeated, repeats = _repeated(examples, everything)
    return Exploration(
        task=task.name,
        kind=task.kind,
        names=names,
        max_tokens=task.max_tokens,
        account=account,
        labels={split: _labels(of_split, names) for split, of_split in columns.items()},
        labels_per_text={split: counted(of_split.label_counts) for split, of_split in columns.items()},
        splits=tuple(group(split, of_split, limits) for split, of_split in columns.items()),
        by_label=tuple(group(name, everything.chosen(rows[place]), limits) for place, name in enumerate(held)),
        histograms={quantity: _histogram(quantity, columns, everything) for quantity in QUANTITIES},
        spans=_spans(columns),
        longest=texts.longest.excerpts,
        shortest=texts.shortest.excerpts,
        samples={name: texts.samples[name].excerpts for name in held if name in texts.samples},
        repeated=repeated,
        repeats=repeats,
    )


class _Texts:
    """The few texts that are shown."""

    def __init__(self) -> None:
        self.longest, self.shortest = Best(_EXTREMES), Best(_EXTREMES)
        self.samples: dict[str, Best] = collections.defaultdict(lambda: Best(_SAMPLES))

    def take(self, split: str, batch: Batch) -> None:
        starts, counts = batch.label_starts.tolist(), batch.label_counts.tolist()
        labels = [label.decode(errors="replace") for label in batch.labels]
        rows = zip(batch.ids.tolist(), batch.texts.tolist(), batch.characters.tolist(), strict=True)
        for row, (identity, text, characters) in enumerate(rows):
            held = tuple(labels[starts[row] : starts[row] + counts[row]])
            make = partial(_excerpt, split, batch, row, held)
            self.longest.offer(Key(-characters, identity, text), make)
            self.shortest.offer(Key(characters, identity, text), make)
            for name in held or (NO_LABEL,):
                self.samples[name].offer(Key(0, identity, text), make)


def _splits(examples: Mapping[str, str]) -> list[str]:
    return [split for split in SPLITS if split in examples]


def _read_split(
    split: str, folder: str, codes: dict[bytes, int], texts: _Texts, advance: Callable[[int], None]
) -> Columns:
    parts = []
    for batch in read(folder):
        parts.append(columns_of(batch, codes))
        texts.take(split, batch)
        advance(parts[-1].size)
    return joined(parts)


def _excerpt(split: str, batch: Batch, row: int, labels: tuple[str, ...]) -> Excerpt:
    pair = batch.text_pairs[row].decode(errors="replace")
    return Excerpt(
        id=batch.ids[row].decode(),
        text=cut(batch.texts[row].decode(errors="replace")),
        text_pair=cut(pair) if pair else None,
        labels=labels,
        split=split,
        words=int(batch.words[row]),
        characters=int(batch.characters[row]),
        tokens=int(batch.tokens[row]),
    )


def _labels(columns: Columns, names: Sequence[str]) -> dict[str, int]:
    counts = np.bincount(columns.label_codes, minlength=len(names)).tolist()
    return dict(zip(names, counts, strict=True))


def _histogram(quantity: str, columns: Mapping[str, Columns], everything: Columns) -> Histogram:
    edges = bins.edges_of(everything.quantities[quantity])
    counts = {split: bins.count(of_split.quantities[quantity], edges) for split, of_split in columns.items()}
    return Histogram(edges, counts)


def _spans(columns: Mapping[str, Columns]) -> dict[int, dict[str, int]]:
    by_split = {split: counted(of_split.spans) for split, of_split in columns.items()}
    spans = sorted({span for counts in by_split.values() for span in counts})
    return {span: {split: counts.get(span, 0) for split, counts in by_split.items()} for span in spans}


def _repeated(examples: Mapping[str, str], everything: Columns) -> tuple[tuple[Repeat, ...], int]:
    """The texts that stand most often, and how many examples are beyond the first of each text."""
    hashes, times = np.unique(everything.ids, return_counts=True)
    repeats = everything.size - len(hashes)
    order = np.lexsort((hashes, -times))[:_REPEATED]
    most = {int(hashes[place]): int(times[place]) for place in order if times[place] > 1}
    return (_found(examples, most) if most else ()), repeats


def _found(examples: Mapping[str, str], times: Mapping[int, int]) -> tuple[Repeat, ...]:
    """Reads the examples again for the texts of some hashes: only where equal texts were kept."""
    found = {key: Best(1) for key in times}
    for split in _splits(examples):
        for batch in read(examples[split]):
            for row, (identity, text) in enumerate(zip(batch.ids, batch.texts, strict=True)):
                key = hash_of(identity)
                if key in times:
                    excerpt = partial(_excerpt, split, batch, row, _labels_of(batch, row))
                    found[key].offer(Key(0, identity, text), excerpt)
    return tuple(Repeat(times[key], *best.excerpts) for key, best in found.items())


def _labels_of(batch: Batch, row: int) -> tuple[str, ...]:
    end = int(np.cumsum(batch.label_counts)[row])
    return tuple(label.decode(errors="replace") for label in batch.labels[end - batch.label_counts[row] : end])
