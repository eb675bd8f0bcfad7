from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from components.trainer.model import build_classifier
from components.trainer.optimizer import Adam, RectifiedAdam, Schedule, build_optimizer

TRAINING = {
    "optimizer": "adamw", "learning_rate": 1e-3, "schedule": "linear", "warmup_fraction": 0.1, "weight_decay": 0.01,
    "clip_norm": 1.0, "layer_decay": 1.0,
}  # fmt: skip


def rates(schedule: Any, steps: int) -> np.ndarray:
    return np.array([float(schedule(step)) for step in range(steps)])


def test_the_rate_rises_to_its_peak_and_falls_to_zero_in_straight_lines():
    rate = rates(Schedule(peak=1.0, total_steps=100, warmup_steps=10), 101)
    assert rate.argmax() == 10
    assert rate.max() == pytest.approx(1.0)
    assert np.allclose(np.diff(rate[:11]), 1 / 11, atol=1e-6)
    assert np.allclose(np.diff(rate[10:]), -1 / 90, atol=1e-6)
    assert rate[0] > 0.0
    assert rate[100] == pytest.approx(0.0)


def test_without_warm_up_it_starts_at_its_peak():
    assert rates(Schedule(peak=2.0, total_steps=4, warmup_steps=0), 4) == pytest.approx([2.0, 1.5, 1.0, 0.5])


def test_a_constant_rate_stays():
    assert rates(Schedule(2.0, 4, 1, falls=False), 4) == pytest.approx([1.0, 2.0, 2.0, 2.0])


@pytest.mark.parametrize("total_steps", [1, 2])
def test_the_shortest_trainings_have_a_rate(total_steps):
    schedule = build_optimizer(TRAINING, total_steps, [])._learning_rate
    assert all(0.0 < rate < 1.0001e-3 for rate in rates(schedule, total_steps))


def test_the_schedule_survives_serialisation():
    schedule = Schedule(1.0, 100, 10)
    assert Schedule(**schedule.get_config())(5) == schedule(5)


def descend(optimizer: Any, steps: int = 12) -> np.ndarray:
    """Where a variable comes to in so many steps whose gradients are always the same ones."""
    random = np.random.default_rng(0)
    variable = tf.Variable(tf.constant(random.normal(size=[3, 4]), tf.float32), name="dense/kernel")
    for _ in range(steps):
        optimizer.apply_gradients([(tf.constant(random.normal(size=[3, 4]), tf.float32), variable)])
    return variable.numpy()


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_adam_is_kerass(decay):
    theirs = keras.optimizers.AdamW(1e-2, weight_decay=decay) if decay else keras.optimizers.Adam(1e-2)
    assert np.allclose(descend(Adam(1e-2, weight_decay=decay)), descend(theirs), atol=1e-6)


def test_rectified_adam_is_that_of_its_paper():
    random = np.random.default_rng(0)
    value = random.normal(size=[3, 4]).astype(np.float32).astype(float)
    first, second, beta_1, beta_2, rate = 0.0, 0.0, 0.9, 0.999, 1e-2
    longest = 2 / (1 - beta_2) - 1
    rectified = []
    for step in range(1, 13):
        gradient = random.normal(size=[3, 4]).astype(np.float32)
        first, second = beta_1 * first + (1 - beta_1) * gradient, beta_2 * second + (1 - beta_2) * gradient**2
        length = longest - 2 * step * beta_2**step / (1 - beta_2**step)
        moment = first / (1 - beta_1**step)
        rectified.append(length > 4)
        if length > 4:
            factor = np.sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length))
            value = value - rate * factor * moment / (np.sqrt(second / (1 - beta_2**step)) + 1e-7)
        else:
            value = value - rate * moment
    assert rectified == [False] * 4 + [True] * 8
    assert np.allclose(descend(RectifiedAdam(rate)), value, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "kind", "decay"), [("adam", Adam, 0.0), ("adamw", Adam, 0.01), ("radam", RectifiedAdam, 0.01)]
)
def test_optimizers_by_name(name, kind, decay):
    optimizer = build_optimizer(TRAINING | {"optimizer": name}, 10, [])
    assert type(optimizer) is kind
    assert optimizer.get_config()["weight_decay"] == decay


def test_an_encoders_matrices_and_tables_decay_and_nothing_else_does(tiny_encoder):
    model = build_classifier(str(tiny_encoder), "pooled", {"dropout": 0.1, "head_size": 0}, 1)
    variables = model.trainable_variables
    for variable in variables:
        variable.assign(tf.ones_like(variable))
    optimizer = build_optimizer(TRAINING | {"weight_decay": 1.0}, 100, variables)
    optimizer.apply_gradients([(tf.zeros_like(variable), variable) for variable in variables])
    decayed = {variable.name for variable in variables if (variable.numpy() < 1.0).any()}
    others = {variable.name for variable in variables} - decayed
    assert all(variable.shape.rank > 1 for variable in variables if variable.name in decayed)
    assert {name.rsplit("/", 1)[-1] for name in others} == {"bias:0", "beta:0", "gamma:0"}


def test_lower_layers_learn_more_slowly(tiny_encoder):
    model = build_classifier(str(tiny_encoder), "mean", {"dropout": 0.1, "head_size": 0}, 1)
    variables = [
        each for each in model.trainable_variables if "query/kernel" in each.name or "logits/kernel" in each.name
    ]
    before = [variable.numpy() for variable in variables]
    optimizer = build_optimizer(TRAINING | {"layer_decay": 0.5, "weight_decay": 0.0}, 100, variables)
    optimizer.apply_gradients([(tf.ones_like(variable), variable) for variable in variables])
    steps = [np.abs(variable.numpy() - was).max() for variable, was in zip(variables, before, strict=True)]
    assert np.allclose(np.array(steps) / steps[-1], [0.25, 0.5, 1.0], rtol=1e-3)


def test_a_gradient_is_clipped_by_its_global_norm():
    optimizer = build_optimizer(TRAINING | {"clip_norm": 5.0}, 10, [])
    clipped = optimizer._clip_gradients([tf.constant([30.0]), tf.constant([40.0])])
    assert [float(gradient[0]) for gradient in clipped] == pytest.approx([3.0, 4.0])
    free = build_optimizer(TRAINING | {"clip_norm": None}, 10, [])
    assert float(free._clip_gradients([tf.constant([30.0])])[0][0]) == 30.0
