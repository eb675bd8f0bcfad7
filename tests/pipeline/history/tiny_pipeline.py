"""A pipeline with the steps and outputs of ours that does nothing but leave files: what history is made of.

No `from __future__ import annotations`: TFX reads the annotations themselves.
"""

import contextlib
import json
from pathlib import Path
from typing import Any

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.orchestration.pipeline import Pipeline
from tfx.types import standard_artifacts

from pipeline.local_runner import ObservedDagRunner
from pipeline.run_store import connection
from pipeline.steps import Step

ROWS = {"rows": 100, "examples": {"train": 80, "eval": 10, "test": 10}, "quarantined": {}, "duplicates": {}}
FINGERPRINT = "f" * 64


def leave(uri: str, name: str, content: str) -> None:
    """Writes a file into an output."""
    Path(uri).mkdir(parents=True, exist_ok=True)
    Path(uri, name).write_text(content)


@component
def TextExampleGen(  # noqa: N802
    data: Parameter[str],
    labels: Parameter[str],
    encoder: Parameter[str],
    code: Parameter[str],
    examples: OutputArtifact[standard_artifacts.Examples],
    quarantine: OutputArtifact[standard_artifacts.Schema],
) -> None:
    """Leaves examples and the account of rows."""
    leave(examples.uri, "examples", data)
    leave(quarantine.uri, "summary.json", json.dumps(ROWS))


@component
def Trainer(  # noqa: N802
    custom_config: Parameter[str],
    examples: InputArtifact[standard_artifacts.Examples],
    model: OutputArtifact[standard_artifacts.Model],
    model_run: OutputArtifact[standard_artifacts.ModelRun],
) -> None:
    """Leaves a SavedModel, or half of it where it is killed."""
    told = json.loads(custom_config)["training"]
    leave(f"{model.uri}/Format-Serving", "saved_model.pb", json.dumps(told))
    if told["then"] == "killed":
        raise KeyboardInterrupt
    if told["then"] == "fail":
        raise ValueError("the disk is full")
    leave(f"{model.uri}/Format-Serving/variables", "variables.index", "i")
    leave(f"{model.uri}/Format-Serving/variables", "variables.data-00000-of-00001", "w" * 1000)
    leave(model_run.uri, "history.json", json.dumps({"fingerprint": FINGERPRINT}))


@component
def Evaluator(  # noqa: N802
    gates: Parameter[str],
    verdict: Parameter[str],
    model: InputArtifact[standard_artifacts.Model],
    evaluation: OutputArtifact[standard_artifacts.ModelEvaluation],
    blessing: OutputArtifact[standard_artifacts.ModelBlessing],
) -> None:
    """Leaves the verdict that it is given."""
    leave(evaluation.uri, "metrics", "")
    leave(blessing.uri, "verdict.json", verdict)


@component
def ServingCheck(  # noqa: N802
    settings: Parameter[str],
    model: InputArtifact[standard_artifacts.Model],
    blessing: OutputArtifact[standard_artifacts.InfraBlessing],
) -> None:
    """Blesses."""
    leave(blessing.uri, "report.json", json.dumps({"blessed": True, "reasons": [], "checks": []}))


@component
def Pusher(  # noqa: N802
    push_destination: Parameter[str],
    status: Parameter[str],
    nonce: Parameter[str],
    model: InputArtifact[standard_artifacts.Model],
    blessing: InputArtifact[standard_artifacts.ModelBlessing],
    infra_blessing: InputArtifact[standard_artifacts.InfraBlessing],
    pushed_model: OutputArtifact[standard_artifacts.PushedModel],
) -> None:
    """Publishes as the version that the status names, `pushed 3`, or not."""
    import shutil

    from components.model_folder import model_digest

    word, _, version = status.partition(" ")
    source = f"{model.uri}/Format-Serving"
    folder = Path(json.loads(push_destination)["filesystem"]["base_directory"], version)
    if word == "pushed":
        shutil.copytree(source, folder)
    push: dict[str, Any] = {"status": word, "version": None, "folder": None, "digest": model_digest(source)}
    if version:
        push |= {"version": int(version), "folder": str(folder)}
        pushed_model.set_string_custom_property("pushed_version", version)
        pushed_model.set_string_custom_property("pushed_destination", str(folder))
    pushed_model.set_int_custom_property("pushed", int(word == "pushed"))
    pushed_model.set_string_custom_property("status", word)
    leave(pushed_model.uri, "push.json", json.dumps(push))


