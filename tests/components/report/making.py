"""What a run leaves, written by hand: predictions, verdict, history and the like, without a pipeline."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn import metrics as sklearn_metrics
from tensorflow_metadata.proto.v0 import statistics_pb2

from components import strict_json
from components.report.told import Step, Told

BINARY, MULTICLASS, MULTILABEL = "binary", "multiclass", "multilabel"
STEPS = (
    "TextExampleGen", "StatisticsGen", "CuratedSchema", "ExampleValidator", "DataGate", "Transform", "ServedModel",
    "Trainer", "LinearBaseline", "Evaluator", "ServingCheck", "Pusher",
)  # fmt: skip


@dataclasses.dataclass
class Judged:
    """Test examples with what each model says of them."""

    kind: str
    names: tuple[str, ...]
    ids: list[str]
    targets: np.ndarray
    scores: dict[str, np.ndarray]
    thresholds: list[float] | None

    @property
    def scored(self) -> tuple[str, ...]:
        return self.names[1:] if self.kind == BINARY else self.names

    def answers(self) -> np.ndarray:
        scores = self.scores["candidate"]
        if self.kind == MULTICLASS:
            return np.arange(scores.shape[1]) == scores.argmax(axis=1)[:, None]
        return scores >= np.asarray(self.thresholds, np.float32)

    def write(self, folder: Path) -> None:
        decisions = {model: {"thresholds": self.thresholds} for model in self.scores}
        told = {"kind": self.kind, "names": self.names, "scored": self.scored, "decisions": decisions}
        columns = {
            "id": pa.array(self.ids, pa.string()),
            "target": pa.array(self.targets.astype(int).tolist(), pa.list_(pa.int8())),
            "slices": pa.array([["length_band=0-99"]] * len(self.ids), pa.list_(pa.string())),
            **{model: pa.array(scores.tolist(), pa.list_(pa.float32())) for model, scores in self.scores.items()},
        }
        folder.mkdir(parents=True, exist_ok=True)
        table = pa.table(columns).replace_schema_metadata({b"bertline": json.dumps(told).encode()})
        pq.write_table(table, folder / "predictions.parquet")


def judged(
    kind: str = BINARY,
    names: Sequence[str] = ("neg", "pos"),
    count: int = 400,
    rivals: Sequence[str] = ("served", "linear"),
) -> Judged:
    """Examples whose labels the candidate scores well, and its rivals less so."""
    random = np.random.default_rng(7)
    labels = 1 if kind == BINARY else len(names)
    if kind == MULTICLASS:
        targets = np.eye(labels)[random.integers(0, labels, count)]
    else:
        targets = (random.random((count, labels)) < 1 / (2 + np.arange(labels))).astype(float)
    scores = {}
    for noise, model in zip((0.8, 1.2, 1.6), ("candidate", *rivals)):  # noqa: B905
        logits = 3 * targets - 1.5 + random.normal(0, noise, targets.shape)
        odds = np.exp(logits)
        values = odds / odds.sum(axis=1, keepdims=True) if kind == MULTICLASS else odds / (1 + odds)
        scores[model] = values.astype(np.float32)
    thresholds = None if kind == MULTICLASS else [0.4 + 0.1 * (place % 3) for place in range(labels)]
    ids = [f"{place:032x}" for place in range(count)]
    return Judged(kind, tuple(names), ids, targets, scores, thresholds)


def verdict(known: Judged, **more: Any) -> dict[str, Any]:
    """A verdict.json of these examples, with slices and intervals."""
    metrics = {"overall": _metrics(known, "candidate")}
    for name in ("length_band=0-99", "length_band=100+", *(f"label={name}" for name in known.names)):
        metrics[name] = {**metrics["overall"], "example_count": 40.0, "accuracy": metrics["overall"]["accuracy"] - 0.02}
    intervals = {
        name: {metric: [value - 0.03, value + 0.02] for metric, value in of.items() if metric != "example_count"}
        for name, of in metrics.items()
    }
    rivals = {model: {"overall": _metrics(known, model)} for model in known.scores if model != "candidate"}
    value, accuracy = metrics["overall"]["auc"], metrics["overall"]["accuracy"]
    return {
        "blessed": False,
        "forced": None,
        "reasons": ["accuracy is too low"],
        "notes": ["a note"],
        "metrics": metrics,
        "intervals": intervals,
        "baseline_metrics": rivals.get("served"),
        "baseline_version": "3" if "served" in rivals else "",
        "linear_metrics": rivals.get("linear"),
        "confidence": 0.95,
        "resamples": 1000,
        "judge_by": "bound",
        "comparisons": [
            {
                "against": model,
                "slice": name,
                "metric": metric,
                "value": metrics["overall"][metric],
                "baseline": of["overall"][metric],
                "difference": metrics["overall"][metric] - of["overall"][metric],
                "interval": [-0.01, 0.08],
            }
            for model, of in rivals.items()
            for name in ("overall", "length_band=0-99")
            for metric in ("accuracy", "auc", "f1")
        ],
        "thresholds": {"metrics": {"auc": {"at_least": 0.9}}},
        "checks": [
            _check("overall", "auc", "at_least", value, 0.9, interval=[value - 0.03, value + 0.02]),
            _check("overall", "accuracy", "at_least", accuracy, 0.999),
            _check("overall", "accuracy", "above_linear", accuracy, 0.01, baseline=0.8, interval=[0.01, 0.05]),
        ],
        **more,
    }


def _check(name: str, metric: str, kind: str, value: float, limit: float, **more: Any) -> dict[str, Any]:
    passed = value >= limit
    known = {"slice": name, "metric": metric, "kind": kind, "value": value, "limit": limit, "passed": passed}
    return {**known, "baseline": None, "drop": None, "interval": None, "judged": value, **more}


def _metrics(known: Judged, model: str) -> dict[str, float]:
    scores, targets = known.scores[model], known.targets > 0.5
    answers = dataclasses.replace(known, scores={"candidate": scores}).answers()
    if known.kind == MULTICLASS:
        accuracy = float((scores.argmax(axis=1) == targets.argmax(axis=1)).mean())
    else:
        accuracy = float((answers == targets).mean())
    return {
        "example_count": float(len(known.ids)),
        "accuracy": accuracy,
        "auc": float(sklearn_metrics.roc_auc_score(targets, scores)),
        "f1": float(sklearn_metrics.f1_score(targets, answers, average="macro")),
        "log_loss": 0.3,
        "ece": 0.02,
    }


def history(epochs: int = 3) -> dict[str, Any]:
    """A history.json."""
    falling = [0.6 - 0.1 * epoch for epoch in range(epochs)]
    rising = [0.8 + 0.05 * epoch for epoch in range(epochs)]
    figures = {"loss": falling, "accuracy": rising, "auc": rising, "f1": [float("nan"), *rising[1:]]}
    return {
        "training": {"select_by": "auc"},
        "examples": {"train": 1000, "eval": 100},
        "parameters": 22_000_000,
        "trained_parameters": 22_000_000,
        "precision": "bfloat16",
        "devices": "one device",
        "warm_start": {"used": False, "reason": "nothing is served yet"},
        "resumed_at_step": None,
        "steps": 96,
        "best_epoch": 2 if epochs > 1 else 1,
        "epochs": {**figures, **{f"val_{name}": [value - 0.02 for value in of] for name, of in figures.items()}},
        "decisions": {
            "temperature": [1.2],
            "thresholds": [0.45],
            "tuned_for": "f1",
            "log_loss": {"before": 0.4, "after": 0.35},
            "ece": {"before": 0.05, "after": 0.02},
            "warnings": ["label 'pos': few examples"],
        },
        "float32": {"largest_difference": 0.015, "flips": 1, "examples": 100},
        "tracking_problems": [],
    }


def serving_report() -> dict[str, Any]:
    """A ServingCheck's report.json."""
    checks = [
        ("loading", "available", "available", "", True),
        ("p50 latency", 43.2, 150.0, "ms", True),
        ("p99 latency", 640.7, 500.0, "ms", False),
        ("memory", 1147.2, 3072.0, "MB", True),
    ]
    return {
        "blessed": False,
        "reasons": [],
        "release": "2.16",
        "server": "bertline's development server",
        "checks": [
            {
                "name": name,
                "value": value,
                "limit": limit,
                "unit": unit,
                "passed": passed,
                "sentence": f"{name} is told",
            }
            for name, value, limit, unit, passed in checks
        ],
    }


