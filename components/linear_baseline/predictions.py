"""What a baseline leaves, for others to compare with by example id: scores, decisions, and an account. No model."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from tfx.dsl.io import fileio

from components import strict_json
from components.features import ID

PREDICTIONS_FILE = "predictions.parquet"
DECISIONS_FILE = "decisions.json"  # as a model's own: kind, names, thresholds and temperature
SUMMARY_FILE = "summary.json"

_SPLIT, _SCORES = "split", "scores"
_SCHEMA = pa.schema(
    [
        pa.field(ID, pa.string()),
        pa.field(_SPLIT, pa.string()),
        pa.field(_SCORES, pa.list_(pa.float32())),
    ]
)


@dataclasses.dataclass(frozen=True)
class Scored:
    """The scores of a split: float32 [n, labels], of the examples with these ids."""

    ids: list[str]
    scores: np.ndarray

    def sorted(self) -> Scored:
        """The same by id; of equal ids, which rows that repeat a text share, in the order they have."""
        order = sorted(range(len(self.ids)), key=self.ids.__getitem__)
        return Scored([self.ids[place] for place in order], self.scores[order])


def write(folder: str, splits: Mapping[str, Scored], decisions: Mapping[str, Any], summary: Mapping[str, Any]) -> None:
    """Writes the three files into the folder, the rows sorted by split and id."""
    fileio.makedirs(folder)  # Kubeflow makes no output folders
    content = pa.BufferOutputStream()  # which Arrow takes for a file, unlike TFX's
    with pq.ParquetWriter(content, _SCHEMA) as writer:
        for split in sorted(splits):
            writer.write_table(_table(split, splits[split].sorted()))
    with fileio.open(f"{folder}/{PREDICTIONS_FILE}", "wb") as file:
        file.write(content.getvalue().to_pybytes())
    for name, text in ((DECISIONS_FILE, json.dumps(decisions, indent=2)), (SUMMARY_FILE, strict_json.dumps(summary))):
        with fileio.open(f"{folder}/{name}", "w") as file:
            file.write(text)


def read(folder: str, splits: Collection[str]) -> Scored:
    """The scores of splits, those of a split by id."""
    with fileio.open(f"{folder}/{PREDICTIONS_FILE}", "rb") as file:
        table = pq.read_table(pa.BufferReader(file.read()))  # Arrow takes no file of TFX's, only its bytes
    table = table.filter(pc.is_in(table[_SPLIT], pa.array(list(splits), pa.string())))  # pyright: ignore[reportAttributeAccessIssue]
    scores = table[_SCORES].combine_chunks()
    values = np.asarray(scores.flatten(), np.float32)
    return Scored(table[ID].to_pylist(), values.reshape(len(table), -1) if len(table) else values.reshape(0, 0))


def _table(split: str, scored: Scored) -> pa.Table:
    count, labels = scored.scores.shape
    ends = np.arange(0, (count + 1) * labels, labels, dtype=np.int32)
    scores = pa.ListArray.from_arrays(ends, scored.scores.astype(np.float32).ravel())
    return pa.Table.from_arrays(
        [pa.array(scored.ids, pa.string()), pa.array([split] * count, pa.string()), scores], schema=_SCHEMA
    )
