"""What every trial is trained on: the steps of the pipeline before the Trainer, run once, and the training itself."""

from __future__ import annotations

import dataclasses
import gc
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna
from rich.console import Console
from tfx.dsl.components.base.base_node import BaseNode
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.utils import path_utils

from components.beam_engine import BEAM_ARGS
from components.errors import SettingsError
from components.features import EVAL, TRAIN
from components.fingerprint import json_digest
from pipeline.config import Config
from pipeline.display import Display
from pipeline.home import STORE_FILE
from pipeline.local_runner import ObservedDagRunner
from pipeline.outside import Outside, artifacts_folder
from pipeline.pipeline import build_components, trainer_settings
from pipeline.run_store import connection
from pipeline.steps import Step
from pipeline.tune.space import Space
from pipeline.tune.trial import OnEpoch

_TRAINER, _TRANSFORM, _SERVED_MODEL = "Trainer", "Transform", "ServedModel"
# Of the code that makes a model out of data: a change of any other leaves trials comparable.
_CODE = ("example_gen", "transform", "trainer")
# Of `training`: where and how it is computed, not what.
_NO_MATTER = {"checkpoints", "checkpoint_steps", "devices", "tpu"}


@dataclasses.dataclass(frozen=True)
class PipelineBench:
    """Trains on what the pipeline's steps left.

    Attributes:
        outside: what the steps were run with.
        outputs: URIs of what they left, by step and output key.
        checkpoints: folder from which a trial that was killed can go on.
    """

    outside: Outside
    outputs: Mapping[str, Mapping[str, str]]
    checkpoints: Path

    def train(self, config: Config, folder: Path, on_epoch: OnEpoch) -> dict[str, list[float]]:
        """See `pipeline.tune.trial.Bench`. Checkpoints stay where it is cut short, to go on from."""
        from components.trainer.tracking import make_tracker
        from components.trainer.train import train

        settings = self._settings(config)
        tracker = make_tracker(settings["tracking"], str(folder), f"{config.pipeline.name}-{folder.name}")
        try:
            record = train(self._job(settings, config, folder), tracker, on_epoch).record
        except Exception as error:
            tracker.finish({"ended": f"{type(error).__name__}: {error}"}, None)
            if isinstance(error, (SettingsError, optuna.TrialPruned)):
                self._forget()
            raise
        tracker.finish(record, None)
        self._forget()
        return record["epochs"]

    def _settings(self, config: Config) -> dict[str, Any]:
        """What the Trainer of a run by this configuration would be given."""
        return {**trainer_settings(config, self.outside), "checkpoints": str(self.checkpoints)}

    def _job(self, settings: dict[str, Any], config: Config, folder: Path) -> Any:
        from components.trainer.job import Job

        examples = self.outputs[_TRANSFORM]["transformed_examples"]
        return Job(
            settings=settings,
            train_files=[f"{examples}/Split-{TRAIN}/*"],
            eval_files=[f"{examples}/Split-{EVAL}/*"],
            transform_output=self.outputs[_TRANSFORM]["transform_graph"],
            log_dir=str(folder),
            base_model=self._base_model() if config.training.warm_start else None,
        )

    def _base_model(self) -> str | None:
        """The served model's folder, None where nothing is served."""
        uri = self.outputs.get(_SERVED_MODEL, {}).get("model")
        folder = None if uri is None else Path(path_utils.serving_model_dir(uri))
        return str(folder) if folder is not None and (folder / "saved_model.pb").is_file() else None

    def _forget(self) -> None:
        """Lets go of the trial's weights, on the disk and in memory, before the next one's are made."""
        import tf_keras as keras

        shutil.rmtree(self.checkpoints, ignore_errors=True)
        keras.backend.clear_session()
        gc.collect()


def run_data_steps(config: Config, outside: Outside, checkpoints: Path, console: Console) -> PipelineBench:
    """Runs the steps that the Trainer needs, or finds them cached from a run of the task.

    Raises:
        Exception: whatever a step raises, wrapped by TFX and Beam.
    """
    components = upstream_of(build_components(config, outside), _TRAINER)
    store = connection(config.pipeline.home / STORE_FILE)
    pipeline = tfx_pipeline.Pipeline(
        pipeline_name=config.pipeline.name,
        pipeline_root=str(artifacts_folder(config)),
        components=components,
        enable_cache=True,
        metadata_connection_config=store,
        beam_pipeline_args=list(BEAM_ARGS),
    )
    steps = [Step(component.id) for component in pipeline.components]
    display = Display(console, steps)
    with display.showing():
        ObservedDagRunner(outside.run_id, steps, store, display).run(pipeline)
    return PipelineBench(outside, {step.name: step.outputs for step in steps}, checkpoints)


def upstream_of(components: Sequence[BaseNode], node_id: str) -> list[BaseNode]:
    """Those of the components that one of them needs, directly or not, in their order; without itself.

    They forget the others that were told to wait for them, without which TFX takes no pipeline.
    """
    needed: set[str] = set()
    waiting = [_of_id(components, node_id)]
    while waiting:
        new = _needs(waiting.pop()) - needed
        needed |= new
        waiting += [component for component in components if component.id in new]
    found = [component for component in components if component.id in needed]
    for component in found:
        for other in [node for node in component.downstream_nodes if node.id not in needed]:
            component.remove_downstream_node(other)
    return found


def study_name(config: Config, outside: Outside, space: Space) -> str:
    """The same for searches whose trials can be compared: same data, encoder, code, space and other settings."""
    searched = {name for section, _, name in (key.partition(".") for key in space) if section == "training"}
    encoder = config.encoder.model_dump(mode="json")
    if "encoder.pooling" in space:
        del encoder["pooling"]
    digest = json_digest(
        [
            {key: repr(tried) for key, tried in space.items()},
            config.training.model_dump(mode="json", exclude=searched | _NO_MATTER),
            encoder,
            config.labels.model_dump(mode="json"),
            config.data.model_dump(mode="json"),
            [outside.data, outside.encoder, outside.schema, outside.span],
            outside.served if config.training.warm_start else None,
            {step: outside.code[step] for step in _CODE},
        ]
    )
    return f"{config.pipeline.name}-{digest[:12]}"


def _needs(component: BaseNode) -> set[str]:
    of_inputs = {node for channel in component.inputs.values() for node in channel.get_data_dependent_node_ids()}
    return of_inputs | {node.id for node in component.upstream_nodes}


def _of_id(components: Sequence[BaseNode], node_id: str) -> BaseNode:
    return next(component for component in components if component.id == node_id)