def gate_report(**more: Any) -> dict[str, Any]:
    """A data gate's anomalies.json."""
    comparison = {
        "kind": "drift",
        "feature": "words",
        "verdict": "same",
        "sentence": "median 20, then 22",
        "distance": 0.012,
        "threshold": 0.1,
        "noise": None,
    }
    return {
        "examples": {},
        "anomalies": [],
        "comparisons": [comparison],
        "not_compared": ["skew: nobody asked"],
        **more,
    }


def write_statistics(folder: Path, lengths: Mapping[str, np.ndarray]) -> None:
    """Statistics as StatisticsGen writes them, of the three lengths alike."""
    for split, values in lengths.items():
        statistics: Any = statistics_pb2
        read = statistics.DatasetFeatureStatisticsList()
        dataset = read.datasets.add(num_examples=len(values))
        for name in ("words", "characters", "tokens"):
            feature = dataset.features.add()
            feature.path.step.append(name)
            stats = feature.num_stats
            stats.mean, stats.min, stats.max = float(values.mean()), float(values.min()), float(values.max())
            stats.median = float(np.median(values))
            edges = np.quantile(values, np.linspace(0, 1, 201))
            quantiles = stats.histograms.add(type=statistics.Histogram.QUANTILES)
            for low, high in itertools.pairwise(edges):
                quantiles.buckets.add(low_value=low, high_value=high, sample_count=len(values) / 200)
        split_folder = folder / f"Split-{split}"
        split_folder.mkdir(parents=True)
        (split_folder / "FeatureStats.pb").write_bytes(read.SerializeToString())


