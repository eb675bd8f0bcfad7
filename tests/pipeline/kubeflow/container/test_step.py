from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils

from components.errors import DataError, DataGateError
from pipeline.kubeflow.container import step
from pipeline.kubeflow.container.mounts import MOUNT_ROOT

MADE = "s3://b/demo/run-0/Source/salt/thing"
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


class Gate(base_executor.BaseExecutor):
    """Stops the run on what it found in the data, which it leaves beside its output."""

    def Do(self, input_dict: Any, output_dict: Any, exec_properties: dict[str, Any]) -> None:  # noqa: N802
        found = Path(f"{artifact_utils.get_single_instance(output_dict['schema']).uri}-stopped")
        found.mkdir(parents=True)
        (found / "anomalies.json").write_text('{"anomalies": ["label drifted"]}')
        raise DataGateError("the label drifted", str(found))


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs an executor as the launcher runs a step; the exit code, and the ExecutorOutput or None."""
    monkeypatch.setenv(MOUNT_ROOT, str(tmp_path))
    output = tmp_path / "output_metadata.json"
    executor_input = {
        "inputs": {
            "artifacts": {
                "source": {"artifacts": [{"name": "3", "uri": MADE, "type": {"instanceSchema": ""}}]},
                "report_more": {"artifacts": [{"name": "4", "uri": f"{MADE}s", "type": {"instanceSchema": ""}}]},
            },
            "parameterValues": {"settings": '{"deep": {"epochs": 1}}', "epochs": 4.0, "count": 2.0},
        },
        "outputs": {
            "artifacts": {
                "schema": {"artifacts": [{"uri": "s3://b/demo/run-1/Step/salt/schema", "type": SCHEMA}]},
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

    def launch(executor: type, *more: str) -> tuple[int, dict[str, Any] | None]:
        arguments = [
            "--executor_class_path", f"{__name__}.{executor.__name__}",
            "--json_serialized_invocation_args", json.dumps(executor_input),
            "--json_serialized_inputs_spec_args", json.dumps(inputs_spec),
            "--runner=some.Runner", "--over=settings:deep.epochs=epochs", "--sdk_container_image=local", *more,
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
    assert artifact["uri"] == "s3://b/demo/run-1/Step/salt/schema"
    type_name, uri, parameters = json.loads(artifact["metadata"]["told"])
    assert (type_name, uri) == ("Schema", f"{tmp_path}/s3/b/demo/run-0/Source/salt/thing")
    assert json.loads(parameters.pop("settings")) == {"deep": {"epochs": 4}}
    assert parameters == {"count": 2}


def test_a_users_mistake_is_a_line_and_not_a_traceback(run, capsys):
    code, output = run(Stopping)
    assert (code, output) == (1, None)
    assert capsys.readouterr().err.splitlines()[-1] == "error: data.path: reviews.csv has no column text; name it"


def test_a_surprise_keeps_its_traceback(run):
    with pytest.raises(ZeroDivisionError, match="surprise"):
        run(Failing)


def test_a_step_that_ends_the_run_reports_it(run, tmp_path, drawn):
    kept = tmp_path / "reports"
    folder = kept / "demo" / "run-1"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text('{"started": "2026-11-20T09:00:00+00:00", "config": {"a": 1}}')
    assert run(Gate, f"--reports={kept}")[0] == 1
    [(reported, outcome, record, destination)] = drawn
    assert destination == folder / "report.html"
    assert [(step.name, step.state) for step in reported.steps] == [("Source", "done"), ("Step", "failed")]
    assert reported.output("Source", "things") == f"{tmp_path}/s3/b/demo/run-0/Source/salt/things"
    assert reported.output("Source", "thing") == f"{tmp_path}/s3/b/demo/run-0/Source/salt/thing"
    assert reported.gate() == {"anomalies": ["label drifted"]}
    assert outcome.sentence == "STOPPED because Step has failed: the label drifted"
    assert (record["config"], record["verdict"]) == ({"a": 1}, "STOPPED")
    assert json.loads((folder / "run.json").read_text())["reasons"] == ["Step has failed: the label drifted"]


def test_a_surprise_is_reported_where_observe_left_no_record(run, tmp_path, drawn):
    with pytest.raises(ZeroDivisionError):
        run(Failing, f"--reports={tmp_path}/reports")
    assert "ZeroDivisionError: surprise" in drawn[0][1].reasons[0]


def test_a_report_that_cannot_be_written_hides_no_error(run, tmp_path, not_drawn, capsys):
    assert run(Stopping, f"--reports={tmp_path}/reports")[0] == 1
    assert capsys.readouterr().err.splitlines()[-1] == "error: data.path: reviews.csv has no column text; name it"
    (tmp_path / "file").write_text("")
    assert run(Stopping, f"--reports={tmp_path}/file")[0] == 1


def test_a_cluster_that_keeps_no_reports_gets_none(run, drawn):
    run(Stopping)
    assert drawn == []
