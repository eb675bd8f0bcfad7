"""`bertline score`: finds model and corpus, scores, and says what became of the rows."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from components import model_folder
from components.errors import BertlineError, ConfigError
from components.progress import Progress, listening
from pipeline.display import busy, live
from pipeline.quiet import logging_to
from pipeline.score.corpus import Piece, Reading, find
from pipeline.score.models import Local, Place, Served
from pipeline.score.output import Tally, finish
from pipeline.sigterm import sigterm_as_interrupt
from serving.client import BadSetting, Client

SUMMARY_FILE = "summary.json"
LOG_FILE = "log"
_ADDRESS = re.compile(r"[A-Za-z0-9.\-\[\]:]+:[0-9]+")
_GRAPH = "saved_model.pb"
_TASK_SUFFIXES = (".yaml", ".yml")


class ScoringStopped(BertlineError):  # noqa: N818
    """It went wrong after it had begun: there is no output."""


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


def score(target: str, patterns: Sequence[str], options: Options) -> dict[str, Any]:
    """Scores the rows of all files, prints the table, and gives the summary that lies beside the scores.

    Raises:
        ConfigError, DataError: it could not begin.
        ScoringStopped: the model could not be asked any more, the output could not be written, no row could be scored,
            or Ctrl-C or SIGTERM ended it. There is no output folder then.
    """
    place = find_model(target, options)
    output = _free(options.output)
    pieces = find(patterns, options.reading)
    with sigterm_as_interrupt(), _partial(output) as partial:
        with logging_to(partial / LOG_FILE) as console:
            summary = _score(pieces, place, partial, options, console)
            _print(console, summary, output)
        (partial / LOG_FILE).unlink()
        partial.rename(output)
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
    """A hidden folder beside the output, which is renamed when it is whole, and removed where that never comes."""
    partial = output.with_name(f".{output.name}.partial-{os.getpid()}")
    try:
        partial.mkdir(parents=True)
    except OSError as error:
        raise ConfigError(f"--output: {error.strerror}: {output.parent}; give a folder that can be made") from error
    try:
        yield partial
    except KeyboardInterrupt as error:
        raise ScoringStopped("interrupted; nothing was written") from error
    except OSError as error:
        raise ScoringStopped(
            f"--output: {error.strerror}: {output}; make room there, or give another folder"
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _score(pieces: list[Piece], place: Place, partial: Path, options: Options, console: Console) -> dict[str, Any]:
    with busy(console, "loading TensorFlow and Beam"):
        from pipeline.score.scoring import ScoringFailedError, score

    began = time.monotonic()
    with _showing(console):
        try:
            tally = score(pieces, options.reading, place, partial, options.form)
        except ScoringFailedError as error:
            raise ScoringStopped(f"{error}; nothing was written") from error
    if not tally.scored:
        raise ScoringStopped(f"no row could be scored: {_reasons(tally) or 'there is none'}; nothing was written")
    summary = _summary(tally, finish(partial, options.form), time.monotonic() - began)
    (partial / SUMMARY_FILE).write_text(json.dumps(summary, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return summary


def _summary(tally: Tally, shards: list[str], seconds: float) -> dict[str, Any]:
    return {
        "rows": tally.rows,
        "scored": tally.scored,
        "quarantined": dict(sorted(tally.quarantined.items())),
        "predicted": dict(sorted(tally.predicted.items())),
        "seconds": round(seconds, 3),
        "examples_per_second": round(tally.rows / max(seconds, 1e-9), 1),
        "shards": shards,
    }


def _reasons(tally: Tally) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in sorted(tally.quarantined.items()))


@contextlib.contextmanager
def _showing(console: Console) -> Iterator[None]:
    """How many rows are done, on a terminal."""
    if not console.is_terminal:
        yield
        return
    began, shown = time.monotonic(), Text("scoring")

    def advance(progress: Progress) -> None:
        rate = progress.done / max(time.monotonic() - began, 1e-9)
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
