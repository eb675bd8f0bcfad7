from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tf_keras as keras

from components.trainer.model import build_classifier
from components.trainer.optimizer import WarmUpLinearDecay, build_optimizer

TRAINING = {"learning_rate": 1e-3, "warmup_fraction": 0.1, "weight_decay": 0.01, "clip_norm": 1.0}


def rates(schedule: Any, steps: int) -> np.ndarray:
    return np.array([float(schedule(step)) for step in range(steps)])


def test_the_rate_rises_to_its_peak_and_falls_to_zero_in_straight_lines():
    rate = rates(WarmUpLinearDecay(peak=1.0, total_steps=100, warmup_steps=10), 101)
    assert rate.argmax() == 10
    assert rate.max() == pytest.approx(1.0)
    assert np.allclose(np.diff(rate[:11]), 1 / 11, atol=1e-6)
    assert np.allclose(np.diff(rate[10:]), -1 / 90, atol=1e-6)
    assert rate[0] > 0.0
    assert rate[100] == pytest.approx(0.0)


def test_without_warm_up_it_starts_at_its_peak():
    assert rates(WarmUpLinearDecay(peak=2.0, total_steps=4, warmup_steps=0), 4) == pytest.approx([2.0, 1.5, 1.0, 0.5])


@pytest.mark.parametrize("total_steps", [1, 2])
def test_the_shortest_trainings_have_a_rate(total_steps):
    schedule = build_optimizer(TRAINING, total_steps)._learning_rate
    assert all(0.0 < rate < 1.0001e-3 for rate in rates(schedule, total_steps))


def test_the_schedule_survives_serialisation():
    schedule = WarmUpLinearDecay(1.0, 100, 10)
    assert WarmUpLinearDecay(**schedule.get_config())(5) == schedule(5)


def test_weights_decay_but_biases_and_layer_norms_do_not():
    model = keras.Sequential(
        [keras.layers.Dense(2, name="dense", input_shape=(2,)), keras.layers.LayerNormalization(name="layer_norm")]
    )
    initial = {variable.name: variable.numpy() + 1.0 for variable in model.variables}
    for variable in model.variables:
        variable.assign(initial[variable.name])
    optimizer = build_optimizer({**TRAINING, "weight_decay": 1.0}, total_steps=100)
    optimizer.apply_gradients([(np.zeros(variable.shape, np.float32), variable) for variable in model.variables])
    shrunk = {name for name, before in initial.items() if (np.abs(model_value(model, name)) < np.abs(before)).any()}
    assert shrunk == {"dense/kernel:0"}


def model_value(model: keras.Model, name: str) -> np.ndarray:
    return next(variable.numpy() for variable in model.variables if variable.name == name)


def test_an_encoders_matrices_and_tables_decay_and_nothing_else_does(tiny_encoder):
    model = build_classifier(str(tiny_encoder), "pooled", 0.1, 1)
    optimizer = build_optimizer(TRAINING, total_steps=10)
    optimizer.build(model.trainable_variables)
    decayed = {variable.name for variable in model.trainable_variables if optimizer._use_weight_decay(variable)}
    others = {variable.name for variable in model.trainable_variables} - decayed
    assert all(variable.shape.rank > 1 for variable in model.trainable_variables if variable.name in decayed)
    assert {name.rsplit("/", 1)[-1] for name in others} == {"bias:0", "beta:0", "gamma:0"}


def test_a_gradient_is_clipped_by_its_global_norm():
    variables = [keras.backend.variable([0.0]), keras.backend.variable([0.0])]
    optimizer = build_optimizer({**TRAINING, "clip_norm": 5.0}, total_steps=10)
    clipped = optimizer._clip_gradients([variables[0] + 30.0, variables[1] + 40.0])
    assert [float(gradient[0]) for gradient in clipped] == pytest.approx([3.0, 4.0])
