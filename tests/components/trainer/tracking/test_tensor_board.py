from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing import data_provider, event_accumulator, plugin_event_multiplexer
from tensorboard.context import RequestContext
from tensorboard.plugins import base_plugin
from tensorboard.plugins.hparams import backend_context, plugin_data_pb2
from tensorboard.plugins.pr_curve import pr_curves_plugin

from components.trainer.tracking.tensor_board import TensorBoard
from tests.components.trainer.tracking.conftest import scores_and_targets, tell


@pytest.fixture
def log_dir(tmp_path):
    tell(TensorBoard(str(tmp_path / "logs")))
    return tmp_path / "logs"


@pytest.fixture
def context(log_dir):
    """What TensorBoard's own plugins read a folder by."""
    multiplexer = plugin_event_multiplexer.EventMultiplexer()
    multiplexer.AddRunsFromDirectory(str(log_dir))
    multiplexer.Reload()
    return base_plugin.TBContext(
        data_provider=data_provider.MultiplexerDataProvider(multiplexer, str(log_dir)),
        multiplexer=multiplexer,
        logdir=str(log_dir),
    )


def scalars(folder, tag):
    events = event_accumulator.EventAccumulator(str(folder))
    events.Reload()
    return {event.step: pytest.approx(float(tf.make_ndarray(event.tensor_proto))) for event in events.Tensors(tag)}


def tags(folder):
    events = event_accumulator.EventAccumulator(str(folder))
    events.Reload()
    return set(events.Tags()["tensors"])


def test_steps_and_epochs_of_both_splits(log_dir):
    assert scalars(log_dir / "train", "step/loss") == {1: 1.0, 2: 0.5, 3: 1 / 3, 4: 0.25}
    assert scalars(log_dir / "train", "epoch/loss") == {2: 0.5, 4: 0.25}
    assert scalars(log_dir / "validation", "epoch/auc") == {2: 0.7, 4: 0.9}
    assert "epoch/auc" not in tags(log_dir / "train")


def test_training_that_goes_on_adds_its_steps(tmp_path):
    tell(TensorBoard(str(tmp_path)), steps=range(1, 3))
    tell(TensorBoard(str(tmp_path)), steps=range(3, 5))
    events = event_accumulator.EventAccumulator(str(tmp_path / "train"))
    multiplexer = plugin_event_multiplexer.EventMultiplexer().AddRunsFromDirectory(str(tmp_path))
    multiplexer.Reload()
    assert events.Reload()
    assert {event.step for event in multiplexer.Tensors("train", "step/loss")} == {1, 2, 3, 4}


def test_training_that_goes_on_in_a_folder_of_its_own_has_the_epochs_before(tmp_path):
    tell(TensorBoard(str(tmp_path)), steps=range(3, 5), done=range(1, 2))
    assert scalars(tmp_path / "train", "epoch/loss") == {2: 0.5, 4: 0.25}
    assert scalars(tmp_path / "validation", "epoch/auc") == {2: 0.7, 4: 0.9}
    assert scalars(tmp_path / "train", "step/loss").keys() == {3, 4}


def test_epoch_that_is_told_again_where_it_was_told_before_is_one_point(tmp_path):
    tell(TensorBoard(str(tmp_path)), steps=range(1, 3))
    tell(TensorBoard(str(tmp_path)), steps=range(3, 5), done=range(1, 2))
    assert scalars(tmp_path / "train", "epoch/loss") == {2: 0.5, 4: 0.25}


def test_training_that_had_ended_is_told_whole(tmp_path):
    tell(TensorBoard(str(tmp_path)), steps=range(0), done=range(1, 3))
    assert scalars(tmp_path / "validation", "epoch/auc") == {2: 0.7, 4: 0.9}


def test_plugin_reads_the_pr_curves(context):
    plugin = pr_curves_plugin.PrCurvesPlugin(context)
    (curve,) = plugin.pr_curves_impl(RequestContext(), "", ["validation"], "a/pr_curves")["validation"]
    scores, targets = scores_and_targets()
    called = scores[:, 0] >= curve["thresholds"][100]
    assert curve["step"] == 4
    assert curve["thresholds"][100] == pytest.approx(0.5)
    assert curve["recall"][100] == pytest.approx(called[targets[:, 0] > 0.5].mean())
    assert curve["precision"][100] == pytest.approx(targets[called, 0].mean())
    assert plugin.tags_impl(RequestContext(), "")["validation"].keys() == {f"{label}/pr_curves" for label in "abc"}


def test_plugin_finds_the_training(context):
    found = backend_context.Context(context).hparams_metadata(RequestContext(), "")
    (tags,) = found.values()
    assert {"_hparams_/session_start_info", "_hparams_/session_end_info"} <= set(tags)


def test_hyper_parameters_keep_their_types(log_dir):
    events = event_accumulator.EventAccumulator(str(log_dir))
    events.Reload()
    content = events.PluginTagToContent("hparams")
    parsed: Any = plugin_data_pb2.HParamsPluginData
    start = parsed.FromString(content["_hparams_/session_start_info"]).session_start_info
    assert start.hparams["config.training.learning_rate"].number_value == 3e-5
    assert start.hparams["config.training.static_shapes"].bool_value is False
    assert start.hparams["config.training.patience"].string_value == "null"
    assert start.hparams["config.labels"].string_value == '["a", "b"]'
    assert start.hparams["parameters"].number_value == 1234
    assert "_hparams_/session_end_info" in content


def test_curve_of_a_binary_task_has_the_positive_name(tmp_path):
    tracker = TensorBoard(str(tmp_path))
    tracker.start({})
    tracker.curves(1, np.array([[0.2], [0.9]], np.float32), np.array([[0.0], [1.0]]), ["neg", "pos"])
    assert tags(tmp_path / "validation") == {"pos/pr_curves"}
