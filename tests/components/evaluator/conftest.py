from __future__ import annotations

import dataclasses
import json
import math
import random
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from tfx.dsl.components.base import base_beam_executor
from tfx.types import standard_artifacts
from tfx.utils import proto_utils

from components.evaluator.eval_config import build_eval_config
from components.evaluator.executor import VERDICT_FILE, Executor
from components.model_folder import model_digest
from tests.components.evaluator import models
from tests.components.evaluator.models import Row

BANDS = ("0-99", "100-299", "300+")
BFLOAT16 = "auto_mixed_precision_onednn_bfloat16"
SPOILT_ROWS = (5, 35, 65)  # positive, and all in the last band


@dataclasses.dataclass
class Evaluation:
    """What one run of the step left behind."""

    verdict: dict[str, Any]
    blessing: standard_artifacts.ModelBlessing
    folder: Path
    bfloat16: bool | None


class WatchedExecutor(Executor):
    """The executor, which also notes whether bfloat16 was on when its pipeline ran."""

    bfloat16: bool | None = None

    def _make_beam_pipeline(self):
        self.bfloat16 = tf.config.optimizer.get_experimental_options().get(BFLOAT16)
        return super()._make_beam_pipeline()


class Evaluate:
    """Runs the executor for real, with Beam's DirectRunner."""

    def __init__(self, examples, folder):
        self._examples, self._folder = examples, folder

    def __call__(self, model, gates, served=None, threshold=0.5, kind="binary", names=("neg", "pos"), linear=None):
        folder = self._folder / f"run{len(list(self._folder.iterdir()))}"
        evaluation, blessing = standard_artifacts.ModelEvaluation(), standard_artifacts.ModelBlessing()
        evaluation.uri, blessing.uri = str(folder / "evaluation"), str(folder / "blessing")
        context = base_beam_executor.BaseBeamExecutor.Context(
            beam_pipeline_args=["--runner=DirectRunner"], tmp_dir=str(folder / "tmp"), unique_id="1"
        )
        inputs = {"examples": [self._examples], "model": [model]}
        inputs |= {"baseline_model": [served]} if served else {}
        inputs |= {"linear_baseline": [linear]} if linear else {}
        executor = WatchedExecutor(context)
        labels = {"kind": kind, "names": names, "threshold": threshold}
        executor.Do(
            inputs,
            {"evaluation": [evaluation], "blessing": [blessing]},
            {
                "eval_config": proto_utils.proto_to_json(build_eval_config(gates)),
                "example_splits": '["test"]',
                "gates": json.dumps(gates),
                "labels": json.dumps(labels),
                "code": "c",
            },
        )
        verdict = json.loads((folder / "blessing" / VERDICT_FILE).read_text())
        return Evaluation(verdict, blessing, folder / "evaluation", executor.bfloat16)


@pytest.fixture(scope="session")
def rows():
    """Some 300 rows; 20 of them have a score at 0.5 or 0.3, to the last bit; GOOD errs more than BETTER."""
    generator = random.Random(7)
    return [_row(index, generator) for index in range(300)]


def _row(index, generator):
    target = index % 2
    good, better = (_probability(generator.gauss(0.5 + strength * (target - 0.5), 0.2)) for strength in (0.4, 0.7))
    if index < 20:
        good = (0.3, 0.5)[index % 4 // 2]
    spoilt = math.nan if index in SPOILT_ROWS else good
    return Row(target, BANDS[index % 3], (good, better, spoilt))


def _probability(value):
    return round(min(max(value, 0.0), 1.0), 6)


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """Makes Model artifacts of a word model; each position once."""
    made = {}

    def make(position):
        if position not in made:
            folder = tmp_path_factory.mktemp("model")
            made[position] = models.write_model(folder, models.WordModel(position))
        return made[position]

    return make


@pytest.fixture
def as_served():
    """A Model artifact as ServedModel would hand it over."""

    def serve(artifact, version="17"):
        served = standard_artifacts.Model()
        served.uri = artifact.uri
        served.set_string_custom_property("version", version)
        if version:
            served.set_string_custom_property("digest", model_digest(f"{artifact.uri}/Format-Serving"))
        return served

    return serve


@pytest.fixture(scope="session")
def evaluate(tmp_path_factory, rows):
    examples = models.write_examples(tmp_path_factory.mktemp("examples"), rows)
    return Evaluate(examples, tmp_path_factory.mktemp("evaluations"))
