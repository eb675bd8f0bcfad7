from __future__ import annotations

import json
from typing import Any

import pytest
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils

from components.errors import DataError
from pipeline.kubeflow.container import step
from pipeline.kubeflow.container.mounts import MOUNT_ROOT

SCHEMA = {"instanceSchema": "title: tfx.Schema\ntype: object\n"}


class Writing(base_executor.BaseExecutor):
    """Writes its parameters into its output, as a step does."""

    def Do(self, input_dict: Any, output_dict: Any, exec_properties: dict[str, Any]) -> None:  # noqa: N802
        output = artifact_utils.get_single_instance(output_dict["schema"])
        source = artifact_utils.get_single_instance(input_dict["source"])
        output.set_string_custom_property("told", json.dumps([source.type_name, source.uri, exec_properties]))


class Stopping(base_executor.BaseExecutor):
    """Fails for a reason that the user can mend, wrapped as Beam wraps it."""

    def Do(self, input_dict: Any, output_dict: Any, exec_properties: dict[str, Any]) -> None:  # noqa: N802
        try:
            raise DataError("data.path: reviews.csv has no column text; name it")
        except DataError as error:
            raise RuntimeError("while running 'Read'") from error


class Failing(base_executor.BaseExecutor):
    """Fails for a reason that nobody has foreseen."""

    def Do(self, input_dict: Any, output_dict: Any, exec_properties: dict[str, Any]) -> None:  # noqa: N802
        raise ZeroDivisionError("surprise")


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs an executor as the launcher runs a step; the exit code, and the ExecutorOutput or None."""
    monkeypatch.setenv(MOUNT_ROOT, str(tmp_path))
    output = tmp_path / "output_metadata.json"
    executor_input = {
        "inputs": {
            "artifacts": {"source": {"artifacts": [{"name": "3", "uri": "s3://b/in", "type": {"instanceSchema": ""}}]}},
            "parameterValues": {"settings": '{"deep": {"epochs": 1}}', "epochs": 4.0, "count": 2.0},
        },
        "outputs": {
            "artifacts": {
                "schema": {"artifacts": [{"uri": "s3://b/out", "type": SCHEMA}]},
                "executor-logs": {"artifacts": [{"uri": "s3://b/log", "type": {"schemaTitle": "system.Artifact"}}]},
            },
            "outputFile": str(output),
        },
    }
    types = {"settings": "STRING", "epochs": "NUMBER_INTEGER", "count": "NUMBER_INTEGER"}
    inputs_spec = {
        "artifacts": {"source": {"artifactType": SCHEMA}},
        "parameters": {name: {"parameterType": type_} for name, type_ in types.items()},
    }

    def launch(executor: type) -> tuple[int, dict[str, Any] | None]:
        arguments = [
            "--executor_class_path", f"{__name__}.{executor.__name__}",
            "--json_serialized_invocation_args", json.dumps(executor_input),
            "--json_serialized_inputs_spec_args", json.dumps(inputs_spec),
            "--runner=some.Runner", "--over=settings:deep.epochs=epochs", "--sdk_container_image=local",
        ]  # fmt: skip
        code = step.main(arguments)
        return code, json.loads(output.read_text()) if output.exists() else None

    return launch


def test_a_step_gets_local_paths_types_and_what_is_laid_over_and_gives_uris(run, tmp_path):
    code, output = run(Writing)
    assert code == 0
    assert output is not None
    assert list(output["artifacts"]) == ["schema"]
    (artifact,) = output["artifacts"]["schema"]["artifacts"]
    assert artifact["uri"] == "s3://b/out"
    type_name, uri, parameters = json.loads(artifact["metadata"]["told"])
    assert (type_name, uri) == ("Schema", f"{tmp_path}/s3/b/in")
    assert json.loads(parameters.pop("settings")) == {"deep": {"epochs": 4}}
    assert parameters == {"count": 2}


def test_a_users_mistake_is_a_line_and_not_a_traceback(run, capsys):
    code, output = run(Stopping)
    assert (code, output) == (1, None)
    assert capsys.readouterr().err.splitlines()[-1] == "error: data.path: reviews.csv has no column text; name it"


def test_a_surprise_keeps_its_traceback(run):
    with pytest.raises(ZeroDivisionError, match="surprise"):
        run(Failing)
