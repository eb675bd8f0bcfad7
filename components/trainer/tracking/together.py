"""Several trackers as one, none of which can end the training that it records."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from components.errors import BertlineError
from components.trainer.tracking.tracker import Tracker

_LOG = logging.getLogger(__name__)


class Together:
    """Tells every tracker; one that fails is left out from then on, which is logged and stands in `problems`.

    A BertlineError passes: it is what a user mends before training (a wrong key), not a failure of recording.
    """

    def __init__(self) -> None:
        self._running: dict[str, Tracker] = {}
        self.problems: list[str] = []

    def add(self, name: str, tracker: Tracker) -> None:
        """Tells this one too, which problems call `name`."""
        self._running[name] = tracker

    def start(self, record: Mapping[str, object]) -> None:
        """See Tracker."""
        self._tell(lambda tracker: tracker.start(record))

    def step(self, step: int, figures: Mapping[str, float]) -> None:
        """See Tracker."""
        self._tell(lambda tracker: tracker.step(step, figures))

    def epoch(self, number: int, step: int, figures: Mapping[str, float]) -> None:
        """See Tracker."""
        self._tell(lambda tracker: tracker.epoch(number, step, figures))

    def curves(self, step: int, scores: np.ndarray, targets: np.ndarray, names: Sequence[str]) -> None:
        """See Tracker."""
        self._tell(lambda tracker: tracker.curves(step, scores, targets, names))

    def finish(self, record: Mapping[str, object], model_folder: str | None) -> None:
        """See Tracker."""
        self._tell(lambda tracker: tracker.finish(record, model_folder))

    def note(self, problem: str) -> None:
        """Logs a problem and keeps it for the record."""
        _LOG.warning("%s", problem)
        self.problems.append(problem)

    def _tell(self, tell: Callable[[Tracker], None]) -> None:
        for name, tracker in list(self._running.items()):
            failure = _failure(tell, tracker)
            if failure is not None:
                del self._running[name]
                self.note(f"{name} failed and records no more of this training: {type(failure).__name__}: {failure}")


def _failure(tell: Callable[[Tracker], None], tracker: Tracker) -> Exception | None:
    try:
        tell(tracker)
    except BertlineError:
        raise
    except Exception as error:  # noqa: BLE001  hours of training outweigh any failure to record them
        return error
    return None
