"""`bertline run` in a process of its own, as a user runs it."""

from __future__ import annotations

import csv
import dataclasses
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.example_gen.rows import Row
from components.example_gen.sources import embedded

COMMAND = [sys.executable, "-m", "pipeline", "run"]

SETTINGS = """
pipeline: {{name: e2e, root: {root}}}
data:
  {{source: files, path: {data}, label: sentiment, splits: {{train: 0.5, eval: 0.2, test: 0.3}}, max_characters: 30000}}
schema: imdb
encoder: {{max_tokens: 64}}
training: {{epochs: 3, batch_size: 16, learning_rate: 2.0e-4}}
gates: {{metrics: {{accuracy: {{at_least: 0.65, max_drop: 0.02}}, auc: {{at_least: 0.7, max_drop: 0.02}}}}}}
samples: [this is such an amazing movie!, The movie was terrible...]
"""


@dataclasses.dataclass(frozen=True)
class Run:
    """What a user gets from a run."""

    exit_code: int
    output: str
    summary: dict[str, Any]

    def states(self) -> dict[str, str]:
        """How each step ended."""
        return {name: step["state"] for name, step in self.summary["steps"].items()}


@dataclasses.dataclass(frozen=True)
class Project:
    """A user's folder: data, a configuration, and where the runs go."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "e2e.yaml"

    @property
    def served(self) -> Path:
        return self.folder / "runs" / "e2e" / "served"

    def versions(self) -> list[int]:
        """The versions that TF Serving would see."""
        return sorted(int(path.name) for path in self.served.iterdir() if path.name.isdigit())

    def run(self, *overrides: str) -> Run:
        """Runs the pipeline to its end."""
        summary = self.folder / "summary.json"
        summary.unlink(missing_ok=True)
        done = subprocess.run(self.command(summary, *overrides), capture_output=True, text=True, cwd=self.folder)
        assert summary.exists(), done.stdout + done.stderr
        return Run(done.returncode, done.stdout + done.stderr, json.loads(summary.read_text()))

    def killed(self, is_reached: Callable[[str], bool], *overrides: str) -> list[str]:
        """Runs the pipeline until it prints a line that `is_reached` is true of, and kills it; what it printed."""
        command, lines = self.command(self.folder / "killed.json", *overrides), []
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=self.folder) as process:
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line)
                if is_reached(line):
                    process.send_signal(signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL, "the run ended before it could be killed"
        return lines

    def command(self, summary: Path, *overrides: str) -> list[str]:
        """The command line of a run."""
        options = [part for override in overrides for part in ("--set", override)]
        return [*COMMAND, str(self.config), "--summary", str(summary), *options]


def write_reviews(path: Path, count: int, relabel: Callable[[int, str], str] = lambda _, label: label) -> Path:
    """A CSV of `count` of the embedded reviews, half of them positive, each label passed through `relabel`."""
    reviews = [row for row in embedded.read(embedded.locate(), "reviews") if isinstance(row, Row)]
    stride = len(reviews) // count
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "sentiment"])
        for number, review in enumerate(reviews[: stride * count : stride]):
            writer.writerow([review.text, relabel(number, str(review.label))])
    return path


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("project")
    data = write_reviews(folder / "reviews.csv", 600)
    (folder / "e2e.yaml").write_text(SETTINGS.format(root=folder / "runs", data=data))
    return Project(folder)
