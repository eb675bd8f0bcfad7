"""`bertline score`: finds model and corpus, scores, and says what became of the rows."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from components import model_folder
from components.errors import BertlineError, ConfigError
from components.example_gen import storage
from components.features import TEXT, TEXT_PAIR
from components.fingerprint import json_digest
from components.progress import Progress, listening
from components.signatures import SERVING_DEFAULT
from pipeline.display import busy, live
from pipeline.quiet import logging_to
from pipeline.score.corpus import Piece, Reading, find
from pipeline.score.models import Local, Place, Seen, Served, UnreachableError
from pipeline.score.output import (
    JOURNAL_FILE,
    QUARANTINE_FILE,
    QUARANTINE_PARTS,
    SCORES_PARTS,
    OtherJournalError,
    Shards,
    Tally,
)
from pipeline.sigterm import sigterm_as_interrupt
from serving.client import BadSetting, Client

SUMMARY_FILE = "summary.json"
LOG_FILE = "log"
_ADDRESS = re.compile(r"[A-Za-z0-9.\-\[\]:]+:[0-9]+")
_OURS = re.compile(  # what a partial output holds
    rf"{LOG_FILE}|{re.escape(SUMMARY_FILE)}|{re.escape(QUARANTINE_FILE)}|{re.escape(JOURNAL_FILE)}(\.new)?|"
    rf"({SCORES_PARTS}|{QUARANTINE_PARTS})[0-9]+-[0-9]+|scores-[0-9]+-of-[0-9]+\.[a-z]+"
)
_GRAPH = "saved_model.pb"
_TASK_SUFFIXES = (".yaml", ".yml")


class ScoringStopped(BertlineError):  # noqa: N818
    """It went wrong after it had begun: the message says what there is."""


@dataclasses.dataclass(frozen=True)
class Options:
    """The options of `bertline score` (see there)."""

    output: Path
    form: str
    reading: Reading
    model: str | None
    version: int | None
    timeout: float
    batch_size: int
    max_bad_fraction: float


def score(target: str, patterns: Sequence[str], options: Options) -> dict[str, Any]:
    """Scores the rows of all files, prints the table, and gives the summary that lies beside the scores.

    Raises:
        ConfigError, DataError: it could not begin.
        ScoringStopped: the model could not be asked any more, the output could not be written, no row could be scored,
            or Ctrl-C or SIGTERM ended it: the same command goes on from there. Or a file is damaged, or too many rows
            have no score: the output is there.
    """
    place = find_model(target, options)
    output = _free(options.output)
    pieces = find(patterns, options.reading)
    with sigterm_as_interrupt(), _partial(output) as partial, contextlib.ExitStack() as stack:
        with _writing(partial):
            console = stack.enter_context(logging_to(partial / LOG_FILE))
        summary = _score(pieces, place, partial, options, console)
        with _writing(partial):
            (partial / LOG_FILE).unlink()
            partial.rename(output)
            (output / JOURNAL_FILE).unlink(missing_ok=True)  # last: without it the folder would be removed
        _print(console, summary, output)
    if summary["problems"]:
        raise ScoringStopped(f"{'; '.join(summary['problems'])}; what could be scored is in {output}")
    return summary


def find_model(target: str, options: Options) -> Place:
    """The model that a user's word stands for: a server's address, a SavedModel, a folder of versions, or a task.

    Raises:
        ConfigError: there is no such model.
    """
    if "://" in target or (_ADDRESS.fullmatch(target) and not Path(target).exists()):
        return _served(target, options)
    if options.model is not None:
        raise ConfigError(
            f"--model names a model of a server, and {target} is none; give its address, as localhost:8500"
        )
    base = Path(target)
    if (base / _GRAPH).is_file():
        if options.version is not None:
            raise ConfigError(f"--version chooses one of several, and {target} is a SavedModel itself; leave it out")
        return Local(str(base.absolute()), options.batch_size)
    return Local(str(_version(_base(target), options.version)), options.batch_size)


def _served(target: str, options: Options) -> Served:
    if options.model is None:
        raise ConfigError(f"--model is missing: the name that the model is served under at {target}")
    settings = {"timeout": options.timeout, "batch_size": options.batch_size, "version": options.version}
    try:
        Client(target, options.model, **settings).close()
    except BadSetting as error:
        raise ConfigError(str(error)) from error
    return Served(target, options.model, settings)


def _base(target: str) -> Path:
    """The folder of versions that is meant."""
    from pipeline.config_file import load_config, task_names

    if target in task_names() or Path(target).suffix in _TASK_SUFFIXES:
        return load_config(target).push_folder
    if Path(target).is_dir():
        return Path(target).absolute()
    raise ConfigError(
        f"there is no model {target}: give a SavedModel, a folder of versions, a task ({', '.join(task_names())}) or "
        "its YAML file, or a server's address with --model"
    )


def _version(base: Path, version: int | None) -> Path:
    chosen = model_folder.latest_complete(base) if version is None else version
    if chosen is None or chosen not in model_folder.versions(base):
        missing = "no complete model" if version is None else f"no version {version}"
        raise ConfigError(f"there is {missing} in {base}; run the task until it is PUSHED, or give another folder")
    return model_folder.version_folder(base, chosen)


def _free(output: Path) -> Path:
    path = output.expanduser().absolute()
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ConfigError(f"--output {output} is there already; give a folder that is not")
    return path


@contextlib.contextmanager
def _partial(output: Path) -> Iterator[Path]:
    """A folder beside the output, which is renamed when it is whole; where that never comes it stays if it has scores.

    One that an earlier time left is gone on with.
    """
    partial = output.with_name(f"{output.name}.partial")
    try:
        partial.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(partial, os.O_RDONLY)
    except OSError as error:
        raise ConfigError(f"--output: {error.strerror}: {output.parent}; give a folder that can be made") from error
    try:
        _lock(descriptor, partial)
        foreign = [file.name for file in partial.iterdir() if not _OURS.fullmatch(file.name)]
        if foreign:
            raise ConfigError(f"--output: {partial} is needed, and holds {foreign[0]}; give another folder")
        try:
            yield partial
        except KeyboardInterrupt as error:
            raise ScoringStopped(f"interrupted; {_kept(partial)}") from error
        finally:
            if partial.exists() and not (partial / JOURNAL_FILE).exists():
                shutil.rmtree(partial, ignore_errors=True)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, partial: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ConfigError(f"--output: another `score` writes {partial} at this moment; give another folder") from error


@contextlib.contextmanager
def _writing(partial: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        problem = f"--output: {error.strerror or error}: {partial}; make room there, or give another folder"
        raise ScoringStopped(f"{problem}; {_kept(partial)}") from error


def _kept(partial: Path) -> str:
    """What there is, where it did not become whole."""
    journal = partial / JOURNAL_FILE
    if not journal.is_file():
        return "nothing was written"
    done = json.loads(journal.read_text(encoding="utf-8"))["done"]
    rows = sum(count for _, count in done)
    return f"{rows:,} rows are done, in {partial}; give the same command again to go on"


def _score(pieces: list[Piece], place: Place, partial: Path, options: Options, console: Console) -> dict[str, Any]:
    with busy(console, "loading TensorFlow and Beam"):
        from pipeline.score.scoring import ScoringFailedError, score

        seen = _look(place, partial)
    check_inputs(seen, options.reading)
    command = _command(pieces, seen, options)
    with _writing(partial):
        shards = _shards(partial, command, options)
    began, before = time.monotonic(), shards.tally.rows
    with _showing(console, before):
        try:
            score(pieces, options.reading, place, shards)
        except ScoringFailedError as error:
            raise ScoringStopped(f"{error}; {_kept(partial)}") from error
    tally = shards.tally
    if not tally.scored:
        reasons = f"{_reasons(tally)}; the first is {tally.first_bad}" if tally.bad else "there is none"
        raise ScoringStopped(f"no row could be scored: {reasons}; nothing was written")
    summary = _summary(tally, seen.labels, _problems(tally, options), time.monotonic() - began, before)

    def write(names: list[str]) -> None:
        summary["shards"] = names
        (partial / SUMMARY_FILE).write_text(json.dumps(summary, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    with _writing(partial):
        shards.finish(write)
    return summary


def _look(place: Place, partial: Path) -> Seen:
    try:
        return place.look()
    except UnreachableError as error:
        raise ScoringStopped(f"{error}; {_kept(partial)}") from error


def check_inputs(seen: Seen, reading: Reading) -> None:
    """Raises ConfigError where the model's signature takes other texts than the columns named."""
    inputs = set(seen.inputs or ())
    if inputs == {TEXT, TEXT_PAIR} and reading.pair_column is None:
        raise ConfigError("--pair-column is missing: the model takes pairs of texts")
    if inputs == {TEXT} and reading.pair_column is not None:
        raise ConfigError(f"--pair-column {reading.pair_column}: the model takes a single text; leave it out")
    if inputs not in ({TEXT}, {TEXT, TEXT_PAIR}):
        has = f"its signature {SERVING_DEFAULT} takes {', '.join(sorted(inputs)) or 'nothing'}"
        has = f"it has no signature {SERVING_DEFAULT}" if seen.inputs is None else has
        raise ConfigError(f"the model is no text classifier: {has}; give a model that `bertline run` exported")