def rows(names: Sequence[str] = ("neg", "pos")) -> dict[str, Any]:
    """A quarantine's summary.json."""
    labels = {
        split: {name: 100 // (1 + place) for place, name in enumerate(names)} for split in ("train", "eval", "test")
    }
    return {
        "rows": 1230,
        "examples": {"train": 1000, "eval": 100, "test": 100},
        "labels": labels,
        "quarantined": {"empty text": 20, "bad encoding": 3},
        "duplicates": {"within_split": 7},
        "repeated": {},
        "contradictions": 0,
        "not_sampled": 0,
        "unlabelled": 0,
        "spans": {"0": 1200},
        "references": {},
    }


def write_run(folder: Path, known: Judged, **more: Any) -> Told:
    """A whole run that was not blessed, and all its folders."""
    outputs = {step: {} for step in STEPS}
    outputs["TextExampleGen"] = {"quarantine": f"{folder}/quarantine", "examples": f"{folder}/examples"}
    outputs["StatisticsGen"] = {"statistics": f"{folder}/statistics"}
    outputs["DataGate"] = {"blessing": f"{folder}/data_blessing"}
    outputs["Trainer"] = {"model_run": f"{folder}/model_run", "model": f"{folder}/model"}
    outputs["Evaluator"] = {"evaluation": f"{folder}/evaluation", "blessing": f"{folder}/blessing"}
    random = np.random.default_rng(1)
    lengths = {split: np.ceil(random.lognormal(3, 0.8, 500)) for split in ("train", "eval", "test")}
    write_statistics(folder / "statistics", lengths)
    write_json(folder / "quarantine" / "summary.json", rows(known.names))
    write_json(folder / "data_blessing" / "anomalies.json", gate_report())
    write_json(folder / "model_run" / "history.json", history())
    (folder / "model" / "Format-Serving").mkdir(parents=True)
    (folder / "model" / "Format-Serving" / "saved_model.pb").write_bytes(b"0" * 3_000_000)
    known.write(folder / "evaluation")
    steps = [Step(name, "done", 1.5 * (1 + place), outputs[name]) for place, name in enumerate(STEPS)]
    settings: dict[str, Any] = {
        "task": "reviews",
        "run_id": "2026-11-28T20-00-00.000000",
        "started": "2026-11-28T20:00:00+00:00",
        "seconds": 351.2,
        "verdict": "NOT BLESSED",
        "sentence": "NOT BLESSED because accuracy is too low",
        "reasons": ["accuracy is too low"],
        "steps": steps,
        "config": {
            "data": {"source": "files", "path": "reviews.csv"},
            "encoder": {"handle": "all-MiniLM-L6-v2"},
            "samples": ["fine!"],
            "report": {"excerpts": 0},
        },
        "record": {
            "code": {"trainer": "ab" * 32},
            "versions": {"tfx": "1.16.0"},
            "outside": {"data": "cd" * 32, "span": 7},
        },
        "evaluation": None if "evaluation" in more else verdict(known),
        "serving": serving_report(),
        "samples": [{"text": "fine!", "scores": {known.scored[-1]: 0.9985}, "predicted": known.names[-1]}],
    }
    return Told(**{**settings, **more})


def write_json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(strict_json.dumps(value))
