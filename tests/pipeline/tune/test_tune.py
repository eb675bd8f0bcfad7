"""The whole search, whose trainings are sums: what it prints, leaves and returns, and how it goes on."""

from __future__ import annotations

import csv
import gc
import logging
import math
import os
import signal
import subprocess
import sys
import time
import warnings
import weakref
from pathlib import Path

import optuna
import pytest
import yaml
from optuna.distributions import CategoricalDistribution
from optuna.trial import TrialState

from components.errors import ConfigError, EncoderError, SettingsError, TrainingError
from pipeline.config_file import load_config
from pipeline.tune.drawing import importance
from pipeline.tune.space import OF_LAYERS, Space
from pipeline.tune.study import ended, reason_of, sampler
from pipeline.tune.trial import Objective
from pipeline.tune.tune import Options, tune
from tests.pipeline.tune.fakes import BEST_RATE, FakeBench, FakePreparing, diverging, task

SPACE = {"training.learning_rate": {"low": 1e-6, "high": 1e-3, "log": True}, "training.batch_size": [8, 16, 32]}


@pytest.fixture
def space(tmp_path) -> Path:
    path = tmp_path / "space.yaml"
    path.write_text(yaml.safe_dump(SPACE))
    return path


def trials_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "runs" / "demo" / "tune" / "trials.csv").open() as file:
        return list(csv.DictReader(file))


def study_of(folder: Path, name: str = "demo-1") -> optuna.Study:
    return optuna.load_study(storage=f"sqlite:///{folder}/runs/demo/tune/trials.db", study_name=name)


def test_the_best_settings_are_a_task_that_a_run_takes(tmp_path, space, capfd):
    config = task(tmp_path)
    bench = FakeBench()
    assert tune(config, Options(trials=12, search=space), FakePreparing(bench)) == 0
    printed = capfd.readouterr().out
    best_file = tmp_path / "runs" / "demo" / "tune" / "best.yaml"
    assert f"bertline run {best_file}" in printed
    trials = trials_of(tmp_path)
    assert len(trials) == len(bench.trained) == 12
    done = [trial for trial in trials if trial["state"] == "done"]
    winner = max(done, key=lambda trial: float(trial["eval_auc"]))
    best = load_config(str(best_file))
    assert best.training.learning_rate == float(winner["training.learning_rate"])
    assert best.training.batch_size == int(winner["training.batch_size"])
    training = {"learning_rate", "batch_size"}
    assert best.model_dump(exclude={"training": training}) == config.model_dump(exclude={"training": training})
    assert f"trial {winner['trial']}" in best_file.read_text()
    plot = (best_file.parent / "trials.svg").read_text()
    assert plot.startswith("<?xml")
    assert len(list((best_file.parent / "trials").iterdir())) == 12


def test_the_task_as_it_is_comes_first(tmp_path, space):
    bench = FakeBench()
    tune(task(tmp_path), Options(trials=1, search=space), FakePreparing(bench))
    assert bench.trained[0] == task(tmp_path)


OUTSIDE = ("training.batch_size=64", "training.learning_rate=5e-5", "training.clip_norm=null", "training.dropout=0.25")


def test_the_task_as_it_is_comes_first_where_the_space_has_it_not(tmp_path, capfd):
    space = tmp_path / "space.yaml"
    ranges = {
        "training.clip_norm": {"low": 0.5, "high": 2.0},
        "training.dropout": {"low": 0.0, "high": 0.5, "step": 0.1},
    }
    space.write_text(yaml.safe_dump({**SPACE, **ranges}))
    config = task(tmp_path, *OUTSIDE)
    bench = FakeBench()
    assert tune(config, Options(trials=9, search=space), FakePreparing(bench)) == 0
    assert bench.trained[0] == config
    first = trials_of(tmp_path)[0]
    assert (first["training.batch_size"], first["training.dropout"], first["training.clip_norm"]) == ("64", "0.25", "")
    assert {each.training.batch_size for each in bench.trained[1:]} <= {8, 16, 32}
    assert all(each.training.clip_norm is not None for each in bench.trained[1:])
    printed = capfd.readouterr().out
    assert "trial 0 done" in printed
    assert "batch_size 64" in printed
    # No learning rate is better than its own: the file of the best holds what is outside the space, too.
    best = load_config(str(tmp_path / "runs" / "demo" / "tune" / "best.yaml"))
    assert best.model_dump() == config.model_dump()
    study = study_of(tmp_path)
    assert set(importance(study, ended(study), 42)) == {*SPACE, *ranges}


