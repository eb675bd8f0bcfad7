"""What the step ServedModel does: copies the served SavedModel, so that the run compares with one fixed model."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.types import artifact, artifact_utils
from tfx.utils import path_utils

from components import model_folder
from components.errors import PushError

MODEL = "model"
PUSH_FOLDER = "push_folder"
STATE = "state"
CODE = "code"
VERSION = "version"
DIGEST = "digest"

_LOG = logging.getLogger(__name__)


class Executor(base_executor.BaseExecutor):
    """Copies the highest complete version; leaves the artifact without a model where nothing is served."""

    def Do(  # noqa: N802 (the name is TFX's)
        self,
        input_dict: dict[str, list[artifact.Artifact]],
        output_dict: dict[str, list[artifact.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Fills the output artifact.

        Raises:
            PushError: the push folder is a URL, or is no longer in the state that this step is cached under.
        """
        model = artifact_utils.get_single_instance(output_dict[MODEL])
        base = model_folder.local_folder(exec_properties[PUSH_FOLDER])
        version = _served_version(base)
        model.set_string_custom_property(VERSION, "" if version is None else str(version))
        if version is not None:
            copy = path_utils.serving_model_dir(model.uri)
            shutil.copytree(model_folder.version_folder(base, version), copy)
            model.set_string_custom_property(DIGEST, model_folder.model_digest(copy))
        _check_unchanged(base, exec_properties[STATE])


def is_intact(model: artifact.Artifact) -> bool:
    """Whether the copy in this output of ServedModel is the model that was served."""
    copy = Path(path_utils.serving_model_dir(model.uri))
    return (copy / "saved_model.pb").is_file() and model_folder.model_digest(copy) == digest(model)


def digest(model: artifact.Artifact) -> str | None:
    """`model_folder.model_digest` of the model in this output of ServedModel, or None where nothing was served."""
    return model.get_string_custom_property(DIGEST) or None


def _check_unchanged(base: Path, state: str) -> None:
    if model_folder.state_digest(base) != state:
        raise PushError(f"push.folder: the models in {base} changed while the run was going on; start a new run")


def _served_version(base: Path) -> int | None:
    served = model_folder.latest_complete(base)
    for version in model_folder.versions(base):
        if served is None or version > served:
            folder = model_folder.version_folder(base, version)
            _LOG.warning("version %s in %s is not a complete SavedModel: passed over", version, folder)
    return served
