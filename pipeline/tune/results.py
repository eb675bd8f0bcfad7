"""What a search leaves: the best settings as a task's file, all trials as a table, and the plot."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path

import optuna
import yaml
from optuna.trial import FrozenTrial

from components.errors import ConfigError
from components.whole_file import write_whole
from pipeline.config import Config
from pipeline.tune.drawing import draw
from pipeline.tune.showing import csv_of, shown
from pipeline.tune.space import Space, settings_with
from pipeline.tune.study import best_of, settings_of


@dataclasses.dataclass(frozen=True)
class Left:
    """The files that are there; `best` is None where no trial has come to its end."""

    best: Path | None
    trials: Path
    plot: Path


def check_output(path: Path) -> None:
    """Raises ConfigError where the file of --output could not be written after hours of search."""
    if not path.name or path.is_dir():
        raise ConfigError(f"--output {path} names no file; give the path of a YAML file")
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise ConfigError(f"--output {path}: the folder {path.parent} is not there or cannot be written; make it first")


def leave(
    study: optuna.Study, trials: Sequence[FrozenTrial], config: Config, space: Space, folder: Path, output: Path
) -> Left:
    """Writes the files. Raises ConfigError where one cannot be written."""
    select_by = config.training.select_by
    best = best_of(trials, select_by)
    left = Left(None if best is None else output, folder / "trials.csv", folder / "trials.svg")
    if best is not None:
        _write(output, best_file(config, best, len(trials)))
    _write(left.trials, csv_of(trials, space, select_by))
    _write(left.plot, draw(study, trials, select_by, config.training.seed))
    return left


def best_file(config: Config, best: FrozenTrial, trials: int) -> str:
    """The task's file with the trial's settings laid over it, as `bertline run` takes it."""
    select_by = config.training.select_by
    values = settings_of(best)
    found = ", ".join(f"{key} {shown(value)}" for key, value in values.items())
    head = (
        f"# The task {config.pipeline.name} with the best settings of {trials} trials (bertline tune), that of trial "
        f"{best.number}:\n# {select_by} {best.value:.4f} on the eval split with {found}.\n"
    )
    settings = settings_with(config, values)
    return head + yaml.safe_dump(settings, sort_keys=False, allow_unicode=True, width=110)


def _write(path: Path, content: str | bytes) -> None:
    """So that a reader never meets half of it."""
    try:
        write_whole(path, content)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error
