"""The process of one side: makes what is scored, or scores it, or draws, as it is told to."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import workloads
from benchmarks.evaluating.names import LONG
from benchmarks.ingesting import peak, texts
from benchmarks.peers.worker import Answer, serve

_BANDS = {True: (100, 300), False: (10, 20)}  # as the tasks of long texts have them, and those of short ones
_SAME = 1e-5  # float32's last digits differ with the shape of a batch


class EvaluationProcess:
    """Commands. Times are in seconds, and without those of loading models, which are told beside them."""

    def load(self) -> Answer:
        """Imports what every side runs on, once for all."""
        start = time.monotonic()
        from benchmarks.evaluating import drawing, making, plain, step  # noqa: F401  it is what is timed

        return {"seconds": time.monotonic() - start, "resident_mib": peak.resident_mib()}

    def make_model(self, folder: str, trivial: bool) -> Answer:
        """Writes an untrained MiniLM, or the model that costs nothing."""
        from benchmarks.evaluating import making

        (making.write_trivial if trivial else making.write_untrained)(Path(folder))
        return {}

    def write_workload(self, workload: str, rows: int, few: int, model: str, folder: str) -> Answer:
        """Writes a workload's examples, and the first few of them beside, with labels of the model's names.

        Returns:
            `all` and `few` (see `_written`), `source`, and `mean_words` a text.
        """
        is_long = workload == LONG
        found = (workloads.reviews if is_long else workloads.questions)(rows)
        decoded = [text.decode() for text in found.texts]
        bands = _BANDS[is_long]
        return {
            "all": _written(Path(folder, "all"), decoded, model, bands),
            "few": _written(Path(folder, "few"), decoded[:few], model, bands),
            "source": found.source,
            "mean_words": found.mean_words,
        }

    def write_generated(self, rows: int, model: str, folder: str) -> Answer:
        """Writes examples of generated texts (see `_written`)."""
        return _written(Path(folder), (text for text, _ in texts.generate(rows)), model, _BANDS[True])

    def step(self, examples: str, model: str, home: str, resamples: int) -> Answer:
        """Runs the step Evaluator. Returns what it took, its peak in MiB, and the folder of the evaluation."""
        from benchmarks.evaluating import step

        peak.reset()
        with _taking() as took:
            evaluation = step.run(Path(examples), Path(model), _labels(model), Path(home), resamples)
        return {**took, "peak_mib": peak.peak_mib(), "evaluation": str(evaluation)}

    def plain(self, file: str, model: str) -> Answer:
        """Scores in plain batches. Returns what it took, accuracy and area under the ROC curve."""
        from benchmarks.evaluating import plain
        from components.evaluator.decisions import read_decisions

        with _taking() as took:
            scored = plain.score(Path(file), Path(model), read_decisions(model, _labels(model)))
        self._file, self._scores = Path(file), scored.scores
        return {**took, "accuracy": scored.accuracy, "auc": scored.auc}

    def compare(self, evaluation: str) -> Answer:
        """Holds the scores that the step wrote against those of the last `plain`, example by example.

        Raises:
            ValueError: other examples were scored, or their scores differ.
        """
        from benchmarks.evaluating import plain
        from components.evaluator.names import CANDIDATE
        from components.evaluator.predictions import read_predictions

        predictions, ids = read_predictions(evaluation), plain.ids(self._file)
        if sorted(ids) != predictions.ids.tolist():
            raise ValueError(f"the step scored {len(predictions.ids)} examples, not the {len(ids)} of the file")
        difference = float(np.abs(self._scores[np.argsort(ids)] - predictions.scores[CANDIDATE]).max())
        if not difference <= _SAME:
            raise ValueError(f"the step's scores differ by {difference:g} from those of plain inference")
        return {"largest_difference": difference}

    def draw(self, rows: int, labels: int, draws: int) -> Answer:
        """Runs the bootstrap on made-up predictions."""
        from benchmarks.evaluating import drawing

        predictions = drawing.make_predictions(rows, labels)
        with _taking() as took:
            drawing.draw(predictions, draws)
        return {**took, "slices": drawing.SLICES}


def _written(folder: Path, found: Any, model: str, bands: tuple[int, ...]) -> dict[str, Any]:
    """Writes examples. Returns the artifact's `folder`, its only `file`, and `rows`."""
    from benchmarks.evaluating import examples

    written = examples.write(folder, found, _labels(model), bands)
    return {"folder": str(written.folder), "file": str(written.file), "rows": written.rows}


def _labels(model: str) -> dict[str, Any]:
    """`kind`, `names` and `threshold` of what the model answers, as the configuration would have them."""
    from benchmarks.evaluating.making import LABELS
    from components.evaluator.decisions import written_decisions

    written = written_decisions(model)
    return LABELS if written is None else {**LABELS, "kind": written.kind, "names": list(written.names)}


@contextlib.contextmanager
def _taking() -> Iterator[dict[str, float]]:
    """What the block takes by the clock and of the processors, without the loading of models; filled in at its end."""
    from benchmarks.evaluating import loading

    took: dict[str, float] = {}
    start, used = time.perf_counter(), processor_seconds()
    with loading.timed() as loads:
        yield took
    took |= {
        "seconds": time.perf_counter() - start - loads.seconds,
        "processor_seconds": processor_seconds() - used - loads.processor_seconds,
        "load_seconds": loads.seconds,
        "loads": loads.models,
    }


def processor_seconds() -> float:
    """What this process has used of the processors, all of its threads together."""
    return sum(os.times()[:2])


def main() -> None:
    """Answers commands until standard input ends."""
    commands = EvaluationProcess()
    names = ("load", "make_model", "write_workload", "write_generated", "step", "plain", "compare", "draw")
    serve({name: getattr(commands, name) for name in names})


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    main()
