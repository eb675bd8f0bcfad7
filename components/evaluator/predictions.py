"""What every model says of every example that is judged, without the texts: what intervals and curves are made of.

One Parquet file, `predictions.parquet`, a row an example, in the order of their ids: `id`, `target` and the scores of
each model as lists [labels], and `slices`, every "feature=value" that the row is in. Its metadata holds what the models
decide by, as JSON.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from components.evaluator.decisions import Decisions
from components.evaluator.names import CANDIDATE, RIVALS

PREDICTIONS_FILE = "predictions.parquet"
_METADATA = b"bertline"
_MODELS = (CANDIDATE, *RIVALS)


@dataclasses.dataclass(frozen=True)
class Predictions:
    """The examples that were judged, and what models say of them.

    Attributes:
        kind: of the labels.
        names: of the labels, all of them.
        scored: those that have a score.
        ids: str [n], rising.
        targets: 1 or 0, int8 [n, labels].
        slices: whether each row is in a slice, bool [n], by its name.
        scores: float32 [n, labels] by model; a row of NaN where one of its scores is no probability.
        decisions: what each model decides by.
    """

    kind: str
    names: tuple[str, ...]
    scored: tuple[str, ...]
    ids: np.ndarray
    targets: np.ndarray
    slices: dict[str, np.ndarray]
    scores: dict[str, np.ndarray]
    decisions: dict[str, Decisions]


def make_table(
    ids: Iterable[str],
    targets: np.ndarray,
    slices: Iterable[Iterable[str]],
    scores: Mapping[str, np.ndarray],
    decisions: Mapping[str, Decisions],
) -> pa.Table:
    """The table of some rows, in their order.

    Args:
        ids: [n].
        targets: 1 or 0, [n, labels].
        slices: of each row.
        scores: float32 [n, labels] by model.
        decisions: of each of these models; all with the same labels.
    """
    columns = {
        "id": pa.array(ids, pa.string()),
        "target": _lists(targets, pa.int8()),
        "slices": pa.array(map(list, slices), pa.list_(pa.string())),
        **{model: _lists(scores[model], pa.float32()) for model in _MODELS if model in scores},
    }
    return pa.table(columns).replace_schema_metadata({_METADATA: _told(decisions)})


def write_table(table: pa.Table, folder: str) -> None:
    """Writes the file, in the order of the ids, into a folder or URL, which is made where it is missing."""
    from tfx.dsl.io import fileio  # which loads TensorFlow, that a reader of a local file need not wait for

    content = pa.BufferOutputStream()  # which Arrow takes for a file, unlike TFX's
    pq.write_table(table.sort_by("id"), content, compression="zstd")
    fileio.makedirs(folder)
    with fileio.open(f"{folder}/{PREDICTIONS_FILE}", "wb") as file:
        file.write(content.getvalue().to_pybytes())


def read_predictions(folder: str) -> Predictions:
    """Reads the file in Evaluator's output `evaluation`, which may be a URL."""
    from tfx.dsl.io import fileio

    with fileio.open(f"{folder}/{PREDICTIONS_FILE}", "rb") as file:
        return parse_predictions(file.read())


def parse_predictions(content: bytes) -> Predictions:
    """The content of such a file. Raises ValueError, LookupError or TypeError where it is none (Arrow's are such)."""
    return of_table(pq.read_table(pa.BufferReader(content)))


def of_table(table: pa.Table) -> Predictions:
    """What `make_table` made."""
    told = json.loads(table.schema.metadata[_METADATA])
    kind, names = told["kind"], tuple(told["names"])
    labels = len(told["scored"])
    return Predictions(
        kind=kind,
        names=names,
        scored=tuple(told["scored"]),
        ids=np.array(table["id"].to_pylist(), dtype=str),
        targets=_array(table, "target", labels),
        slices=_slices(table),
        scores={model: _array(table, model, labels) for model in _MODELS if model in table.column_names},
        decisions={
            model: Decisions(kind, names, tuple(one["thresholds"] or ())) for model, one in told["decisions"].items()
        },
    )


def _told(decisions: Mapping[str, Decisions]) -> bytes:
    one = next(iter(decisions.values()))
    of_models = {model: {"thresholds": list(each.thresholds) or None} for model, each in decisions.items()}
    return json.dumps(
        {"kind": one.kind, "names": list(one.names), "scored": list(one.scored), "decisions": of_models}
    ).encode()


def _lists(values: np.ndarray, of: pa.DataType) -> pa.Array:
    """[n, labels] as a list a row."""
    rows, labels = values.shape
    offsets = np.arange(0, rows * labels + 1, labels, dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values.ravel(), of))


def _array(table: pa.Table, column: str, labels: int) -> np.ndarray:
    flat = pa.concat_arrays([chunk.flatten() for chunk in table[column].chunks]) if table.num_rows else pa.array([])
    return flat.to_numpy(zero_copy_only=False).reshape(-1, labels)


def _slices(table: pa.Table) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for row, names in enumerate(table["slices"].to_pylist()):
        for name in names:
            if name not in found:
                found[name] = np.zeros(table.num_rows, bool)
            found[name][row] = True
    return dict(sorted(found.items()))
