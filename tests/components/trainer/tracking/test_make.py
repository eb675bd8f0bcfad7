from __future__ import annotations

import importlib.util
import sys

import pytest

from components.errors import TrainingError
from components.trainer.tracking import Silent, check_tracking, make_tracker
from tests.components.trainer.tracking.conftest import tell

WANDB = {"project": "films", "entity": None, "mode": "offline", "log_model": True}


def test_nothing_asked_records_nothing(tmp_path):
    tracker = make_tracker({"tensorboard": False, "wandb": None}, str(tmp_path), "demo")
    tell(tracker, "model")
    tell(Silent(), "model")
    assert list(tmp_path.iterdir()) == []
    assert tracker.problems == []


def test_tensor_board_alone_needs_no_wandb(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)  # an import of it fails
    tracker = make_tracker({"tensorboard": True, "wandb": None}, str(tmp_path), "demo")
    tell(tracker)
    assert tracker.problems == []
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {"train", "validation"}


@pytest.mark.parametrize("package", ["tensorboard", "wandb"])
def test_missing_package_is_refused_with_the_remedy(tmp_path, monkeypatch, package):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else found(name))
    with pytest.raises(TrainingError, match=f"tracking.{package} is on, but the package {package} is not installed; "):
        make_tracker({"tensorboard": package == "tensorboard", "wandb": WANDB}, str(tmp_path), "demo")


def test_what_is_missing_is_told_without_a_tracker(monkeypatch):
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    assert check_tracking({"tensorboard": True, "wandb": None}) is None
    assert check_tracking({"tensorboard": False, "wandb": WANDB}) is None
    with pytest.raises(TrainingError, match="the environment has no WANDB_API_KEY"):
        check_tracking({"tensorboard": False, "wandb": WANDB | {"mode": "online"}})
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(TrainingError, match="the package wandb is not installed"):
        check_tracking({"tensorboard": False, "wandb": WANDB})
