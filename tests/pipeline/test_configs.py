"""The tasks that come with bertline: each loads, and those that repeat another's work have its settings."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline.cli import main
from pipeline.config import Config
from pipeline.config_file import load_config, task_names

FOLDER = Path(__file__).parents[2] / "pipeline" / "configs"
REPRODUCTIONS = ("imdb-tutorial", "quora-report", "toxic-post")


def test_they_are_listed():
    assert task_names() == ["demo", "imdb", "imdb-tutorial", "quora", "quora-report", "toxic", "toxic-post"]


@pytest.mark.parametrize("name", task_names())
def test_each_is_shown_has_a_name_of_its_own_and_says_where_its_numbers_are_from(name):
    shown = CliRunner().invoke(main, ["config", "show", name])
    assert shown.exit_code == 0, shown.output
    assert load_config(name).pipeline.name == name
    assert (FOLDER / f"{name}.yaml").read_text(encoding="utf-8").startswith("# ")


def training(config: Config, *names: str) -> tuple[object, ...]:
    return tuple(getattr(config.training, name) for name in names)


def test_imdb_tutorial_is_the_tutorials():
    config = load_config("imdb-tutorial")
    encoder = config.encoder
    assert encoder.handle == "small_bert/bert_en_uncased_L-4_H-512_A-8"
    assert (encoder.max_tokens, encoder.truncation, encoder.pooling) == (128, "head", "pooled")
    assert training(config, "optimizer", "learning_rate", "schedule", "warmup_fraction") == (
        "adamw",
        3e-5,
        "linear",
        0.1,
    )
    assert training(config, "epochs", "batch_size", "dropout", "loss") == (5, 32, 0.1, "cross_entropy")
    assert config.data.source == "imdb"  # whose test split is the official one
    assert config.data.splits.train / (config.data.splits.train + config.data.splits.eval) == pytest.approx(0.8)
    assert config.gates.metrics["accuracy"].at_least == 0.85  # it reports 0.8546
    assert "this is such an amazing movie!" in config.samples


def test_quora_report_is_the_reports():
    config = load_config("quora-report")
    encoder = config.encoder
    assert encoder.handle == "bert_en_uncased_L-12_H-768_A-12"
    assert (encoder.max_tokens, encoder.pooling) == (128, "pooled")
    assert training(config, "optimizer", "learning_rate", "schedule", "warmup_fraction") == (
        "adam",
        2e-5,
        "constant",
        0.0,
    )
    assert training(config, "epochs", "batch_size", "dropout", "at_recall") == (5, 32, 0.5, 0.5)
    assert training(config, "weight_decay", "clip_norm") == (0.0, None)
    sample, splits = config.data.sample, config.data.splits
    assert sample.stratify
    rows = 1_306_122 * sample.fraction / (splits.train + splits.eval + splits.test)
    assert rows * splits.train == pytest.approx(130_612, rel=0.001)
    assert rows * splits.eval == pytest.approx(11_755, rel=0.001)
    floor = config.gates.metrics["accuracy"].at_least
    assert floor is not None
    assert floor > 1 - 0.062  # which a constant answer reaches


def test_toxic_post_is_the_posts():
    config = load_config("toxic-post")
    assert config.labels.kind == "multilabel"
    assert config.labels.names == ("toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate")
    assert config.encoder.pooling == "mean"
    assert training(config, "optimizer", "learning_rate", "batch_size", "select_by") == ("radam", 3e-5, 32, "auc")
    assert config.training.epochs == 4
    assert config.training.patience is not None
    assert config.gates.metrics["accuracy"].at_least == 0.98  # both as it reports them
    assert config.gates.metrics["auc"].at_least == 0.94


@pytest.mark.parametrize("name", REPRODUCTIONS)
def test_a_reproduction_adds_nothing_that_the_work_has_not(name):
    config = load_config(name)
    assert (config.decisions.tune, config.decisions.calibrate) == ("none", False)
    assert training(config, "layer_decay", "frozen_layers", "label_smoothing", "head_size") == (1.0, 0, 0.0, 0)
    assert training(config, "class_weights", "precision", "accumulate") == ("none", "float32", 1)


def test_ours_decide_by_what_suits_their_labels():
    assert [load_config(name).decisions.tune for name in ("imdb", "quora", "toxic")] == ["accuracy", "f1", "f1"]
    assert all(load_config(name).decisions.calibrate for name in ("imdb", "quora", "toxic"))
