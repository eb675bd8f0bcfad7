"""The Beam pipeline of a corpus: files -> windows of rows -> RunInference -> shards.

Why RunInference and not TFX's BulkInferrer: that one reads TFRecords alone, answers with PredictionLogs that hold every
text again, knows no quarantine (one refused row ends it) and batches as rows come, so that short texts are padded to
long ones. RunInference leaves all of that to a ModelHandler.

All stages fuse into one, in which a row is read, scored and written before the next window is read: at most a window
is in memory, however long the corpus. Only counts leave the stage.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.ml.inference.base import RunInference

from components.beam_engine import new_pipeline
from components.progress import Progress, report
from pipeline.score.corpus import Piece, Reading, windows
from pipeline.score.handler import CorpusHandler, ScoredWindow
from pipeline.score.models import Place, TakesNothingError, UnreachableError
from pipeline.score.output import Shards

_ROWS = "rows"


class ScoringFailedError(Exception):
    """Scoring could not go on. Its text is a sentence for the user."""


def score(pieces: list[Piece], reading: Reading, place: Place, shards: Shards) -> None:
    """Scores the rows of the files that `shards` does not have yet.

    However it ends, the windows that were scored are in the shards, which are closed.

    Raises:
        ScoringFailedError: the model cannot be asked any more, takes nothing, or the folder cannot be written.
    """
    key = str(shards.folder)
    run = _RUNS[key] = _Run(shards)
    try:
        _run(pieces, reading, place, key, shards)
        with _telling(key, OSError):
            shards.close()
    except BaseException as error:
        with contextlib.suppress(OSError):
            shards.close()
        # Beam wraps what is raised in a stage into errors of its own.
        if run.failure and isinstance(error, Exception):
            raise ScoringFailedError(run.failure) from error
        raise
    finally:
        del _RUNS[key]


def _run(pieces: list[Piece], reading: Reading, place: Place, key: str, shards: Shards) -> None:
    with new_pipeline() as pipeline:
        _ = (
            pipeline
            | "Files" >> beam.Create(pieces)
            | "Read" >> beam.FlatMap(windows, reading, dict(shards.done))
            | "Score" >> RunInference(_Telling(place, key))
            | "Write" >> beam.ParDo(_Write(key))
        )


class _Run:
    """What the stages share. The engine runs in this process, so that nothing need be written for it."""

    def __init__(self, shards: Shards) -> None:
        self.shards = shards
        self.failure = ""


_RUNS: dict[str, _Run] = {}


@contextlib.contextmanager
def _telling(key: str, *kinds: type[Exception]) -> Iterator[None]:
    """Leaves with the run why it cannot go on."""
    try:
        yield
    except kinds as error:
        is_writing = isinstance(error, OSError)
        _RUNS[key].failure = cannot_write(error, Path(key)) if is_writing else str(error)
        raise


def cannot_write(error: OSError, path: Path) -> str:
    """The sentence for an output that cannot be written."""
    return f"--output: {error.strerror or error}: {path}; make room there, or give another folder"


class _Telling(CorpusHandler):
    """Tells why the model cannot be asked."""

    def __init__(self, place: Place, key: str) -> None:
        super().__init__(place)
        self._key = key

    def load_model(self) -> Any:
        with _telling(self._key, UnreachableError):
            return super().load_model()

    def run_inference(self, batch: Any, model: Any, inference_args: Any = None) -> Any:
        with _telling(self._key, UnreachableError, TakesNothingError):
            return super().run_inference(batch, model, inference_args)


class _Write(beam.DoFn):
    """Windows -> shards; nothing goes on."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self._key = key

    def process(self, element: ScoredWindow) -> Iterator[Any]:
        shards = _RUNS[self._key].shards
        with _telling(self._key, OSError):
            shards.write(element)
        report(Progress(shards.tally.rows, 0, _ROWS))
        yield from ()
