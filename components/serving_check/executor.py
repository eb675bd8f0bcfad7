"""What the step ServingCheck does: has a server process load the model and answer, and blesses what can be served."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import tempfile
from pathlib import Path
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.dsl.io import fileio
from tfx.types import artifact, artifact_utils
from tfx.types import standard_component_specs as keys
from tfx.utils import io_utils, path_utils

from components.features import TEST
from components.serving_check import warmup
from components.serving_check.asking import Plan, ask
from components.serving_check.blessing import BLESSED, BLESSED_FILE, NOT_BLESSED_FILE
from components.serving_check.check import REPORT_FILE, Check, Report, ServingCheckError, failed
from components.serving_check.operators import check_operators
from components.serving_check.requests import read_texts
from serving import launch

SETTINGS = "settings"
CODE = "code"
LAST_REFUSAL = "last_refusal"
LOADING = "loading"
DEVELOPMENT_SERVER = "bertline's development server"

_MODEL_NAME = "candidate"
_VERSION = "1"
# A version that cannot be loaded is told at once, not after TensorFlow Serving's five further attempts a minute apart.
_FLAGS = ("--max_num_load_retries=0",)
_READY_SECONDS = 120.0
# Between the choice of free ports and the server's listening, TensorFlow is imported: anybody may get one.
_ATTEMPTS = 3
_DRAIN_SECONDS = 5.0

_LOG = logging.getLogger(__name__)

Artifacts = dict[str, list[artifact.Artifact]]


class Executor(base_executor.BaseExecutor):
    """Marks its blessing as TFX's InfraValidator does, which runs on local Docker or Kubernetes alone."""

    def Do(  # noqa: N802 (the name is TFX's)
        self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, Any]
    ) -> None:
        """Writes the blessing, and `report.json` beside it, without a word of the texts.

        Raises:
            DataError: there is no text to ask with.
            ServingCheckError: no server got ready, which is no verdict on the model.
        """
        settings = json.loads(exec_properties[SETTINGS])
        model = path_utils.serving_model_dir(artifact_utils.get_single_uri(input_dict[keys.MODEL_KEY]))
        texts, pairs = read_texts(input_dict[keys.EXAMPLES_KEY], TEST, settings["examples"])
        limits = {field.name: settings[field.name] for field in dataclasses.fields(Plan) if field.name in settings}
        with tempfile.TemporaryDirectory(prefix="serving-check-") as scratch:
            report = check_model(model, settings["release"], Plan(texts, pairs=pairs, **limits), Path(scratch))
        _write(artifact_utils.get_single_instance(output_dict[keys.BLESSING_KEY]), report)
        _LOG.info("%s: %s", "blessed" if report.blessed else "not blessed", "; ".join(report.reasons))


def check_model(model: str, release: str, plan: Plan, scratch: Path) -> Report:
    """Makes every check.

    Args:
        model: SavedModel folder, local or remote.
        release: of TensorFlow Serving, as `releases.RELEASES` names them: whose operators the model may hold.
        plan: what a server is asked.
        scratch: empty folder, for a copy of the model and the server's files.

    Raises:
        ServingCheckError: no server got ready, which is no verdict on the model.
    """
    base = scratch / "model"
    folder = base / _VERSION
    io_utils.copy_dir(model, str(folder))
    checks = [check_operators(folder, release), warmup.check_brought(folder), *_check_served(base, plan, scratch)]
    program = Path(launch.find_server()[0]).name
    return Report(release, program if program == launch.TENSORFLOW_MODEL_SERVER else DEVELOPMENT_SERVER, checks)


def _check_served(base: Path, plan: Plan, scratch: Path) -> list[Check]:
    for _ in range(_ATTEMPTS - 1):
        with contextlib.suppress(launch.PortTakenError):
            return _serve(_settings(base, scratch), plan, scratch)
    try:
        return _serve(_settings(base, scratch), plan, scratch)
    except launch.PortTakenError as error:
        raise ServingCheckError(f"serving check: no server can be started: {error}; run again") from error


def _serve(settings: launch.ServerSettings, plan: Plan, scratch: Path) -> list[Check]:
    """Every check that takes a server. Raises PortTakenError, and ServingCheckError where no server got ready."""
    try:
        with launch.start(settings, scratch / "server.log", _READY_SECONDS) as server:
            loaded = Check(LOADING, "available", "available", "", True, "the server loaded the model")
            return [loaded, *ask(server, _MODEL_NAME, f"{settings.base_path}/{_VERSION}", plan)]
    except launch.PortTakenError:
        raise
    except launch.ModelNotLoadedError as error:
        return [
            *failed([LOADING], str(error)),
            *failed(plan.names, "whatever takes a server could not be looked at: it has no model"),
        ]
    except launch.LaunchError as error:
        raise ServingCheckError(
            "serving check: no server got ready, so nothing is known of the model; run again, but if the server "
            f"crashes while it loads, that may be the model's fault: {error}"
        ) from error


def _settings(base: Path, scratch: Path) -> launch.ServerSettings:
    """Of a server on free ports."""
    monitoring = scratch / "monitoring.config"
    monitoring.write_text(launch.MONITORING_CONFIG)
    port, rest_port = launch.free_ports()
    return launch.ServerSettings(
        model_name=_MODEL_NAME,
        base_path=base,
        port=port,
        rest_port=rest_port,
        monitoring_config_file=monitoring,
        drain_seconds=_DRAIN_SECONDS,
        flags=_FLAGS,
    )


def _write(blessing: artifact.Artifact, report: Report) -> None:
    blessing.set_int_custom_property(BLESSED, int(report.blessed))
    fileio.makedirs(blessing.uri)  # Kubeflow makes no output folders
    mark = BLESSED_FILE if report.blessed else NOT_BLESSED_FILE
    for name, text in ((REPORT_FILE, report.to_json()), (mark, "")):
        with fileio.open(f"{blessing.uri}/{name}", "w") as file:
            file.write(text)
