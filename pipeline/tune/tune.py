"""`bertline tune`: a search over the training settings of a task."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path
from typing import Protocol

import optuna
import sqlalchemy.exc
from optuna.trial import FrozenTrial, TrialState
from rich.console import Console
from rich.text import Text

from components.errors import ConfigError, SettingsError
from pipeline.config import Config
from pipeline.display import busy
from pipeline.failure import explain
from pipeline.folders import make_folder
from pipeline.home import CHECKPOINTS, LOGS, RUN_ID_FORMAT, TUNE, TUNE_LOG
from pipeline.local_run import check_at_once
from pipeline.only_run import only_run
from pipeline.quiet import logging_to
from pipeline.sigterm import sigterm_as_interrupt
from pipeline.tune.results import Left, check_output, leave
from pipeline.tune.showing import Showing, trials_table
from pipeline.tune.space import OF_LAYERS, Space, fitting, own_values, read_space
from pipeline.tune.storage import Place, cause_of, opened, place_of
from pipeline.tune.study import (
    best_of,
    direction,
    ended,
    enqueue_own,
    fail_running,
    open_study,
    reason_of,
    sampler,
    take_up,
)
from pipeline.tune.trial import Objective

DONE, STOPPED, INTERRUPTED = 0, 1, 130
_SHOWN = 15  # of the best trials, in the table at the end
_LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Options:
    """What the command line gives.

    Attributes:
        trials: how many in all, those of an earlier search of the same kind among them.
        timeout: seconds after which no new trial begins, but for a first one.
        storage: file or URL of the database.
        search: file of the space.
        output: file for the best settings.
    """

    trials: int = 20
    timeout: float | None = None
    storage: str | None = None
    search: Path | None = None
    output: Path | None = None


@dataclasses.dataclass(frozen=True)
class Ready:
    """What is needed before the first trial: what trains it, and the name of the study that it belongs to."""

    objective: Objective
    study: str


class Preparing(Protocol):
    """What comes before the first trial."""

    def look(self, run_id: str, console: Console) -> Collection[str]:
        """Whatever can be refused before any work. Returns the settings that the encoder cannot be trained with.

        Raises:
            BertlineError: the search cannot begin.
        """
        ...

    def run(self, space: Space, console: Console) -> Ready:
        """The work that is done once for all trials. Raises whatever goes wrong with it."""
        ...


class DataSteps:
    """The steps of the pipeline before the Trainer."""

    def __init__(self, config: Config, folder: Path) -> None:
        self._config, self._folder = config, folder

    def look(self, run_id: str, console: Console) -> Collection[str]:
        """Loads TensorFlow, checks what trainings need, and fingerprints what lies outside. Raises BertlineError."""
        with busy(console, "loading TensorFlow and TFX"):
            # Ten seconds of imports, which a mistake in the configuration should not have to wait for.
            from components.encoders.layers import count_layers, trainable_names
            from components.encoders.resolve import resolve_encoder
            from pipeline.outside import observe
            from pipeline.preflight import check_encoder, check_training
        with busy(console, "preparing the encoder"):
            check_encoder(self._config)
            check_training(self._config)
            self._outside = observe(self._config, run_id)
            return () if count_layers(trainable_names(resolve_encoder(self._config.encoder.handle))) else OF_LAYERS

    def run(self, space: Space, console: Console) -> Ready:
        """Runs the steps. Raises whatever a step does."""
        from pipeline.tune.bench import run_data_steps, study_name

        with only_run(self._config.pipeline.home, "pipeline.root"):
            bench = run_data_steps(self._config, self._outside, self._folder / CHECKPOINTS, console)
        objective = Objective(self._config, space, bench, self._folder / "trials")
        return Ready(objective, study_name(self._config, self._outside, space))


Prepare = Callable[[Config, Path], Preparing]


def tune(config: Config, options: Options, prepare: Prepare = DataSteps) -> int:
    """Searches, shows the trials, and leaves the best settings as a file.

    Args:
        config: the task.
        options: of the command line.
        prepare: what the steps before the training are run with.

    Returns:
        The exit code: 0 where a best trial is known, 1 where the data steps or all trials failed or a trial met what
        others would meet too, 130 where it was interrupted.

    Raises:
        BertlineError: the search could not begin.
    """
    space = read_space(options.search, config)
    _check_devices(config)
    check_at_once(config)
    folder = config.pipeline.home / TUNE
    make_folder(folder, "pipeline.root")
    output = (options.output or folder / "best.yaml").absolute()
    check_output(output)
    place = place_of(options.storage, folder / "trials.db")
    run_id = datetime.now().astimezone().strftime(RUN_ID_FORMAT)
    log = config.pipeline.home / LOGS / TUNE_LOG.format(run_id)
    with only_run(folder, "pipeline.root"), sigterm_as_interrupt(), logging_to(log) as console:
        console.print(
            Text.assemble(("bertline", "bold"), f" tune of {config.pipeline.name}, log in {log}"), soft_wrap=True
        )
        _quiet_optuna()
        with opened(place, take_up) as storage:
            search = _Search(config, options, space, folder, output, place, storage, console)
            return search.run(prepare(config, folder), run_id)


def _check_devices(config: Config) -> None:
    if config.training.devices == "multi_worker":
        raise ConfigError("training.devices is multi_worker, but a search trains in one process; set it to auto")


def _quiet_optuna() -> None:
    """What Optuna says goes to the log, with all that other libraries say."""
    optuna.logging.disable_default_handler()
    optuna.logging.enable_propagation()


@dataclasses.dataclass(frozen=True)
class _Search:
    """A search on its way."""

    config: Config
    options: Options
    space: Space
    folder: Path
    output: Path
    place: Place
    storage: optuna.storages.RDBStorage
    console: Console

    def run(self, preparing: Preparing, run_id: str) -> int:
        """The whole of it; the exit code. Raises BertlineError where it could not begin."""
        try:
            unusable = preparing.look(run_id, self.console)
        except KeyboardInterrupt:
            return self._tell_interrupted(None)
        space = fitting(self.space, unusable, self.options.search)
        return dataclasses.replace(self, space=space)._search(preparing)

    def _search(self, preparing: Preparing) -> int:
        study: optuna.Study | None = None
        try:
            ready = preparing.run(self.space, self.console)
            study = self._open(ready.study)
            self._try_all(study, ready.objective)
            return self._tell(study)
        except KeyboardInterrupt:
            return self._tell_interrupted(study)
        except Exception as error:  # noqa: BLE001  it is logged whole, and told
            _LOG.exception("stopped")
            self._say(f"STOPPED because {self._cause(error)}", "bold red")
            if study is not None:
                self._say("once that is mended, the same command goes on from the trials that are there")
            return STOPPED

    def _open(self, name: str) -> optuna.Study:
        study = open_study(self.storage, name, self.config.training.select_by)
        if self.place.file is not None and (killed := fail_running(study)):
            numbers = ", ".join(map(str, killed))
            self._say(f"trial {numbers} was running when the search was ended; its settings are taken up again")
        if there := len(ended(study)):
            self._say(f"going on: {there} of {self.options.trials} trials are there, in {self.place}")
        elif not study.get_trials(deepcopy=False):
            # The task as it is comes first: what is found is measured against it.
            enqueue_own(study, own_values(self.config, self.space))
        return study

    def _try_all(self, study: optuna.Study, objective: Objective) -> None:
        select_by, wanted = self.config.training.select_by, self.options.trials
        showing = Showing(self.console, select_by, wanted)
        began, before = time.monotonic(), len(ended(study))
        with showing.showing():
            while len(trials := ended(study)) < wanted and (len(trials) == before or not self._is_late(began)):
                showing.counted(trials)
                study.sampler = sampler(self.config.training.seed, len(trials))
                study.optimize(
                    objective,
                    n_trials=1,
                    catch=(SettingsError,),
                    callbacks=[lambda _, trial: showing.ended(trial)],
                    # Why a trial failed holds on to its weights, and the memory may be what it lacked.
                    gc_after_trial=True,
                )

    def _is_late(self, began: float) -> bool:
        return self.options.timeout is not None and time.monotonic() - began >= self.options.timeout

    def _tell(self, study: optuna.Study) -> int:
        trials = ended(study)
        left = self._leave(study, trials)
        if len(trials) < self.options.trials:
            self._say(f"the time is up after {len(trials)} of {self.options.trials} trials; the same command goes on")
        best = best_of(trials, self.config.training.select_by)
        if best is None or left is None or left.best is None:
            reasons = [reason for trial in trials if (reason := reason_of(trial))]
            why = f"; the last: {reasons[-1]}" if reasons else ""
            self._say(f"STOPPED because none of {len(trials)} trials came to its end{why}", "bold red")
            return STOPPED
        worth = f"{self.config.training.select_by} {best.value:.4f} on the eval split"
        self._say(f"BEST is trial {best.number}: {worth}; train it with: bertline run {left.best}", "bold green")
        return DONE

    def _tell_interrupted(self, study: optuna.Study | None) -> int:
        trials = [] if study is None else ended(study)
        if study is not None:
            self._leave(study, trials)
        done = f"{len(trials)} of {self.options.trials} trials are there"
        self._say(f"INTERRUPTED: {done}; the same command goes on from them", "bold yellow")
        return INTERRUPTED

    def _leave(self, study: optuna.Study, trials: list[FrozenTrial]) -> Left | None:
        """Prints the best trials and writes the files, if there are any trials."""
        if not trials:
            return None
        select_by = self.config.training.select_by
        sign = 1.0 if direction(select_by) == "minimize" else -1.0
        complete = [trial for trial in trials if trial.state is TrialState.COMPLETE]
        shown = sorted(complete, key=lambda trial: sign * float(trial.value or 0.0))[:_SHOWN]
        if shown:
            self.console.print(trials_table(shown, select_by))
        with busy(self.console, "writing the results"):
            left = leave(study, trials, self.config, self.space, self.folder, self.output)
        for name, path in (("trials", left.trials), ("plot", left.plot), ("storage", self.place), ("best", left.best)):
            if path is not None:
                self.console.print(Text.assemble((f"{name:<8} ", "dim"), str(path)), soft_wrap=True)
        return left

    def _cause(self, error: Exception) -> str:
        if isinstance(error, (sqlalchemy.exc.SQLAlchemyError, optuna.exceptions.StorageInternalError)):
            return f"{self.place} failed: {cause_of(error, self.place)}"
        return explain(error)

    def _say(self, sentence: str, style: str = "") -> None:
        self.console.print(Text(sentence, style), soft_wrap=True)
