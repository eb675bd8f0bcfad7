"""The pipeline: from text to a served model. It reads like the diagram in the README."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from tfx.components import ExampleValidator, StatisticsGen, Trainer, Transform
from tfx.dsl.components.base.base_node import BaseNode
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.proto import trainer_pb2, transform_pb2

from components.curated_schema.component import CuratedSchema
from components.curated_schema.statistics import stats_options
from components.data_gate.component import DataGate
from components.evaluator.component import Evaluator
from components.example_gen.component import TextExampleGen
from components.features import EVAL, TRAIN
from components.fetch.addresses import without_secrets
from components.linear_baseline.component import LinearBaseline
from components.pusher.component import Pusher, Sources
from components.served_model.component import ServedModel
from components.serving_check.component import ServingCheck
from pipeline.config import Config
from pipeline.outside import Outside, artifacts_folder, data_settings

PREPROCESSING_FN = "components.transform.preprocessing.preprocessing_fn"
RUN_FN = "components.trainer.run.run_fn"
# The settings of the encoder that decide which ids a text becomes.
READING = ("handle", "vocab_file", "lower_case", "max_tokens", "truncation")
# Those that decide which pieces it is made of.
TOKENISING = ("handle", "vocab_file", "lower_case")


def build_components(config: Config, outside: Outside) -> list[BaseNode]:
    """The steps of a run, wired up. TFX runs them in a topological order of its own."""
    gates, labels = _settings(config.gates), _settings(config.labels, "kind", "names", "threshold")
    push_folder = str(config.push_folder)

    example_gen = TextExampleGen(
        data=data_settings(config, outside.span),
        labels=_settings(config.labels, "kind", "names", "aliases"),
        encoder=_settings(config.encoder, *TOKENISING) | {"digest": outside.encoder},
        fingerprint=outside.data,
        code=outside.code["example_gen"],
    )
    examples = example_gen.outputs["examples"]

    curated_schema = CuratedSchema(text=outside.schema)  # pyright: ignore[reportCallIssue]
    schema = curated_schema.outputs["schema"]
    statistics_gen = StatisticsGen(examples=examples, stats_options=stats_options())
    statistics = statistics_gen.outputs["statistics"]
    example_validator = ExampleValidator(statistics=statistics, schema=schema)
    data_gate = DataGate(
        anomalies=example_validator.outputs["anomalies"],
        statistics=statistics,
        schema=schema,
        profile=example_gen.outputs["profile"],
        code=outside.code["data_gate"],
    )

    linear_baseline = LinearBaseline(
        examples=examples,
        settings=baseline_settings(config),
        code=outside.code["linear_baseline"],
    )
    linear_baseline.add_upstream_node(data_gate)

    transform = Transform(
        examples=examples,
        schema=schema,
        preprocessing_fn=PREPROCESSING_FN,
        splits_config=transform_pb2.SplitsConfig(analyze=[TRAIN], transform=[TRAIN, EVAL]),
        custom_config={
            "encoder": _settings(config.encoder, *READING) | {"digest": outside.encoder},
            "pair": _is_pair(config),
            "code": outside.code["transform"],
        },
        disable_statistics=True,
    )
    transform.add_upstream_node(data_gate)

    served_model = ServedModel(push_folder=push_folder, state=outside.served, code=outside.code["served_model"])
    trainer = Trainer(
        examples=transform.outputs["transformed_examples"],
        transform_graph=transform.outputs["transform_graph"],
        base_model=served_model.outputs["model"] if config.training.warm_start else None,
        run_fn=RUN_FN,
        train_args=trainer_pb2.TrainArgs(),
        eval_args=trainer_pb2.EvalArgs(),
        custom_config=trainer_settings(config, outside),
    )
    model = trainer.outputs["model"]

    evaluator = Evaluator(
        examples=examples,
        model=model,
        baseline_model=served_model.outputs["model"],
        linear_baseline=linear_baseline.outputs["predictions"],
        gates=gates,
        labels=labels,
        columns=config.data.columns,
        code=outside.code["evaluator"],
    )
    serving_check = ServingCheck(
        model=model,
        examples=examples,
        settings=_settings(config.serving),
        code=f"{outside.server} {outside.code['serving_check']}",
        last_refusal=outside.last_refusal,
    )
    pusher = Pusher(
        model=model,
        model_blessing=evaluator.outputs["blessing"],
        infra_blessing=serving_check.outputs["blessing"],
        baseline=served_model.outputs["model"],
        sources=Sources(example_gen.outputs["quarantine"], trainer.outputs["model_run"]),
        push_folder=push_folder,
        custom_config={"nonce": outside.run_id, "card": card_settings(config, outside)},
    )
    return [
        example_gen,
        statistics_gen,
        curated_schema,
        example_validator,
        data_gate,
        linear_baseline,
        transform,
        served_model,
        trainer,
        evaluator,
        serving_check,
        pusher,
    ]


def baseline_settings(config: Config) -> dict[str, Any]:
    """What LinearBaseline reads: see `components.linear_baseline.settings.Task`."""
    return {
        "labels": _settings(config.labels, "kind", "names", "threshold"),
        "decisions": _settings(config.decisions),
        "pair": _is_pair(config),
        "at_recall": config.training.at_recall,
    }


def trainer_settings(config: Config, outside: Outside) -> dict[str, Any]:
    """The Trainer's custom_config: see `components.trainer.job.Job`."""
    return {
        "name": config.pipeline.name,
        "encoder": _settings(config.encoder, "handle", "vocab_file", "pooling", "max_tokens")
        | {"digest": outside.encoder},
        "training": _settings(config.training),
        "labels": _settings(config.labels, "kind", "names", "threshold"),
        "decisions": _settings(config.decisions),
        "tracking": _settings(config.tracking),
        "pair": _is_pair(config),
        "checkpoints": outside.checkpoints,
        "code": outside.code["trainer"],
    }


def card_settings(config: Config, outside: Outside) -> dict[str, Any]:
    """What the model card tells of the configuration: see `components.pusher.model_card.Facts`."""
    return {
        "name": config.pipeline.name,
        "data": without_secrets(_settings(config.data, "source", "path", "test_path", "test_span"))
        | {"span": outside.span},
        "encoder": _settings(config.encoder, "handle", "max_tokens", "truncation", "lower_case"),
        "pair": _is_pair(config),
    }


def build_pipeline(config: Config, outside: Outside, **runner_settings: Any) -> tfx_pipeline.Pipeline:
    """The pipeline of a task.

    Args:
        config: the task.
        outside: what lies outside the graph, for caching.
        runner_settings: what only the runner knows, such as `metadata_connection_config`.
    """
    return tfx_pipeline.Pipeline(
        pipeline_name=config.pipeline.name,
        pipeline_root=str(artifacts_folder(config)),
        components=build_components(config, outside),
        enable_cache=True,
        **runner_settings,
    )


def _is_pair(config: Config) -> bool:
    return config.data.text_pair is not None


def _settings(section: BaseModel, *keys: str) -> dict[str, Any]:
    """A section as plain values, as component parameters take them: a step is given only the keys that it reads, so
    that a change of any other finds it cached. No keys: all of them.
    """
    return section.model_dump(mode="json", include=set(keys) or None)
