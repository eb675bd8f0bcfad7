"""Which run is meant: RUN on the command line."""

from __future__ import annotations

from pathlib import Path

from components.errors import ConfigError
from pipeline.history.listing import past_runs
from pipeline.history.live import going_on
from pipeline.history.rebuild import PastRun
from pipeline.history.record import RecordError
from pipeline.history.row import pruned_rows
from pipeline.history.store import homes, read_home


def find_run(root: Path, word: str | None) -> PastRun:
    """The run that is meant.

    Args:
        root: the folder below which tasks keep their runs.
        word: a task's name, for its latest run; a run's id or the beginning of one; TASK/RUN; None for the latest of
            all.

    Raises:
        ConfigError: no run is meant, or several are, or it was pruned, or a store cannot be read.
        RecordError: a file that the run left is damaged.
    """
    past = _meant(root, word)
    if past.damage is not None:
        raise RecordError(f"{past.run.pipeline}/{past.run.run_id}: {past.damage}")
    return past


def _meant(root: Path, word: str | None) -> PastRun:
    task, _, beginning = (word or "").rpartition("/")
    candidates = homes(root, task or None)
    if word in {home.name for home in candidates} and not task:
        candidates, beginning = [home for home in candidates if home.name == word], ""
    found = [past for home in candidates for past in _past_runs(home) if past.run.run_id.startswith(beginning)]
    if not found:
        raise ConfigError(_not_found(root, word, beginning, candidates))
    exact = [past for past in found if past.run.run_id == beginning]
    if len(exact) == 1:
        return exact[0]
    if beginning and len(found) > 1:
        named = ", ".join(f"{past.run.pipeline}/{past.run.run_id}" for past in found[:4])
        more = f" and {len(found) - 4} more" if len(found) > 4 else ""
        raise ConfigError(f"{word} may be any of {len(found)} runs: {named}{more}; give more of its id, or TASK/RUN")
    return max(found, key=lambda past: (past.began, past.run.run_id))


def _past_runs(home: Path) -> list[PastRun]:
    live = going_on(home)
    return past_runs(home, read_home(home), live)


def _not_found(root: Path, word: str | None, beginning: str, candidates: list[Path]) -> str:
    rows = (row for home in candidates for row in pruned_rows(home, read_home(home)))
    pruned = [row.run_id for row in rows if row.run_id.startswith(beginning)]
    if pruned:
        return f"the run {pruned[-1]} was pruned, so there is nothing left of it but its line in `bertline runs`"
    what = f"run {word}" if word else "run"
    return f"there is no {what} below {root}; `bertline runs --root {root}` lists those that there are"
