"""Examples made of a few invented words, as example_gen would write them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from components.linear_baseline.settings import Task

# Each label's own words, and those of no label.
WORDS = {"a": ("alu", "amo", "ari"), "b": ("bel", "bom", "bru"), "c": ("cal", "cem", "cor")}
FILLER = ("the", "of", "sol", "tun", "und", "vor")

Row = tuple[str, str, str | None, list[int]]
"""Id, text, second text and target."""


def text(*labels: str, chance: random.Random) -> str:
    """A text that two words of each of these labels betray, among four of none."""
    words = [*chance.choices(FILLER, k=4), *(word for label in labels for word in chance.sample(WORDS[label], 2))]
    return " ".join(chance.sample(words, len(words)))


def task(kind: str = "binary", names: Sequence[str] = ("b", "a"), pair: bool = False, **decisions: Any) -> Task:
    """A task of these labels."""
    labels = {"kind": kind, "names": list(names), "threshold": 0.5}
    return Task(labels, {"tune": "none", "floor": None, "calibrate": True} | decisions, pair, 0.5)


def binary(count: int, seed: int = 0) -> list[Row]:
    """Rows of the labels b and a, every third of which is a's."""
    chance = random.Random(seed)
    return [
        (f"{seed}-{number:04d}", text("ba"[number % 3 == 0], chance=chance), None, [int(number % 3 == 0)])
        for number in range(count)
    ]


def write(folder: Path, rows: Iterable[Row], files: int = 1) -> list[str]:
    """Writes the rows of a split, dealt out to so many files; their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    rows, paths = list(rows), []
    for number in range(files):
        path = str(folder / f"data_tfrecord-{number:05d}-of-{files:05d}.gz")
        with tf.io.TFRecordWriter(path, "GZIP") as writer:
            for row in rows[number::files]:
                writer.write(_example(*row).SerializeToString())
        paths.append(path)
    return paths


def write_splits(folder: Path, **splits: Iterable[Row]) -> dict[str, list[str]]:
    """Writes every split as an Examples artifact in `folder`; the paths of each."""
    return {split: write(folder / f"Split-{split}", rows) for split, rows in splits.items()}


def _example(identity: str, first: str, second: str | None, target: list[int]) -> tf.train.Example:
    example = tf.train.Example()
    features = example.features.feature
    for name, value in {"id": identity, "text": first, "text_pair": second}.items():
        if value is not None:
            features[name].bytes_list.value.append(value.encode())
    features["target"].int64_list.value.extend(target)
    return example
