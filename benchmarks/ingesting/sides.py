"""What is compared: this pipeline's own steps from data to statistics, and TFX's stock ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfx.components import CsvExampleGen, StatisticsGen
from tfx.dsl.components.base.base_node import BaseNode
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.proto import example_gen_pb2

from benchmarks.ingesting.texts import LABEL, TEXT
from pipeline.config_file import check
from pipeline.outside import observe
from pipeline.pipeline import build_components

OURS, STOCK = "ours", "stock"
STATISTICS = "StatisticsGen"
INGEST = {OURS: "TextExampleGen", STOCK: "CsvExampleGen"}
RUN_ID = "benchmark"

_WEIGHTS = {"train": 8, "eval": 1, "test": 1}


def build(side: str, file: Path, labels: list[str], home: Path, **runner_settings: Any) -> tfx_pipeline.Pipeline:
    """The pipeline of a side, as far as the statistics.

    Args:
        side: OURS or STOCK.
        file: a CSV file of `text` and `label`, alone in its folder, which is what stock reads.
        labels: the two labels.
        home: where artifacts go.
        runner_settings: what only the runner knows.
    """
    components = _ours(file, labels, home) if side == OURS else _stock(file)
    return tfx_pipeline.Pipeline(
        pipeline_name=side,
        pipeline_root=str(home / "artifacts"),
        components=components,
        enable_cache=False,
        **runner_settings,
    )


def _ours(file: Path, labels: list[str], home: Path) -> list[BaseNode]:
    """The statistics, and every step that they need, wired as in any run."""
    settings = {
        "pipeline": {"name": "benchmark", "root": str(home)},
        "data": {
            "source": "files",
            "path": str(file),
            "text": TEXT,
            "label": LABEL,
            "max_characters": 30_000,  # what the schema allows
            "splits": {split: weight / sum(_WEIGHTS.values()) for split, weight in _WEIGHTS.items()},
        },
        "schema": "imdb",
        "labels": {"names": labels},
        "gates": {"metrics": {"accuracy": {"at_least": 0.5}}},
    }
    config = check(settings, "the benchmark's configuration")
    by_id = {component.id: component for component in build_components(config, observe(config, RUN_ID))}
    return [by_id[name] for name in _with_producers(STATISTICS, by_id)]


def _with_producers(name: str, components: Mapping[str, BaseNode]) -> list[str]:
    """A step and whatever its inputs come from, near and far, each once and before what it feeds."""
    inputs = components[name].inputs.values()
    producers = [producer for channel in inputs for producer in sorted(channel.get_data_dependent_node_ids())]
    above = (step for producer in producers for step in _with_producers(producer, components))
    return list(dict.fromkeys([*above, name]))


def _stock(file: Path) -> list[BaseNode]:
    buckets = [example_gen_pb2.SplitConfig.Split(name=split, hash_buckets=weight) for split, weight in _WEIGHTS.items()]
    example_gen = CsvExampleGen(
        input_base=str(file.parent),
        output_config=example_gen_pb2.Output(split_config=example_gen_pb2.SplitConfig(splits=buckets)),
    )
    return [example_gen, StatisticsGen(examples=example_gen.outputs["examples"])]
