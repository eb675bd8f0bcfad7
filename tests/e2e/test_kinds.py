"""Whole runs of the tasks that are not one text and two labels, on an encoder small enough to learn them at once."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_text  # noqa: F401  registers the operators of the exported graph

from tests.e2e.conftest import Project

pytestmark = pytest.mark.e2e

FILLER = ["the", "a", "movie", "film", "story", "was", "is", "it", "this", "plot"]
COMMON = """
pipeline: {{name: e2e, root: {root}}}
schema: {schema}
encoder: {{handle: {encoder}, max_tokens: 32}}
training: {{epochs: 6, batch_size: 16, learning_rate: 3.0e-3, class_weights: balanced}}
"""
MULTILABEL_PAIRS = """
data: {{source: files, path: {data}, text: question, text_pair: answer, label: [praise, anger]}}
labels: {{kind: multilabel, names: [praise, anger]}}
decisions: {{tune: f1}}
gates: {{metrics: {{auc: {{at_least: 0.9}}, f1: {{at_least: 0.7}}}}, min_examples: 30}}
samples: [["the movie was great", "it is"], ["the film", "a terrible plot"]]
"""
MULTICLASS = """
data: {{source: files, path: {data}}}
labels: {{kind: multiclass, names: [praise, anger, neither]}}
gates: {{metrics: {{accuracy: {{at_least: 0.8}}, auc: {{at_least: 0.9}}}}, min_examples: 30}}
samples: [the movie was great]
"""


def text(number: int, word: str | None) -> str:
    """A text of its own with a telling word or none."""
    source = random.Random(number)
    words = source.choices(FILLER, k=source.randint(3, 9))
    words[source.randrange(len(words)) :] += [word] if word else []
    return " ".join([*words, str(number)])


def write(path: Path, header: list[str], rows: list[list[object]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


@pytest.fixture
def make_project(tmp_path, tiny_encoder):
    def make(config: str, header: list[str], rows: list[list[object]], schema: str = "generic") -> Project:
        data = write(tmp_path / "rows.csv", header, rows)
        given = {"root": tmp_path / "runs", "encoder": tiny_encoder, "data": data, "schema": schema}
        (tmp_path / "e2e.yaml").write_text((COMMON + config).format(**given))
        return Project(tmp_path)

    return make


def served(project: Project):
    [version] = project.versions()
    return tf.saved_model.load(str(project.served / str(version))).signatures["serving_default"]


def test_pairs_with_many_labels_are_published(make_project):
    rows: list[list[object]] = []
    for number in range(600):
        praise, anger = number % 3 == 0, number % 4 == 0
        asked, answered = text(number, "great" if praise else None), text(number + 9000, "terrible" if anger else None)
        rows.append([asked, answered, int(praise), int(anger)])
    project = make_project(MULTILABEL_PAIRS, ["question", "answer", "praise", "anger"], rows)
    run = project.run()
    assert run.exit_code == 0, run.output
    assert run.summary["verdict"] == "PUSHED"
    assert {"auc/praise", "auc/anger"} <= set(run.summary["metrics"]["overall"])
    assert set(run.summary["samples"][0]["scores"]) == {"praise", "anger"}
    answers = served(project)(
        text=tf.constant(["the movie was great", "a film"]), text_pair=tf.constant(["it is", "so terrible"])
    )
    assert answers["predicted"].numpy().tolist() == [[True, False], [False, True]]


def test_one_label_of_many_is_published(make_project):
    words = {"praise": "great", "anger": "terrible", "neither": None}
    rows: list[list[object]] = [
        [text(number, words[label]), label] for number in range(600) for label in [list(words)[number % 3]]
    ]
    project = make_project(MULTICLASS, ["text", "label"], rows)
    run = project.run()
    assert run.exit_code == 0, run.output
    assert run.summary["verdict"] == "PUSHED"
    answers = served(project)(text=tf.constant(["the movie was great", "this film is terrible", "the story"]))
    assert np.allclose(answers["scores"].numpy().sum(axis=1), 1.0, atol=1e-5)
    assert [name.decode() for name in answers["predicted"].numpy()] == ["praise", "anger", "neither"]
