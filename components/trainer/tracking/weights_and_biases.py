"""Weights & Biases: a group of runs a training (train, evaluate, save), its curves, its model as a versioned artifact.

https://docs.wandb.ai/guides/runs/grouping, https://docs.wandb.ai/guides/artifacts
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from components.errors import TrainingError
from components.trainer.metrics import column_names, operating_points
from components.trainer.tracking.flat import flatten

STEP = "global_step"  # the x axis: after a kill W&B's own count of rows is another than the training's
_SERVICE = "https://api.wandb.ai"
_ANSWER_SECONDS = 15.0
_CURVE_POINTS = 500
_UNFIT = re.compile(r"[^A-Za-z0-9_.-]+")  # for the name of an artifact or the id of a run
_MOST_CHARACTERS = 64
# Where the package would put files beside the run's own: the user's home, which a cluster may not let it write to.
_FOLDERS = {"WANDB_DATA_DIR": "staging", "WANDB_CACHE_DIR": "cache"}

Curve = tuple[list[list[Any]], list[list[Any]]]


class WeightsAndBiases:
    """Records into a project. Nothing is printed, and all files are below `log_dir`.

    The run `train` has the settings, every step, every epoch and what the machine did; `evaluate` what the best epoch
    reached, with PR and ROC curves; `save` the model. A training that goes on after a kill goes on in the same runs.
    Where the service cannot be reached at the start, the runs are kept as files for `wandb sync`, which `note` is told.
    """

    def __init__(self, settings: Mapping[str, Any], log_dir: str, name: str, note: Callable[[str], None]) -> None:
        self._settings, self._log_dir, self._note = settings, log_dir, note
        self._name = name
        self._group = ""
        self._mode: str = settings["mode"]
        self._folder = tempfile.mkdtemp(prefix="bertline-wandb-") if _is_url(log_dir) else log_dir
        self._config: Mapping[str, object] = {}
        self._run: Any = None
        self._curves: Curve = ([], [])

    def start(self, record: Mapping[str, object]) -> None:
        """See Tracker; the record's `fingerprint` is what a training is known by that goes on after a kill.

        Raises:
            TrainingError: the service refuses the key.
        """
        self._config = record
        self._group = _fit(f"{self._name}-{_digest(str(record.get('fingerprint', self._log_dir)))}")
        with _files_below(self._folder):
            self._start()
            for names in ("step/*", "epoch/*"):
                self._run.define_metric(names, step_metric=STEP)

    def step(self, step: int, figures: Mapping[str, float]) -> None:
        """See Tracker."""
        self._run.log({STEP: step} | {f"step/{name}": value for name, value in figures.items()})

    def epoch(self, number: int, step: int, figures: Mapping[str, float]) -> None:
        """See Tracker."""
        self._run.log({STEP: step, "epoch": number} | {f"epoch/{name}": value for name, value in figures.items()})

    def curves(self, step: int, scores: np.ndarray, targets: np.ndarray, names: Sequence[str]) -> None:
        """See Tracker: the last ones stand for the model, and are logged with what it reached."""
        precision_recall, roc = [], []
        for label, name in enumerate(column_names(names, scores.shape[1])):
            of_label = _curve(name, scores[:, label], targets[:, label] > 0.5)
            precision_recall += of_label[0]
            roc += of_label[1]
        self._curves = precision_recall, roc

    def finish(self, record: Mapping[str, object], model_folder: str | None) -> None:
        """See Tracker."""
        import wandb

        with _files_below(self._folder):
            self._run.finish()
            self._evaluate(record)
            if model_folder is not None and self._settings["log_model"]:
                self._save(record, model_folder)
        # Its process would otherwise be waited for when this one ends.
        wandb.teardown()
        if self._folder != self._log_dir:
            _copy(os.path.join(self._folder, "wandb"), os.path.join(self._log_dir, "wandb"))

    def _start(self) -> None:
        import wandb
        import wandb.errors

        if self._mode == "online" and (problem := _unreachable()) is not None:
            self._stay_offline(problem)
        try:
            self._run = self._init("train")
        except wandb.errors.AuthenticationError as error:
            raise TrainingError(
                f"Weights & Biases refuses WANDB_API_KEY ({error}); set the right one, or set tracking.wandb.mode to "
                "offline"
            ) from error
        except wandb.errors.CommError as error:
            # Its process still waits for the service, and would have the next run wait too.
            wandb.teardown()
            self._stay_offline(str(error))
            self._run = self._init("train")

    def _stay_offline(self, problem: str) -> None:
        self._mode = "offline"
        self._note(
            f"Weights & Biases cannot be reached ({problem}); what it would have got is kept in "
            f"{os.path.join(self._log_dir, 'wandb')}: run `wandb sync` on the runs there"
        )

    def _init(self, job: str) -> Any:
        import wandb

        quiet = wandb.Settings(silent=True, console="off", disable_git=True, save_code=False)
        wandb.setup(quiet)  # for what is done before there is a run, as the login
        return wandb.init(
            entity=self._settings["entity"],
            project=self._settings["project"],
            mode=self._mode,  # pyright: ignore[reportArgumentType]  (a str that pipeline.config has checked)
            dir=self._folder,
            id=_fit(f"{job}-{self._group}"),
            name=f"{self._group}-{job}",
            group=self._group,
            job_type=job,
            config=dict(self._config),
            resume="allow" if self._mode == "online" else None,
            settings=quiet,
        )

    def _evaluate(self, record: Mapping[str, object]) -> None:
        import wandb

        with self._init("evaluate") as run:
            run.summary.update(_best_epoch(record) | flatten(_without_epochs(record)))
            precision_recall, roc = self._curves
            if precision_recall:
                table = wandb.Table(columns=["label", "recall", "precision", "threshold"], data=precision_recall)
                run.log({"pr_curve": wandb.plot.line(table, "recall", "precision", stroke="label", title="PR curve")})
            if roc:
                columns = ["label", "false_positive_rate", "recall", "threshold"]
                table = wandb.Table(columns=columns, data=roc)
                run.log(
                    {"roc_curve": wandb.plot.line(table, "false_positive_rate", "recall", stroke="label", title="ROC")}
                )

    def _save(self, record: Mapping[str, object], model_folder: str) -> None:
        import wandb

        with _local(model_folder, self._folder) as folder, self._init("save") as run:
            metadata = flatten(_without_epochs(record))
            artifact = wandb.Artifact(f"{_fit(self._name)}-model", type="model", metadata=metadata)
            # Not add_dir, which prints. Immutable files are not copied: a model folder is never written to again.
            for path in sorted(path for path in Path(folder).rglob("*") if path.is_file()):
                name = path.relative_to(folder).as_posix()
                artifact.add_file(str(path), name, policy="immutable", skip_cache=True)
            run.log_artifact(artifact)


def _unreachable() -> str | None:
    """Why the service does not answer, None where it does: the package itself would wait for it for minutes."""
    try:
        httpx.get(os.environ.get("WANDB_BASE_URL", _SERVICE), timeout=_ANSWER_SECONDS, follow_redirects=True)
    except httpx.HTTPError as error:
        return f"{type(error).__name__}: {error}"
    return None


def _curve(label: str, scores: np.ndarray, is_positive: np.ndarray) -> Curve:
    """Rows of a PR and of a ROC table, none where there are examples of one class alone."""
    if is_positive.all() or not is_positive.any():
        return [], []
    points = operating_points(scores, is_positive)
    # The first point, at a threshold of infinity, has no precision.
    kept = np.unique(np.linspace(1, len(points.thresholds) - 1, _CURVE_POINTS).round().astype(int))
    hits, alarms = points.hits[kept], points.alarms[kept]
    recall, precision, fall_out = hits / points.positives, hits / (hits + alarms), alarms / points.negatives
    thresholds = points.thresholds[kept]
    return (
        [[label, *row] for row in np.stack([recall, precision, thresholds], axis=1).tolist()],
        [[label, *row] for row in np.stack([fall_out, recall, thresholds], axis=1).tolist()],
    )


def _best_epoch(record: Mapping[str, Any]) -> dict[str, float]:
    """What the epoch that was exported reached, as `best/NAME`."""
    if "best_epoch" not in record:
        return {}
    return {f"best/{name}": values[record["best_epoch"] - 1] for name, values in record.get("epochs", {}).items()}


def _without_epochs(record: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in record.items() if key != "epochs"}


def _fit(name: str) -> str:
    """A name that W&B takes: what is lost of it by that is made up for by a digest."""
    fit = _UNFIT.sub("-", name)
    if fit == name and len(name) <= _MOST_CHARACTERS:
        return name
    return f"{fit[: _MOST_CHARACTERS - 13]}-{_digest(name)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _is_url(folder: str) -> bool:
    return "://" in folder


@contextlib.contextmanager
def _local(folder: str, beside: str) -> Iterator[str]:
    """The folder, or a copy of it where it is a URL."""
    if not _is_url(folder):
        yield folder
        return
    copy = os.path.join(beside, "model")
    _copy(folder, copy)
    yield copy


def _copy(source: str, destination: str) -> None:
    from tfx.utils import io_utils

    io_utils.copy_dir(source, destination)


@contextlib.contextmanager
def _files_below(folder: str) -> Iterator[None]:
    """Has the package keep its other files below `folder`: it has no setting for them but the environment's."""
    before = {name: os.environ.get(name) for name in _FOLDERS}
    for name, part in _FOLDERS.items():
        os.environ[name] = os.path.join(folder, "wandb", part)
        os.makedirs(os.environ[name], exist_ok=True)  # noqa: PTH103  a URL has become a local folder by now
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
