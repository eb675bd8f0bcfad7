"""Tasks with a cluster, for tests."""

from __future__ import annotations

from pathlib import Path

from pipeline.config import Config
from pipeline.config_file import load_config

IMAGE = f"registry.example.com/team/bertline@sha256:{'0123456789abcdef' * 4}"
SETTINGS = (
    f"kubeflow.image={IMAGE}",
    "kubeflow.volumes={models: {claim: bertline-models, path: /models}, data: {claim: bertline-data, path: /data}}",
    "push.folder=/models/demo",
)


def demo(*overrides: str) -> Config:
    """The task demo on a cluster with two volumes."""
    return load_config("demo", [*SETTINGS, *overrides])


def spans(*overrides: str) -> Config:
    """A task whose data comes in spans on a volume."""
    return demo("data={source: files, path: '/data/span-{SPAN}/*.csv', max_characters: 30000}", *overrides)


def local(folder: Path, *overrides: str) -> Config:
    """The task demo on a cluster whose volumes lie in `folder`, so that it can be run here."""
    models = folder / "models"
    models.mkdir(exist_ok=True)
    volumes = f"kubeflow.volumes={{models: {{claim: bertline-models, path: {models}}}}}"
    places = (volumes, f"push.folder={models}/demo", f"pipeline.root={folder}/runs")
    return load_config("demo", [f"kubeflow.image={IMAGE}", *places, *overrides])
