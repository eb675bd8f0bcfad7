from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path

import pytest
import tensorflow as tf
from tfx.types import standard_artifacts

from components.example_gen.artifact import Profile, Quarantine
from components.example_gen.executor import Executor
from components.example_gen.fingerprint import data_digest

LABELS = {"kind": "binary", "names": ["neg", "pos"], "aliases": {"1": "pos", "0": "neg"}}
ENCODER = {"handle": "all-MiniLM-L6-v2", "vocab_file": None, "lower_case": None}


@dataclasses.dataclass
class Outcome:
    folder: Path
    artifact: standard_artifacts.Examples

    def files(self):
        """Every file of the examples: its name below the artifact, and the digest of its bytes."""
        root = self.folder / "examples"
        return {
            path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(root.rglob("*.gz"))
        }

    def examples(self, split):
        """The split's examples in order, as {feature: its one value}."""
        paths = sorted((self.folder / "examples" / f"Split-{split}").glob("data_tfrecord-*-of-*.gz"))
        records = tf.data.TFRecordDataset([str(path) for path in paths], compression_type="GZIP")
        return [_values(record) for record in records.as_numpy_iterator()]

    def texts(self, split):
        return [example["text"].decode() for example in self.examples(split)]

    @property
    def summary(self):
        return json.loads((self.folder / "quarantine" / "summary.json").read_text())

    @property
    def bad_rows(self):
        return [json.loads(line) for line in (self.folder / "quarantine" / "rows.jsonl").read_text().splitlines()]


def _values(record):
    features = tf.train.Example.FromString(record).features.feature
    return {name: getattr(value, value.WhichOneof("kind")).value[0] for name, value in features.items()}


@pytest.fixture
def execute(tmp_path_factory):
    """Runs the executor for real."""

    def run(folder=None, fingerprint=None, labels=None, beam=(), **data):
        folder = folder or tmp_path_factory.mktemp("run")
        outputs = {"examples": standard_artifacts.Examples(), "quarantine": Quarantine(), "profile": Profile()}
        for key, artifact in outputs.items():
            artifact.uri = str(folder / key)
        context = Executor.Context(beam_pipeline_args=list(beam), tmp_dir=str(folder), unique_id="1")
        properties = {
            "data": json.dumps(data),
            "labels": json.dumps(labels or LABELS),
            "encoder": json.dumps(ENCODER),
            "fingerprint": fingerprint or data_digest(data),
            "code": "c",
        }
        Executor(context).Do({}, {key: [artifact] for key, artifact in outputs.items()}, properties)
        return Outcome(folder, outputs["examples"])

    return run