def _command(pieces: list[Piece], seen: Seen, options: Options) -> str:
    """Stands for all that the scores depend on."""
    return json_digest([seen.identity, options.form, options.reading, [[one.format, *_state(one)] for one in pieces]])


def _shards(partial: Path, command: str, options: Options) -> Shards:
    try:
        return Shards(partial, options.form, options.reading.id_column is not None, command)
    except (OtherJournalError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{partial} holds what another command began ({error}); give that command again, or remove the folder"
        ) from error


def _state(piece: Piece) -> list[Any]:
    """Tells whether the file is as it was."""
    path = piece.file.path
    changed = None if storage.is_url(path) else Path(path).expanduser().stat().st_mtime_ns
    return [storage.absolute(path), storage.size(path), changed, piece.file.delimiter]


def _problems(tally: Tally, options: Options) -> list[str]:
    problems = [f"damaged file: {damage}; fetch it again, and score it anew" for damage in tally.damages]
    if tally.bad > options.max_bad_fraction * tally.rows:
        problems.append(
            f"{tally.bad:,} of {tally.rows:,} rows have no score, more than --max-bad-fraction "
            f"{options.max_bad_fraction:g} allows ({_reasons(tally)}); the first is {tally.first_bad}"
        )
    return problems


def _summary(tally: Tally, labels: Sequence[str], problems: list[str], seconds: float, before: int) -> dict[str, Any]:
    return {
        "rows": tally.rows,
        "scored": tally.scored,
        "quarantined": dict(sorted(tally.quarantined.items())),
        "predicted": named(tally.predicted, labels),
        "problems": problems,
        "seconds": round(seconds, 3),
        "examples_per_second": round((tally.rows - before) / max(seconds, 1e-9), 1),
    }