def test_the_task_as_it_is_is_taken_up_whole(tmp_path, space):
    def interrupted(number, config):
        raise KeyboardInterrupt

    config = task(tmp_path, "training.batch_size=64")
    again = FakeBench()
    assert tune(config, Options(trials=1, search=space), FakePreparing(FakeBench(interrupted))) == 130
    assert tune(config, Options(trials=1, search=space), FakePreparing(again)) == 0
    assert again.trained == [config]


def test_the_search_gets_better_and_gives_up_what_falls_behind(tmp_path, space):
    bench = FakeBench()
    tune(task(tmp_path), Options(trials=25, search=space), FakePreparing(bench))
    states = [trial["state"] for trial in trials_of(tmp_path)]
    assert set(states) == {"done", "pruned"}
    assert states[:5] == ["done"] * 5
    distances = [abs(config.training.learning_rate / BEST_RATE - 1) for config in bench.trained]
    assert min(distances[15:]) < 0.3


def test_loss_is_minimised(tmp_path, space):
    config = task(tmp_path, "training.select_by=loss")
    tune(config, Options(trials=8, search=space), FakePreparing(FakeBench()))
    done = [trial for trial in trials_of(tmp_path) if trial["state"] == "done"]
    least = min(done, key=lambda trial: float(trial["eval_loss"]))
    best = load_config(str(tmp_path / "runs" / "demo" / "tune" / "best.yaml"))
    assert best.training.learning_rate == float(least["training.learning_rate"])


def test_a_search_goes_on_as_if_it_had_not_stopped(tmp_path, space, capfd):
    whole, first, second = FakeBench(), FakeBench(), FakeBench()
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    tune(task(tmp_path / "a"), Options(trials=12, search=space), FakePreparing(whole))
    tune(task(tmp_path / "b"), Options(trials=5, search=space), FakePreparing(first))
    capfd.readouterr()
    tune(task(tmp_path / "b"), Options(trials=12, search=space), FakePreparing(second))
    assert "going on: 5 of 12 trials are there" in capfd.readouterr().out
    tried = [[config.training for config in bench.trained] for bench in (whole, first, second)]
    assert tried[0] == tried[1] + tried[2]
    nothing = FakeBench()
    assert tune(task(tmp_path / "b"), Options(trials=12, search=space), FakePreparing(nothing)) == 0
    assert nothing.trained == []


def test_what_cannot_be_compared_is_another_study(tmp_path, space):
    tune(task(tmp_path), Options(trials=2, search=space), FakePreparing(FakeBench()))
    other = FakeBench()
    tune(task(tmp_path), Options(trials=3, search=space), FakePreparing(other, "demo-2"))
    assert len(other.trained) == 3
    assert len(study_of(tmp_path).trials) == 2


def test_a_trial_that_does_not_train_is_recorded_and_the_search_goes_on(tmp_path, space, capfd):
    def second_diverges(number, config):
        if number == 2:
            raise SettingsError("the loss became nan at step 7; lower training.learning_rate")

    assert tune(task(tmp_path), Options(trials=4, search=space), FakePreparing(FakeBench(second_diverges))) == 0
    trials = trials_of(tmp_path)
    assert [trial["state"] for trial in trials] == ["done", "failed", "done", "done"]
    assert trials[1]["reason"].startswith("the loss became nan at step 7")
    assert "trial 1 failed" in capfd.readouterr().out


