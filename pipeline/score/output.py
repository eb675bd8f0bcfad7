"""What scoring leaves: shards of rows with their scores, and the rows that have none."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from pipeline.score.corpus import Item
from pipeline.score.handler import ScoredWindow
from serving.client import Prediction

JSON_LINES, PARQUET = "jsonl", "parquet"
FORMS = (JSON_LINES, PARQUET)
QUARANTINE_FILE = "quarantine.jsonl"
_QUARANTINE_PARTS = "quarantine-"
_SCORES_PARTS = "part-"
_SHARD_ROWS = 100_000


class Tally:
    """What became of the rows so far."""

    def __init__(self) -> None:
        self.scored = 0
        self.quarantined: Counter[str] = Counter()  # by reason
        self.predicted: Counter[str] = Counter()  # by label; of several, by its number from 0

    def add(self, window: ScoredWindow) -> None:
        """Counts a window."""
        self.scored += len(window.items)
        self.quarantined.update(row.reason for row in window.bad)
        for prediction in window.predictions:
            self.predicted.update(_answers(prediction))

    @property
    def rows(self) -> int:
        """All that were read."""
        return self.scored + self.quarantined.total()


class _Shard(Protocol):
    def write(self, items: Sequence[Item], predictions: Sequence[Prediction]) -> None: ...

    def close(self) -> None: ...


class Shards:
    """Writes windows into a folder: a new shard for every file, and after so many rows of one."""

    def __init__(self, folder: Path, form: str, has_ids: bool) -> None:
        self._folder, self._form, self._has_ids = folder, form, has_ids
        self._shard: _Shard | None = None
        self._piece, self._number, self._rows = -1, 0, 0

    def write(self, window: ScoredWindow) -> None:
        """Raises OSError where there is no room."""
        if window.items:
            self._open(window.piece).write(window.items, window.predictions)
            self._rows += len(window.items)
        if window.bad:
            with (self._folder / f"{_QUARANTINE_PARTS}{window.piece:05}").open("ab") as file:
                file.writelines(_lines(row._asdict() for row in window.bad))

    def close(self) -> None:
        """Ends the last shard."""
        if self._shard is not None:
            self._shard.close()
        self._shard = None

    def _open(self, piece: int) -> _Shard:
        if self._shard is not None and piece == self._piece and self._rows < _SHARD_ROWS:
            return self._shard
        self.close()
        self._number = self._number + 1 if piece == self._piece else 0
        self._piece, self._rows = piece, 0
        path = self._folder / f"{_SCORES_PARTS}{piece:05}-{self._number:05}"
        self._shard = _ParquetShard(path, self._has_ids) if self._form == PARQUET else _JsonShard(path, self._has_ids)
        return self._shard


def finish(folder: Path, form: str) -> list[str]:
    """Gives the shards their names, as Beam's and TFX's sinks do, and makes one file of the quarantine's parts."""
    parts = sorted(folder.glob(f"{_SCORES_PARTS}*"))
    names = [f"scores-{number:05}-of-{len(parts):05}.{form}" for number in range(len(parts))]
    for part, name in zip(parts, names, strict=True):
        part.rename(folder / name)
    with (folder / QUARANTINE_FILE).open("wb") as file:
        for part in sorted(folder.glob(f"{_QUARANTINE_PARTS}*")):
            with part.open("rb") as source:
                file.writelines(source)
            part.unlink()
    return names


class _JsonShard:
    def __init__(self, path: Path, has_ids: bool) -> None:
        self._file, self._has_ids = path.open("wb"), has_ids

    def write(self, items: Sequence[Item], predictions: Sequence[Prediction]) -> None:
        rows = zip(items, predictions, strict=True)
        self._file.writelines(_lines(_row(item, prediction, self._has_ids) for item, prediction in rows))

    def close(self) -> None:
        self._file.close()


class _ParquetShard:
    def __init__(self, path: Path, has_ids: bool) -> None:
        self._path, self._has_ids = path, has_ids
        self._writer: Any = None

    def write(self, items: Sequence[Item], predictions: Sequence[Prediction]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        is_one = isinstance(predictions[0].predicted, str)
        ids = [("id", pa.string())] if self._has_ids else []
        schema = pa.schema(
            [
                ("file", pa.string()),
                ("line", pa.int64()),
                *ids,
                ("scores", pa.list_(pa.float32())),
                ("predicted", pa.string() if is_one else pa.list_(pa.bool_())),
            ]
        )
        if self._writer is None:
            self._writer = pq.ParquetWriter(str(self._path), schema)
        rows = zip(items, predictions, strict=True)
        records = [_row(item, prediction, self._has_ids) for item, prediction in rows]
        self._writer.write_table(pa.Table.from_pylist(records, schema=schema))

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


def _row(item: Item, prediction: Prediction, has_ids: bool) -> dict[str, Any]:
    # At most nine digits, which tell every float32 from every other.
    scores = [float(f"{score:.9g}") for score in prediction.scores]
    ids = {"id": item.id} if has_ids else {}
    return {"file": item.file, "line": item.line, **ids, "scores": scores, "predicted": prediction.predicted}


def _lines(rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    for row in rows:
        # What is no UTF-8 is written as the JSON escape of its lone surrogate.
        yield f"{json.dumps(row, ensure_ascii=False)}\n".encode(errors="backslashreplace")


def _answers(prediction: Prediction) -> list[str]:
    if isinstance(prediction.predicted, str):
        return [prediction.predicted]
    return [str(number) for number, holds in enumerate(prediction.predicted) if holds]