def named(predicted: Mapping[str, int], labels: Sequence[str]) -> dict[str, int]:
    """The counts by the labels' names in their order; without names by numbers in theirs, or by what was answered.

    Args:
        predicted: counts by name or, of a model whose labels do not exclude each other, by number.
        labels: the names of such a model's labels, as far as they are known.
    """
    numbered = all(key.isdecimal() for key in predicted)
    ordered = sorted(predicted, key=int if numbered else None)
    is_known = numbered and bool(labels) and all(int(key) < len(labels) for key in ordered)
    return {labels[int(key)] if is_known else key: predicted[key] for key in ordered}


def _reasons(tally: Tally) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in sorted(tally.quarantined.items()))


@contextlib.contextmanager
def _showing(console: Console, before: int) -> Iterator[None]:
    """How many rows are done, on a terminal."""
    if not console.is_terminal:
        yield
        return
    began, shown = time.monotonic(), Text("scoring")

    def advance(progress: Progress) -> None:
        rate = (progress.done - before) / max(time.monotonic() - began, 1e-9)
        shown.plain = f"{progress.done:,} rows, {rate:,.0f} a second"

    with listening(advance), live(console, shown, transient=True):
        yield


def _print(console: Console, summary: dict[str, Any], output: Path) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("rows")
    table.add_column("count", justify="right")
    table.add_row("scored", f"{summary['scored']:,}")
    for label, count in summary["predicted"].items():
        table.add_row(Text(f"  {label}"), f"{count:,}")
    for reason, count in summary["quarantined"].items():
        table.add_row(Text(reason, "yellow"), f"{count:,}")
    table.add_row("all", f"{summary['rows']:,}", style="dim")
    console.print(table)
    console.print(f"{summary['examples_per_second']:,} examples a second, in {summary['seconds']:,} s")
    console.print(str(output), soft_wrap=True)