def test_no_trial_that_trains_is_exit_code_1(tmp_path, space, capfd):
    output = tmp_path / "best.yaml"
    options = Options(trials=3, search=space, output=output)
    assert tune(task(tmp_path), options, FakePreparing(FakeBench(diverging))) == 1
    assert "none of 3 trials came to its end; the last: the loss became nan at step 3" in capfd.readouterr().out
    assert not output.exists()
    assert len(trials_of(tmp_path)) == 3


def test_what_makes_no_other_model_is_refused(tmp_path):
    path = tmp_path / "space.yaml"
    path.write_text("training.accumulate: [1, 2]")
    with pytest.raises(ConfigError, match="makes no other model"):
        tune(task(tmp_path), Options(search=path), FakePreparing(FakeBench()))


class NoNumber(FakeBench):
    def train(self, config, folder, on_epoch):
        figure = f"val_{config.training.select_by}"
        on_epoch(1, {figure: math.nan})
        return {figure: [math.nan]}


def test_no_auc_in_any_epoch_is_of_the_data_and_ends_the_search(tmp_path, space, capfd):
    assert tune(task(tmp_path), Options(trials=2, search=space), FakePreparing(NoNumber())) == 1
    assert "STOPPED because auc of the eval split is no number in any epoch" in capfd.readouterr().out
    assert ended(study_of(tmp_path)) == []


def test_no_loss_in_any_epoch_is_a_failed_trial(tmp_path, space):
    config = task(tmp_path, "training.select_by=loss")
    assert tune(config, Options(trials=2, search=space), FakePreparing(NoNumber())) == 1
    reasons = [trial["reason"] for trial in trials_of(tmp_path)]
    assert len(reasons) == 2
    assert all(reason.startswith("loss of the eval split is no number in any epoch") for reason in reasons)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (TrainingError("tracking.wandb is on, but WANDB_API_KEY is not set"), "WANDB_API_KEY is not set"),
        (EncoderError("the encoder has gone away"), "the encoder has gone away"),
        (OSError(28, "No space left on device"), "No space left on device"),
    ],
)
def test_what_every_trial_would_meet_ends_the_search_and_costs_no_trial(tmp_path, space, capfd, error, says):
    def meets_it(number, config):
        raise error

    tune(task(tmp_path), Options(trials=1, search=space), FakePreparing(FakeBench()))
    stopped, last = FakeBench(meets_it), FakeBench()
    for _ in range(4):  # more often than settings that kill the process are taken up
        capfd.readouterr()
        assert tune(task(tmp_path), Options(trials=3, search=space), FakePreparing(stopped)) == 1
        printed = capfd.readouterr().out
        assert "STOPPED because " in printed
        assert says in printed
        assert "the same command goes on" in printed
    assert len(ended(study_of(tmp_path))) == 1
    assert tune(task(tmp_path), Options(trials=3, search=space), FakePreparing(last)) == 0
    assert stopped.trained == [last.trained[0]] * 4
    assert len(last.trained) == 2
    assert [trial["state"] for trial in trials_of(tmp_path)] == ["done", "done", "done"]


def test_a_trial_that_runs_out_of_memory_fails_alone_and_lets_go_of_its_memory(tmp_path, space):
    class Weights:
        pass

    held: list[weakref.ref[Weights]] = []

    class Hungry(FakeBench):
        def train(self, config, folder, on_epoch):
            assert all(weights() is None for weights in held)
            weights = Weights()
            held.append(weakref.ref(weights))
            if len(held) == 2:
                raise SettingsError("there is not enough memory for a batch; raise training.accumulate")
            return super().train(config, folder, on_epoch)

    gc.disable()  # so that it is the search's own doing
    logging.disable()  # pytest keeps what is logged, and errors with it
    try:
        assert tune(task(tmp_path), Options(trials=4, search=space), FakePreparing(Hungry())) == 0
    finally:
        logging.disable(logging.NOTSET)
        gc.enable()
    trials = trials_of(tmp_path)
    assert [trial["state"] for trial in trials] == ["done", "failed", "done", "done"]
    assert "training.accumulate" in trials[1]["reason"]


