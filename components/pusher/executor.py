"""What the step Pusher does: publishes what was blessed, and records what became of it."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from tfx.components.pusher import executor as tfx_executor
from tfx.dsl.io import fileio
from tfx.proto import pusher_pb2
from tfx.types import artifact, artifact_utils, standard_component_specs
from tfx.utils import proto_utils

from components import model_folder
from components.pusher import publish
from components.pusher.card_facts import gather
from components.pusher.files import PUSH_FILE
from components.pusher.model_card import write_card
from components.pusher.probe import prove_usable
from components.served_model import executor as served_model

BASELINE = "baseline"
QUARANTINE = "quarantine"
MODEL_RUN = "model_run"
NONCE = "nonce"
CARD = "card"
STATUS = "status"
NOT_BLESSED = "not_blessed"


class Executor(tfx_executor.Executor):
    """TFX's executor with another way of writing: see `publish.publish`.

    The output has TFX's properties (`pushed`, `pushed_destination`, `pushed_version`), `status`, and in its folder
    `push.json` with the fields of `publish.Push`; status NOT_BLESSED, without version and folder, where nothing was
    published. The model itself is not copied there: the run's Model artifact has it.
    """

    def Do(  # noqa: N802 (the name is TFX's)
        self,
        input_dict: dict[str, list[artifact.Artifact]],
        output_dict: dict[str, list[artifact.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Publishes the model if it is blessed. Raises PushError where that cannot be done."""
        pushed_model = artifact_utils.get_single_instance(output_dict[standard_component_specs.PUSHED_MODEL_KEY])
        model = self.GetModelPath(input_dict)
        if not self.CheckBlessing(input_dict):
            self._MarkNotPushed(pushed_model)
            digest = model_folder.model_digest(model)
            _record(pushed_model, {"status": NOT_BLESSED, "version": None, "folder": None, "digest": digest})
            return
        compared = served_model.digest(artifact_utils.get_single_instance(input_dict[BASELINE]))
        config = json.loads(exec_properties[standard_component_specs.CUSTOM_CONFIG_KEY])
        added = {model_folder.MODEL_CARD: write_card(gather(input_dict, model, config[CARD], config[NONCE]))}
        push = publish.publish(model, _push_folder(exec_properties), compared, prove_usable, config[NONCE], added)
        if push.status == publish.PUSHED:
            self._MarkPushed(pushed_model, pushed_destination=push.folder, pushed_version=str(push.version))
        else:
            self._MarkNotPushed(pushed_model)
        _record(pushed_model, dataclasses.asdict(push))


def _record(pushed_model: artifact.Artifact, record: dict[str, Any]) -> None:
    pushed_model.set_string_custom_property(STATUS, record["status"])
    fileio.makedirs(pushed_model.uri)
    with fileio.open(f"{pushed_model.uri}/{PUSH_FILE}", "w") as file:
        file.write(json.dumps(record, indent=2))


def _push_folder(exec_properties: dict[str, Any]) -> str:
    destination = pusher_pb2.PushDestination()  # pyright: ignore[reportAttributeAccessIssue]
    proto_utils.json_to_proto(exec_properties[standard_component_specs.PUSH_DESTINATION_KEY], destination)
    return destination.filesystem.base_directory
