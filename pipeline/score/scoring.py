"""The Beam pipeline of a corpus: files -> windows of rows -> RunInference -> shards.

Why RunInference and not TFX's BulkInferrer: that one reads TFRecords alone, answers with PredictionLogs that hold every
text again, knows no quarantine (one refused row ends it) and batches as rows come, so that short texts are padded to
long ones. RunInference leaves all of that to a ModelHandler.

All stages fuse into one, in which a row is read, scored and written before the next window is read: at most a window
is in memory, however long the corpus. Only counts leave the stage.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.ml.inference.base import RunInference

from components.beam_engine import new_pipeline
from components.progress import Progress, report
from pipeline.score.corpus import Piece, Reading, Window, windows
from pipeline.score.handler import CorpusHandler, ScoredWindow
from pipeline.score.models import Place, UnreachableError
from pipeline.score.output import Shards, Tally

_FAILURE = "failure"
ROWS = "rows"


class ScoringFailedError(Exception):
    """Scoring could not go on. Its text is a sentence for the user."""


def score(pieces: list[Piece], reading: Reading, place: Place, folder: Path, form: str) -> Tally:
    """Scores the files into `folder`, and tells what became of their rows.

    Raises:
        ScoringFailedError: the model cannot be asked any more, or the folder cannot be written.
    """
    tally = Tally()
    _TALLIES[str(folder)] = tally
    try:
        with new_pipeline() as pipeline:
            _ = (
                pipeline
                | "Files" >> beam.Create(pieces)
                | "Read" >> beam.FlatMap(windows, reading)
                | "Score" >> RunInference(_Telling(place, str(folder)))
                | "Write" >> beam.ParDo(_Write(str(folder), form, reading.id_column is not None))
            )
    except Exception as error:
        # Beam wraps what is raised in a stage into errors of its own; the sentence lies in the folder.
        file = folder / _FAILURE
        if not file.is_file():
            raise
        raise ScoringFailedError(file.read_text(encoding="utf-8")) from error
    finally:
        del _TALLIES[str(folder)]
    return tally


# The engine runs in this process, so that whoever waits sees the counts grow.
_TALLIES: dict[str, Tally] = {}


def _fail(folder: str, sentence: str) -> None:
    Path(folder, _FAILURE).write_text(sentence, encoding="utf-8")


class _Telling(CorpusHandler):
    """Leaves in the folder why the model cannot be asked."""

    def __init__(self, place: Place, folder: str) -> None:
        super().__init__(place)
        self._folder = folder

    def load_model(self) -> Any:
        try:
            return super().load_model()
        except UnreachableError as error:
            _fail(self._folder, str(error))
            raise

    def run_inference(self, batch: Any, model: Any, inference_args: Any = None) -> Any:
        try:
            return super().run_inference(batch, model, inference_args)
        except UnreachableError as error:
            _fail(self._folder, str(error))
            raise


class _Write(beam.DoFn):
    """Windows -> shards; nothing goes on."""

    def __init__(self, folder: str, form: str, has_ids: bool) -> None:
        super().__init__()
        self._folder, self._form, self._has_ids = folder, form, has_ids

    def start_bundle(self) -> None:
        self._shards = Shards(Path(self._folder), self._form, self._has_ids)

    def process(self, element: ScoredWindow) -> Iterator[Any]:
        try:
            self._shards.write(element)
        except OSError as error:
            _fail(self._folder, f"--output: {error.strerror}: {self._folder}; make room there, or give another folder")
            raise
        tally = _TALLIES[self._folder]
        tally.add(element)
        report(Progress(tally.rows, 0, ROWS))
        yield from ()

    def finish_bundle(self) -> None:
        self._shards.close()


__all__ = ["ROWS", "ScoringFailedError", "Window", "score"]