def test_settings_that_do_not_go_together_fail_their_trial_alone(tmp_path):
    config = task(tmp_path, "training.accumulate=8")
    study = optuna.create_study(direction="maximize")
    study.enqueue_trial({"training.batch_size": 4})
    bench = FakeBench()
    tried: Space = {"training.batch_size": CategoricalDistribution([4, 16])}
    study.optimize(Objective(config, tried, bench, tmp_path / "trials"), n_trials=1, catch=(SettingsError,))
    assert "training.accumulate 8 is above training.batch_size 4" in reason_of(study.trials[0])
    assert bench.trained == []


def test_a_trial_that_is_taken_up_again_is_judged_by_the_epochs_that_it_had_behind_it(tmp_path, space):
    class Resumes(FakeBench):
        def train(self, config, folder, on_epoch):
            self.trained.append(config)
            if len(self.trained) == 1:
                on_epoch(1, {"val_auc": 0.7})
                raise KeyboardInterrupt
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                for epoch, value in ((1, 0.7), (1, 0.6), (2, 0.8)):
                    on_epoch(epoch, {"val_auc": value})
            return {"val_auc": [0.7, 0.8]}

    bench = Resumes()
    assert tune(task(tmp_path), Options(trials=1, search=space), FakePreparing(bench)) == 130
    assert tune(task(tmp_path), Options(trials=1, search=space), FakePreparing(bench)) == 0
    assert bench.trained[0] == bench.trained[1]
    assert study_of(tmp_path).trials[1].intermediate_values == {500: 0.7, 1000: 0.8}


def test_any_seed_of_a_task_is_one_of_the_search(tmp_path, space):
    draws = {sampler(seed, number)._rng.rng.randint(2**31) for seed in (0, 42_950, 2**32 - 1) for number in range(50)}
    assert len(draws) == 150
    config = task(tmp_path, f"training.seed={2**32 - 1}")
    assert tune(config, Options(trials=5, search=space), FakePreparing(FakeBench())) == 0


@pytest.mark.parametrize("unusable", [(), OF_LAYERS])
def test_settings_of_layers_are_searched_where_the_encoder_tells_its_layers(tmp_path, unusable):
    bench = FakeBench()
    assert tune(task(tmp_path), Options(trials=6), FakePreparing(bench, unusable=unusable)) == 0
    decays = {config.training.layer_decay for config in bench.trained}
    assert (decays == {1.0}) is bool(unusable)
    assert ("training.layer_decay" in trials_of(tmp_path)[0]) is not bool(unusable)


def test_settings_of_layers_that_are_asked_for_are_refused_where_the_encoder_tells_none(tmp_path):
    path = tmp_path / "space.yaml"
    path.write_text("training.frozen_layers: [0, 1]")
    with pytest.raises(ConfigError, match=r"space.yaml: training.frozen_layers is of the encoder's layers"):
        tune(task(tmp_path), Options(search=path), FakePreparing(FakeBench(), unusable=OF_LAYERS))