def verdict(accuracy: float, blessed: bool = True, **more: Any) -> dict[str, Any]:
    """A verdict.json."""
    reasons = [] if blessed else [f"accuracy {accuracy:.4f} < 0.9000 (overall)"]
    return {
        "blessed": blessed,
        "reasons": reasons,
        "notes": [],
        "metrics": {
            "overall": {"example_count": 10, "accuracy": accuracy, "auc": accuracy, "log_loss": 0.3},
            "length_band=0-19": {"example_count": 4, "accuracy": accuracy},
        },
        "thresholds": {"metrics": {"accuracy": {"at_least": 0.5}, "auc": {"at_least": 0.5}}, "slices": {}},
        "checks": [],
        **more,
    }


def run(
    home: Path,
    run_id: str,
    *,
    then: str = "",
    epochs: int = 1,
    judged: dict[str, Any] | None = None,
    status: str = "",
    names: tuple[str, ...] = ("neg", "pos"),
) -> list[Step]:
    """A run of the task `home.name`, with a log.

    Args:
        home: its folder.
        run_id: of the run.
        then: what becomes of the Trainer: `killed`, `fail`, or nothing.
        epochs: another number is another model.
        judged: what the Evaluator says.
        status: of the push: `pushed 3`, `unchanged 3`, `not_blessed`.
        names: of the labels.
    """
    (home / "served").mkdir(parents=True, exist_ok=True)
    leave(str(home / "logs"), f"{run_id}.log", "log")
    generated = TextExampleGen(
        data=json.dumps({"source": "files", "path": "day-{SPAN}.csv", "span": 3}),
        labels=json.dumps({"kind": "binary", "names": names, "aliases": {}}),
        encoder=json.dumps({"handle": "tiny", "digest": "d"}),
        code="c",
    )
    trained = Trainer(
        custom_config=json.dumps({"training": {"epochs": epochs, "then": then}, "code": "t"}),
        examples=generated.outputs["examples"],
    )
    evaluated = Evaluator(
        gates=json.dumps({"metrics": {"accuracy": {"at_least": 0.5}}}),
        verdict=json.dumps(judged or verdict(0.8)),
        model=trained.outputs["model"],
    )
    checked = ServingCheck(settings="{}", model=trained.outputs["model"])
    pushed = Pusher(
        push_destination=json.dumps({"filesystem": {"base_directory": str(home / "served")}}),
        status=status or "not_blessed",
        nonce=run_id,
        model=trained.outputs["model"],
        blessing=evaluated.outputs["blessing"],
        infra_blessing=checked.outputs["blessing"],
    )
    store = connection(home / "metadata.sqlite")
    steps = [Step(one.id) for one in (generated, trained, evaluated, checked, pushed)]
    pipeline = Pipeline(
        home.name,
        str(home / "artifacts"),
        components=[generated, trained, evaluated, checked, pushed],
        enable_cache=True,
        metadata_connection_config=store,
    )
    runner = ObservedDagRunner(run_id, steps, store, Silent())
    if not then:
        runner.run(pipeline)
        return steps
    with contextlib.suppress(KeyboardInterrupt, ValueError):
        runner.run(pipeline)
    return steps


class Silent:
    """Is told of steps and says nothing."""

    def changed(self, step: Step) -> None:
        """Does nothing."""
