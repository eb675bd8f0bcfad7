"""What scoring leaves: shards of rows with their scores, and the rows that have none."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from components.example_gen.rows import DAMAGED, BadRow
from pipeline.score.corpus import Item
from pipeline.score.handler import ScoredWindow
from serving.client import Prediction

JSON_LINES, PARQUET = "jsonl", "parquet"
QUARANTINE_FILE = "quarantine.jsonl"
JOURNAL_FILE = "progress.json"
QUARANTINE_PARTS = "quarantine-"
SCORES_PARTS = "part-"
_SHARD_ROWS = 100_000


class Tally:
    """What became of the rows so far."""

    def __init__(self) -> None:
        self.scored = 0
        self.quarantined: Counter[str] = Counter()  # by reason
        self.predicted: Counter[str] = Counter()  # by label; of several, by its number from 0
        self.damages: list[str] = []  # a sentence for each file that could not be read to its end
        self.first_bad = ""

    def add(self, window: ScoredWindow) -> None:
        """Counts a window."""
        self.scored += len(window.items)
        self.quarantined.update(row.reason for row in window.bad)
        for prediction in window.predictions:
            self.predicted.update(_answers(prediction))
        self.damages.extend(_sentence(row) for row in window.bad if row.reason == DAMAGED)
        if window.bad and not self.first_bad:
            self.first_bad = _sentence(window.bad[0])

    @property
    def rows(self) -> int:
        """All that were read."""
        return self.scored + self.quarantined.total()

    @property
    def bad(self) -> int:
        """All that have no score."""
        return self.quarantined.total()


class OtherJournalError(Exception):
    """The folder holds what another command began, or has lost some of it."""


class _Shard(Protocol):
    def write(self, items: Sequence[Item], predictions: Sequence[Prediction]) -> None: ...

    def close(self) -> None: ...


class Shards:
    """Writes windows into a folder: a new shard for every file, and after so many rows of one.

    Shards that are closed are noted in the folder's journal, and whoever opens the folder again goes on after them.

    Attributes:
        folder: the folder.
        tally: what became of the rows, of those of an earlier time too.
        done: how many rows of each file, by its number, the closed shards are of.
    """

    def __init__(self, folder: Path, form: str, has_ids: bool, command: str) -> None:
        """Raises OtherJournalError where what `command` stands for is not what the folder was begun with."""
        self.folder, self.tally, self.done = folder, Tally(), Counter[int]()
        self._form, self._has_ids, self._command = form, has_ids, command
        self._shard: _Shard | None = None
        self._piece, self._number, self._rows, self._is_torn = -1, 0, 0, False
        self._parts: list[str] = []
        if (folder / JOURNAL_FILE).is_file():
            self._go_on(json.loads((folder / JOURNAL_FILE).read_text(encoding="utf-8")))
        for part in [*folder.glob(f"{SCORES_PARTS}*"), *folder.glob(f"{QUARANTINE_PARTS}*")]:
            if part.name not in self._parts:
                part.unlink()
        self._read = Counter(self.done)

    def write(self, window: ScoredWindow) -> None:
        """Raises OSError where there is no room."""
        if window.piece != self._piece or self._rows >= _SHARD_ROWS:
            self.close()
            self._begin(window.piece)
        self._is_torn = True
        if window.items:
            self._opened().write(window.items, window.predictions)
        if window.bad:
            with self._part(QUARANTINE_PARTS).open("ab") as file:
                file.writelines(_lines(row._asdict() for row in window.bad))
        rows = len(window.items) + len(window.bad)
        self._rows += rows
        self._read[window.piece] += rows
        self.tally.add(window)
        self._is_torn = False

    def close(self) -> None:
        """Ends the last shard, and notes it unless a window is in it in part."""
        shard, self._shard = self._shard, None
        rows, self._rows = self._rows, 0
        if shard is not None:
            shard.close()
        if not rows or self._is_torn:
            return
        parts = [self._part(SCORES_PARTS), self._part(QUARANTINE_PARTS)]
        self._parts.extend(part.name for part in parts if part.exists())
        self.done = Counter(self._read)
        self._piece = -1
        if self.tally.scored:  # else there is nothing to be kept
            self._note()

    def finish(self, write_summary: Callable[[list[str]], None]) -> None:
        """Gives the shards their names, as Beam's and TFX's sinks do, and makes one file of the quarantine's parts.

        What takes room comes first, so that without it one can go on later. `write_summary` gets the names.
        """
        parts = sorted(self.folder.glob(f"{SCORES_PARTS}*"))
        names = [f"scores-{number:05}-of-{len(parts):05}.{self._form}" for number in range(len(parts))]
        bad = sorted(self.folder.glob(f"{QUARANTINE_PARTS}*"))
        with (self.folder / QUARANTINE_FILE).open("wb") as file:
            for part in bad:
                with part.open("rb") as source:
                    file.writelines(source)
        write_summary(names)
        for part, name in zip(parts, names, strict=True):
            part.rename(self.folder / name)
        for part in bad:
            part.unlink()

    def _begin(self, piece: int) -> None:
        self._piece = piece
        self._number = 0
        while any(part.endswith(f"{piece:05}-{self._number:05}") for part in self._parts):
            self._number += 1  # shards of bad rows alone have a number, too

    def _part(self, prefix: str) -> Path:
        return self.folder / f"{prefix}{self._piece:05}-{self._number:05}"

    def _opened(self) -> _Shard:
        if self._shard is None:
            path = self._part(SCORES_PARTS)
            make = _ParquetShard if self._form == PARQUET else _JsonShard
            self._shard = make(path, self._has_ids)
        return self._shard

    def _note(self) -> None:
        tally = {name: getattr(self.tally, name) for name in ("scored", "quarantined", "predicted", "damages")}
        written = {"command": self._command, "parts": self._parts, "done": list(self.done.items()), "tally": tally}
        unfinished = self.folder / f"{JOURNAL_FILE}.new"
        unfinished.write_text(json.dumps(written), encoding="utf-8")
        unfinished.replace(self.folder / JOURNAL_FILE)

    def _go_on(self, written: dict[str, Any]) -> None:
        missing = [part for part in written["parts"] if not (self.folder / part).is_file()]
        if written["command"] != self._command or missing:
            raise OtherJournalError(f"{missing[0]} in it is missing" if missing else "of another model or other files")
        self._parts, self.done = written["parts"], Counter(dict(written["done"]))
        tally = written["tally"]
        self.tally.scored, self.tally.damages = tally["scored"], tally["damages"]
        self.tally.quarantined, self.tally.predicted = Counter(tally["quarantined"]), Counter(tally["predicted"])


def _sentence(row: BadRow) -> str:
    return f"{row.file}:{row.line}: {row.detail}"


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