def test_the_time_is_up(tmp_path, space, capfd):
    bench = FakeBench(lambda *_: time.sleep(0.05))
    assert tune(task(tmp_path), Options(trials=50, timeout=0.01, search=space), FakePreparing(bench)) == 0
    assert len(bench.trained) == 1
    assert "the time is up after 1 of 50 trials" in capfd.readouterr().out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_search_says_how_to_go_on_and_takes_the_trial_up_again(tmp_path, space, capfd, number):
    def interrupted(trained, config):
        if trained == 3:
            os.kill(os.getpid(), number)
            time.sleep(10)

    first, second = FakeBench(interrupted), FakeBench()
    assert tune(task(tmp_path), Options(trials=5, search=space), FakePreparing(first)) == 130
    assert "INTERRUPTED: 2 of 5 trials are there; the same command goes on" in capfd.readouterr().out
    assert (tmp_path / "runs" / "demo" / "tune" / "best.yaml").exists()
    assert tune(task(tmp_path), Options(trials=5, search=space), FakePreparing(second)) == 0
    assert "going on: 2 of 5 trials are there" in capfd.readouterr().out
    assert second.trained[0] == first.trained[2]
    assert len(second.trained) == 3
    assert [trial["trial"] for trial in trials_of(tmp_path)] == ["0", "1", "3", "4", "5"]
    assert study_of(tmp_path).trials[2].state is TrialState.FAIL


KILLED = """
import os, signal, sys
from pathlib import Path
from pipeline.tune.tune import Options, tune
from tests.pipeline.tune.fakes import FakeBench, FakePreparing, task

def kill(number, config):
    if number == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

folder = Path(sys.argv[1])
tune(task(folder), Options(trials=4, search=folder / "space.yaml"), FakePreparing(FakeBench(kill)))
"""


def killed(folder: Path, at: int) -> int:
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", KILLED, str(folder), str(at)]
    return subprocess.run(command, cwd=root, capture_output=True, timeout=300).returncode


def test_a_killed_search_goes_on_and_settings_that_kill_it_always_are_given_up(tmp_path, space):
    assert killed(tmp_path, 2) == -signal.SIGKILL
    assert killed(tmp_path, 1) == -signal.SIGKILL
    assert killed(tmp_path, 1) == -signal.SIGKILL
    bench = FakeBench()
    assert tune(task(tmp_path), Options(trials=4, search=space), FakePreparing(bench)) == 0
    trials = trials_of(tmp_path)
    assert [trial["state"] for trial in trials] == ["done", "failed", "done", "done"]
    assert trials[1]["reason"] == "its process was killed, 3 times"
    assert len(bench.trained) == 2


def test_a_defect_stops_the_search_and_keeps_what_there_is(tmp_path, space, capfd):
    def defect(number, config):
        if number == 2:
            raise RuntimeError("out of luck")

    assert tune(task(tmp_path), Options(trials=4, search=space), FakePreparing(FakeBench(defect))) == 1
    assert "STOPPED because RuntimeError: out of luck" in capfd.readouterr().out
    assert study_of(tmp_path).trials[0].state is TrialState.COMPLETE


def test_data_steps_that_stop_are_exit_code_1_and_what_cannot_begin_is_an_error(tmp_path, space, capfd):
    class Stops(FakePreparing):
        def run(self, space, console):
            raise ConfigError("the data gate says no")

    assert tune(task(tmp_path), Options(search=space), Stops(FakeBench())) == 1
    assert "STOPPED because the data gate says no" in capfd.readouterr().out

    class Refuses(FakePreparing):
        def look(self, run_id, console):
            raise ConfigError("no such encoder")

    with pytest.raises(ConfigError, match="no such encoder"):
        tune(task(tmp_path), Options(search=space), Refuses(FakeBench()))


@pytest.mark.parametrize(
    ("overrides", "options", "says"),
    [
        (["training.devices=multi_worker"], {}, "training.devices is multi_worker"),
        (["data.path=nowhere.csv"], {}, "data.path"),
        (["encoder.handle=nowhere"], {}, "encoder.handle"),
        ([], {"output": Path("nowhere/best.yaml")}, "--output nowhere/best.yaml|nowhere is not there"),
        ([], {"storage": "sqlite://"}, "--storage keeps nothing"),
    ],
)
def test_what_can_be_seen_at_once_is_refused(tmp_path, overrides, options, says):
    with pytest.raises(Exception, match=says):
        tune(task(tmp_path, *overrides), Options(**options), FakePreparing(FakeBench()))
    assert not (tmp_path / "runs" / "demo" / "tune" / "trials.db").exists()
