"""`bertline runs prune`: frees what old runs left.

First it is marked in ML Metadata, and only then deleted: whenever this is killed, TFX's cache answers with nothing that
is gone, and pruning again goes on with what is left.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from components.errors import ConfigError
from components.whole_file import write_whole
from pipeline.history.belongings import (
    artifacts_of,
    checkpoints_of,
    folder_of,
    folders_of_artifacts,
    newest_refusal,
    paths_of,
    stray_logs,
)
from pipeline.history.free import free, link_before, may_be_freed, must_stay, size
from pipeline.history.keep import kept_runs, push_folders, version_folders
from pipeline.history.listing import past_runs
from pipeline.history.rebuild import PastRun
from pipeline.history.row import PRUNED, Row, is_pruned, note_of, pruned_files, row_of
from pipeline.history.store import homes, read_home
from pipeline.home import ARTIFACTS, CHECKPOINTS, KUBEFLOW, REPORTS, STORE_FILE, TUNE
from pipeline.only_run import only_run
from pipeline.run_record import PRUNED_FILE, RECORD_FILE
from pipeline.run_store import Stored, StoredRun, existing, mark_deleted, note

_MB = 1_000_000


@dataclasses.dataclass(frozen=True)
class Freed:
    """A run that is pruned.

    Attributes:
        run_id: its id.
        note: the line that is kept of it; None where it was kept before.
        in_store: whether it is kept in ML Metadata; else in the folder of its record.
        artifacts: numbers of the artifacts that are marked as deleted.
        paths: what is deleted.
        bytes: how much that is.
    """

    run_id: str
    note: str | None
    in_store: bool
    artifacts: frozenset[int]
    paths: tuple[Path, ...]
    bytes: int


@dataclasses.dataclass(frozen=True)
class Plan:
    """What pruning a task's runs comes to: the runs that stay, each with why, those that do not, and the links behind
    which something of theirs lies that is left alone.
    """

    home: Path
    kept: dict[str, str]
    freed: list[Freed]
    links: frozenset[Path] = frozenset()

    @property
    def bytes(self) -> int:
        """How much is freed."""
        return sum(run.bytes for run in self.freed)


Confirm = Callable[[str], bool]


def prune(root: Path, task: str | None, keep: int, console: Console, confirm: Confirm, dry_run: bool = False) -> bool:
    """Frees what all runs of a task, or of every task, left, but for the last and for those whose model is served.

    Args:
        root: the folder below which tasks keep their runs.
        task: whose, None for all.
        keep: how many of the last runs of each task stay.
        console: where it is told what is freed.
        confirm: asked once before anything is deleted.
        dry_run: whether it is only told.

    Returns:
        Whether it was done: not where the answer was no.

    Raises:
        ConfigError: a run is going on, a store cannot be read, or something cannot be deleted.
    """
    plans = [_planned(home, keep) for home in homes(root, task)]
    for each in plans:
        _tell(console, each)
    total, runs = sum(each.bytes for each in plans), sum(len(each.freed) for each in plans)
    if not runs or dry_run:
        console.print("nothing was deleted" if dry_run and runs else "there is nothing to prune", soft_wrap=True)
        return True
    if not confirm(f"Free {_mb(total)} of {runs} run{'s' * (runs > 1)}?"):
        return False
    for each in plans:
        _carry_out(each, keep)
    console.print(f"freed {_mb(total)} of {runs} run{'s' * (runs > 1)}", soft_wrap=True)
    return True


def plan(home: Path, keep: int) -> Plan:
    """What pruning would come to. To be called while `held`. Raises ConfigError where the store cannot be read."""
    stored = read_home(home)
    past = past_runs(home, stored)
    bases = push_folders(home, past)
    kept = kept_runs(past, stored, keep, version_folders(bases))
    stays = set(kept) | _kept_searches(past, stored, keep)
    kept_artifacts = artifacts_of(run for run in stored.runs if run.run_id in stays)
    spared = folders_of_artifacts(home, stored, kept_artifacts) | {newest_refusal(home)}
    checkpoints = checkpoints_of(home, stored, stays)
    by_id = {one.run.run_id: one for one in past}
    goes = [run for run in stored.runs if run.run_id not in stays]
    taken: set[Path] = set()
    freed = []
    links: set[Path | None] = set()
    alone = [*_record_only(past, stays), *(file.parent.name for file in pruned_files(home))]
    for run_id, run in [*((run.run_id, run) for run in goes), *((run_id, None) for run_id in alone)]:
        paths = paths_of(home, stored, run_id, run) | {path for path, owner in checkpoints.items() if owner == run_id}
        stay = {path for path in paths - spared - taken if must_stay(path, home, bases)}
        links |= {link_before(path, home) for path in stay}
        own = sorted(path for path in paths - spared - taken - stay if may_be_freed(path, home, bases))
        is_whole = not any(home / ARTIFACTS in path.parents for path in stay)
        if not is_whole:  # its line is made of its record, too
            own = [path for path in own if {home / ARTIFACTS, home / CHECKPOINTS} & set(path.parents)]
        taken |= set(own)
        artifacts = _markable(home, stored, run, kept_artifacts, stay)
        is_record_freed = run_id in by_id and home / REPORTS / run_id / RECORD_FILE in own
        is_due = is_whole and not is_pruned(run) if run else is_record_freed
        noted = note_of(_row(by_id.get(run_id))) if is_due else None
        if own or artifacts or noted is not None:
            freed.append(Freed(run_id, noted, run is not None, artifacts, tuple(own), sum(map(size, own))))
    oldest = min((one.began.timestamp() for one in past if one.run.run_id in kept), default=float("inf"))
    stray = stray_logs(home, {*by_id, *(run.run_id for run in stored.runs), *alone}, oldest)
    logs = [log for log in stray if may_be_freed(log, home, bases)]
    freed += [Freed(log.stem, None, False, frozenset(), (log,), size(log)) for log in logs]
    return Plan(home, kept, freed, frozenset(link for link in links if link is not None))


def carry_out(planned: Plan) -> None:
    """Marks and deletes. To be called while `held`. Raises ConfigError where something cannot be deleted."""
    if any(run.in_store for run in planned.freed):
        store = existing(planned.home / STORE_FILE)
        note(store, PRUNED, {run.run_id: run.note for run in planned.freed if run.in_store and run.note is not None})
        mark_deleted(store, {number for run in planned.freed for number in run.artifacts})
    for run in planned.freed:
        if not run.in_store and run.note is not None:
            _keep_line(planned.home / REPORTS / run.run_id / PRUNED_FILE, run.note)
        for path in run.paths:
            free(path)


def _keep_line(file: Path, line: str) -> None:
    try:
        write_whole(file, line + "\n")
    except OSError as error:
        raise ConfigError(f"{file} cannot be written ({error.strerror}); make room, and prune again") from error


@contextlib.contextmanager
def held(home: Path) -> Iterator[None]:
    """Holds off runs and searches of the task. Raises ConfigError where one is going on."""
    with contextlib.ExitStack() as stack:
        if (home / TUNE).is_dir():  # whose trials read what the data steps left, without holding the task's lock
            stack.enter_context(only_run(home / TUNE, "--root"))
        stack.enter_context(only_run(home, "--root"))
        yield


def _planned(home: Path, keep: int) -> Plan:
    with held(home):
        return plan(home, keep)


def _carry_out(told: Plan, keep: int) -> None:
    """Carries out what was told, as it is by now: a run may have begun while the question was being answered."""
    with held(told.home):
        now = plan(told.home, keep)
        agreed = {run.run_id for run in told.freed}
        carry_out(dataclasses.replace(now, freed=[run for run in now.freed if run.run_id in agreed]))


def _kept_searches(past: Sequence[PastRun], stored: Stored, keep: int) -> set[str]:
    """The data steps of searches that are not older than the last runs: a search that is taken up finds them cached."""
    known = {one.run.run_id for one in past}
    searches = [run for run in stored.runs if run.run_id not in known and not is_pruned(run)]
    if len(past) <= keep:
        return {run.run_id for run in searches}
    bound = past[len(past) - keep].began.timestamp() if keep else float("inf")
    return {run.run_id for run in searches if run.began >= bound}


def _record_only(past: Sequence[PastRun], stays: Collection[str]) -> list[str]:
    return [one.run.run_id for one in past if one.stored is None and one.run.run_id not in stays]


def _markable(
    home: Path, stored: Stored, run: StoredRun | None, kept: Collection[int], stay: Collection[Path]
) -> frozenset[int]:
    """The live artifacts of a run that lie below the task's folder, in none that stays, and that no kept run has."""
    numbers = {number for one in run.executions for number in one.outputs.values()} if run else set()
    return frozenset(
        number
        for number in numbers - set(kept)
        if (artifact := stored.artifacts.get(number))
        and artifact.live
        and (folder := folder_of(home, artifact.uri))
        and folder not in stay
    )


def _row(past: PastRun | None) -> Row | None:
    return None if past is None else row_of(past)


def _tell(console: Console, planned: Plan) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(f"run of {planned.home.name}", no_wrap=True)
    table.add_column("")
    table.add_column("MB", justify="right")
    for run_id, why in sorted(planned.kept.items()):
        table.add_row(run_id, Text(f"kept: {why}", "green"), "")
    for run in planned.freed:
        table.add_row(run.run_id, Text("pruned", "yellow"), f"{run.bytes / _MB:,.1f}")
    console.print(table)
    for link in sorted(planned.links):
        console.print(
            f"not pruned: what lies behind the link {link}, since no link is followed; put the folder itself in its "
            "place, or mount its disk there, and prune again",
            soft_wrap=True,
        )
    compiled = planned.home / KUBEFLOW
    if compiled.is_dir():
        console.print(
            f"not pruned: {compiled} ({_mb(size(compiled))}), which all runs of `bertline compile --run-local` share "
            "by a cache of their own; delete it whole while none goes on, and the next makes anew what it needs",
            soft_wrap=True,
        )


def _mb(count: int) -> str:
    return f"{count / _MB:,.1f} MB"
