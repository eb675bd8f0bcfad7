from __future__ import annotations

import pytest
import yaml
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from components.errors import ConfigError
from pipeline.config_file import check, load_config, task_names
from pipeline.tune.space import DEFAULT, SEARCHABLE, configured, holds, own_values, read_space, settings_with


@pytest.fixture
def read(tmp_path):
    def read(settings, *overrides):
        path = tmp_path / "space.yaml"
        path.write_text(settings if isinstance(settings, str) else yaml.safe_dump(settings))
        return read_space(path, load_config("demo", overrides))

    return read


@pytest.mark.parametrize("name", task_names())
def test_the_default_space_fits_every_task(name):
    space = read_space(None, load_config(name))
    assert set(space) <= set(DEFAULT)
    assert space["training.learning_rate"] == FloatDistribution(1e-5, 2e-4, log=True)
    assert space["training.epochs"] == IntDistribution(1, 4)


def test_the_default_space_has_nothing_without_effect():
    assert "training.weight_decay" not in read_space(None, load_config("demo", ["training.optimizer=adam"]))


def test_ranges_and_choices_are_read(read):
    space = read(
        {
            "training.learning_rate": {"low": 1e-5, "high": 1, "log": True},
            "training.dropout": {"low": 0, "high": 0.5, "step": 0.1},
            "training.epochs": {"low": 1, "high": 9, "step": 2},
            "training.patience": {"low": 1, "high": 3},
            "training.clip_norm": [None, 1.0],
            "training.class_weights": ["none", "balanced"],
            "training.group_by_length": [True, False],
            "encoder.pooling": ["mean", "cls"],
        }
    )
    assert space == {
        "training.learning_rate": FloatDistribution(1e-5, 1, log=True),
        "training.dropout": FloatDistribution(0, 0.5, step=0.1),
        "training.epochs": IntDistribution(1, 9, step=2),
        "training.patience": IntDistribution(1, 3),
        "training.clip_norm": CategoricalDistribution([None, 1.0]),
        "training.class_weights": CategoricalDistribution(["none", "balanced"]),
        "training.group_by_length": CategoricalDistribution([True, False]),
        "encoder.pooling": CategoricalDistribution(["mean", "cls"]),
    }


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("encoder.handle", "would change the data steps"),
        ("encoder.max_tokens", "would change the data steps"),
        ("data.sample.fraction", "would change the data steps"),
        ("labels.threshold", "would change the data steps"),
        ("training.seed", "is chance"),
        ("training.select_by", "is what trials are judged by"),
        ("training.checkpoint_steps", "makes no other model"),
        ("gates.metrics", "is nothing that the training depends on"),
        ("decisions.tune", "is nothing that the training depends on"),
        ("training.learning_rat", "did you mean training.learning_rate?"),
        ("learning", "these can be searched: encoder.pooling, "),
    ],
)
def test_what_cannot_be_searched_is_refused_with_the_reason(read, key, says):
    with pytest.raises(ConfigError, match=r"--search .*space.yaml: ") as refusal:
        read({key: [1, 2]})
    assert f"{key} {says}" in str(refusal.value) or says in str(refusal.value)
    assert key in str(refusal.value)


@pytest.mark.parametrize(
    ("tried", "says"),
    [
        ({"low": 0.0, "high": 1.0}, "training.dropout is 1.0: Input should be less than 1"),
        ({"low": -0.1, "high": 0.5}, "training.dropout is -0.1"),
        ([0.1, "much"], "training.dropout is 'much'"),
        ({"low": 0.5, "high": 0.1}, "let low be below high"),
        ({"low": 0.0, "high": 0.5, "log": True}, "begins above 0"),
        ({"low": 0.0, "high": 0.5, "step": 0.6}, "no wider than"),
        ({"low": 0.0, "hihg": 0.5}, "training.dropout.hihg"),
        ({"low": 0.0, "high": float("inf")}, "training.dropout.high"),
        ({"low": True, "high": 2}, "low is True"),
        ([0.1], "two values or more"),
        ([0.1, 0.1], "each once"),
        ([[0.1], 0.2], "single values"),
        (0.1, "write a list of values, or"),
    ],
)
def test_what_the_configuration_would_refuse_is_refused_at_once(read, tried, says):
    with pytest.raises(ConfigError) as refusal:
        read({"training.dropout": tried})
    assert says in str(refusal.value)
    assert "training.dropout" in str(refusal.value)


def test_kinds_of_numbers_are_kept_apart(read):
    with pytest.raises(ConfigError, match=r"training.epochs is a whole number"):
        read({"training.epochs": {"low": 1, "high": 2.5}})
    for key in ("encoder.pooling", "training.class_weights", "training.group_by_length"):
        with pytest.raises(ConfigError, match=f"{key} is no number"):
            read({key: {"low": 1, "high": 2}})


@pytest.mark.parametrize("text", ["", "[]", "a", "{", "training: {epochs: [1, 2]}", b"\xff".decode("latin1")])
def test_a_file_that_is_no_space_is_refused(read, text):
    with pytest.raises(ConfigError, match="--search"):
        read(text)


def test_losses_that_cannot_be_compared_are_not_compared(read):
    assert read({"training.loss": ["focal", "cross_entropy"]})
    with pytest.raises(ConfigError, match="losses cannot be compared"):
        read({"training.loss": ["focal", "cross_entropy"]}, "training.select_by=loss")


def test_own_values_are_the_tasks_and_the_space_has_some_of_them():
    config = load_config("demo", ["training.epochs=9", "training.dropout=0.3", "training.batch_size=64"])
    space = read_space(None, config)
    own = own_values(config, space)
    assert own["training.dropout"] == 0.3
    assert own["training.learning_rate"] == 1e-4
    missed = {key for key, tried in space.items() if not holds(tried, own[key])}
    assert missed == {"training.epochs", "training.batch_size"}
    assert not holds(space["training.dropout"], 0.25)


def test_values_are_laid_over_what_the_file_says_and_nothing_else():
    config = load_config("imdb")
    settings = settings_with(config, {"training.dropout": 0.2, "encoder.pooling": "cls"})
    assert "serving" in settings
    assert "push" not in settings  # no default is written out
    again = check(settings, "again")
    assert again.training.dropout == 0.2
    assert again.encoder.pooling == "cls"
    assert again.model_dump(exclude={"training": {"dropout"}, "encoder": {"pooling"}}) == config.model_dump(
        exclude={"training": {"dropout"}, "encoder": {"pooling"}}
    )


def test_values_that_do_not_go_together_are_refused():
    config = load_config("demo", ["training.accumulate=8"])
    with pytest.raises(ConfigError, match=r"trial 3 .*\n.*training.accumulate 8 is above training.batch_size 4"):
        configured(config, {"training.batch_size": 4}, "trial 3")


def test_all_that_can_be_searched_is_a_setting():
    config = load_config("demo")
    for key in SEARCHABLE:
        section, _, name = key.partition(".")
        assert hasattr(getattr(config, section), name)
