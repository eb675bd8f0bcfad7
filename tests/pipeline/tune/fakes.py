"""A search without TensorFlow: its trainings are sums."""

from __future__ import annotations

import math
from collections.abc import Collection
from pathlib import Path

from components.errors import SettingsError
from pipeline.config import Config
from pipeline.config_file import load_config
from pipeline.tune.space import Space
from pipeline.tune.trial import Objective, OnEpoch
from pipeline.tune.tune import Ready

BEST_RATE = 5e-5


def task(folder: Path, *overrides: str) -> Config:
    data = folder / "reviews.csv"
    data.write_text("text,label\ngood,pos\nbad,neg\n")
    source = ["data.source=files", f"data.path={data}", f"pipeline.root={folder}/runs", "training.epochs=2"]
    return load_config("demo", [*source, *overrides])


class FakeBench:
    """Trains best at BEST_RATE, a little better in every epoch; what `during` does happens before the first one."""

    def __init__(self, during=None) -> None:
        self.trained: list[Config] = []
        self._during = during

    def train(self, config: Config, folder: Path, on_epoch: OnEpoch) -> dict[str, list[float]]:
        assert folder.is_dir()
        self.trained.append(config)
        if self._during is not None:
            self._during(len(self.trained), config)
        figures: dict[str, list[float]] = {"val_auc": [], "val_loss": []}
        for epoch in range(1, config.training.epochs + 1):
            distance = abs(math.log(config.training.learning_rate / BEST_RATE))
            figures["val_auc"].append(0.9 - 0.1 * distance + 0.01 * epoch)
            figures["val_loss"].append(distance + 1.0 / epoch)
            on_epoch(epoch, {name: values[-1] for name, values in figures.items()})
        return figures


class FakePreparing:
    """Has nothing to prepare; the study has the name of `study`, and the encoder cannot have what is `unusable`."""

    def __init__(self, bench: FakeBench, study: str = "demo-1", unusable: Collection[str] = ()) -> None:
        self._bench, self._study, self._unusable = bench, study, unusable

    def __call__(self, config: Config, folder: Path) -> FakePreparing:
        self._config, self._folder = config, folder
        return self

    def look(self, run_id: str, console: object) -> Collection[str]:
        return self._unusable

    def run(self, space: Space, console: object) -> Ready:
        return Ready(Objective(self._config, space, self._bench, self._folder / "trials"), self._study)


def diverging(number: int, config: Config) -> None:
    raise SettingsError(f"the loss became nan at step {number}")
