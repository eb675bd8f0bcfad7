from __future__ import annotations

import functools
import json
import re
import signal
import subprocess
import sys
import time
import types

import click
import pytest
from click.testing import CliRunner

from pipeline.cli_kubeflow import add_commands
from pipeline.kubeflow.api.watch import Pace
from tests.pipeline.kubeflow.api.conftest import SPEC, own_environment, serving_cluster  # noqa: F401 - fixtures
from tests.pipeline.kubeflow.api.workflow import Step, look


@click.group()
def main():
    """As pipeline.cli has it."""


add_commands(main)
SUCCEEDED = look("SUCCEEDED", Step("Observe"), Step("Verdict"))
NOT_BLESSED = look("FAILED", Step("Observe"), Step("Verdict", "Failed"))
RUNNING = look("RUNNING", Step("Observe", "Running"))
CODE = """
import sys
import click
from pipeline.cli_kubeflow import add_commands
group = click.Group()
add_commands(group)
group(sys.argv[1:])
"""
PROCESS = [sys.executable, "-c", CODE]  # the command in a process of its own


@pytest.fixture
def compiled(tmp_path):
    path = tmp_path / "tiny.yaml"
    path.write_text(SPEC)
    return str(path)


@pytest.fixture
def bertline(cluster):
    def run(*arguments: str):
        return CliRunner().invoke(main, [*arguments, "--host", cluster.url])

    return run


@pytest.fixture
def once(monkeypatch):
    """Ends the waiting by Ctrl-C at the first pause."""

    def interrupt(seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr("pipeline.kubeflow.api.verbs.Pace", functools.partial(Pace, sleep=interrupt))


@pytest.mark.parametrize("arguments", [["--help"], ["submit", "--help"], ["schedule", "create", "--help"]])
def test_help_imports_no_kfp(arguments):
    code = (
        "import sys, click\nfrom pipeline.cli_kubeflow import add_commands\n"
        "group = click.Group()\nadd_commands(group)\n"
        f"try: group({arguments!r})\nexcept SystemExit as end: assert end.code == 0, end.code\n"
        "heavy = {'kfp', 'kfp_server_api', 'kubernetes', 'tensorflow', 'tfx'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_help_tells_the_time_zone_and_offers_no_insecure_connection():
    said = CliRunner().invoke(main, ["schedule", "create", "--help"]).output
    assert "CRON_SCHEDULE_TIMEZONE" in said
    assert "insecure" not in said


@pytest.mark.parametrize(("last", "code", "told"), [(SUCCEEDED, 0, "SUCCEEDED"), (NOT_BLESSED, 3, "NOT BLESSED")])
def test_submit_waits_and_tells_the_end(cluster, bertline, compiled, tmp_path, last, code, told):
    cluster.course = [last]
    report = tmp_path / "run.json"
    result = bertline("submit", compiled, "--param", "epochs=2", "--name", "mine", "--json", str(report))
    assert result.exit_code == code, result.output
    (run_id,) = cluster.runs
    assert f"{cluster.url}/#/runs/details/{run_id}" in result.output
    assert "pipeline tiny, version " in result.output
    assert "run mine" in result.output
    assert told in result.output.splitlines()[-1]
    written = json.loads(report.read_text())
    assert written["run_id"] == run_id
    assert written["exit_code"] == code
    assert written["not_blessed"] is (code == 3)
    assert written["steps"]["Observe"]["state"] == "done"
    assert written["version"]["pipeline"] == "tiny"
    assert cluster.asked("POST", "/runs")[0].body["runtime_config"] == {"parameters": {"epochs": 2}}


def test_submit_without_waiting(cluster, bertline, compiled):
    result = bertline("submit", compiled, "--no-wait", "--no-cache", "--json", "-")
    assert result.exit_code == 0
    written = json.loads(result.stdout)
    assert written["state"] is None
    assert f"bertline watch {written['run_id']}" in result.stderr
    assert not cluster.asked("GET", "/runs/.*")
    assert "enableCache" not in cluster.asked("POST", "/pipelines/upload_version")[0].body["text"]


def test_json_on_standard_output_is_one_value(cluster, bertline, compiled):
    cluster.course = [SUCCEEDED]
    result = bertline("submit", compiled, "--json", "-")
    assert json.loads(result.stdout)["state"] == "SUCCEEDED"
    assert "SUCCEEDED" in result.stderr


def test_ctrl_c_leaves_the_run(cluster, bertline, compiled, once):
    cluster.course = [RUNNING]
    result = bertline("submit", compiled)
    (run_id,) = cluster.runs
    assert result.exit_code == 130
    assert f"it goes on: `bertline watch {run_id}` looks at it, `bertline cancel {run_id}` ends it" in result.output
    assert not cluster.asked("POST", ".*terminate")


def test_a_task_is_compiled_with_its_layers_and_cluster(cluster, tmp_path, monkeypatch):
    from pipeline.kubeflow.document import parse_compiled

    seen = []

    def compile_pipeline(config):
        seen.append(config)
        return parse_compiled(SPEC, "the pipeline")

    module = types.ModuleType("pipeline.kubeflow.compile")
    monkeypatch.setattr(module, "compile_pipeline", compile_pipeline, raising=False)
    monkeypatch.setitem(sys.modules, "pipeline.kubeflow.compile", module)
    layer = tmp_path / "cluster.yaml"
    layer.write_text(f"kubeflow: {{api: {{host: '{cluster.url}', experiment: nightly}}}}\n")
    arguments = ["submit", "demo", "--with", str(layer), "--set", "training.epochs=7", "--no-wait"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert seen[0].training.epochs == 7
    assert [entry["display_name"] for entry in cluster.experiments.values()] == ["nightly"]


def refused(result, code=2) -> str:
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    assert isinstance(result.exception, SystemExit)
    return result.stderr


def test_bad_input_is_one_clear_error_before_anything_is_done(cluster, bertline, compiled, tmp_path):
    for arguments, told in [
        (["--param", "epoch=2"], "no parameter epoch"),
        (["--set", "training.epochs=2"], "--set has no effect"),
        (["--json", str(tmp_path / "no" / "run.json")], "cannot be written"),
        (["--namespace", "My Team"], "kubeflow.api.namespace is 'My Team'"),
        (["--name", " "], "--name is empty"),
        (["--version", ""], "--version is empty"),
    ]:
        assert told in refused(bertline("submit", compiled, *arguments))
    assert not cluster.requests


def test_a_target_that_is_none(bertline):
    assert "no configuration nothing" in refused(bertline("submit", "nothing"))


def test_a_spec_of_another_version(cluster, bertline, tmp_path):
    path = tmp_path / "old.yaml"
    path.write_text(SPEC.replace("sdkVersion: bertline-", "sdkVersion: bertline-9."))
    assert re.search(r"bertline-9\..*compile it anew", refused(bertline("submit", str(path))))
    assert not cluster.requests


def test_an_api_that_is_not_there(compiled):
    result = CliRunner().invoke(main, ["submit", compiled, "--host", "http://127.0.0.1:9"])
    assert "cannot be reached" in refused(result)
    assert "set kubeflow.api.host, --host or KFP_HOST" in refused(CliRunner().invoke(main, ["submit", compiled]))


def test_an_api_that_goes_away_while_we_wait(cluster, bertline, compiled):
    cluster.fail("GET", "runs/", 401)
    message = refused(bertline("submit", compiled), code=4)
    assert "401" in message
    assert "as far as is known it goes on: `bertline watch" in message


@pytest.mark.parametrize("trouble", [{"status": 0}, {"status": 503}])
def test_a_submission_in_doubt(cluster, bertline, compiled, tmp_path, trouble):
    cluster.fail("POST", "runs$", done=True, **trouble)
    report = tmp_path / "run.json"
    result = bertline("submit", compiled, "--name", "mine", "--json", str(report))
    message = refused(result, code=4)
    assert "may have been done all the same" in message
    assert "whether the run mine has been started" in message
    assert "run mine in the experiment bertline (new)" in result.stdout
    written = json.loads(report.read_text())
    assert (written["name"], written["run_id"], written["exit_code"]) == ("mine", None, 4)
    assert len(cluster.runs) == 1


def test_a_submission_that_is_refused_has_not_begun(cluster, bertline, compiled):
    cluster.fail("POST", "runs$", 500, message="no database")
    assert "no database" in refused(bertline("submit", compiled))


@pytest.mark.parametrize("slow", ["runs$", "runs/"])
def test_sigterm_is_as_ctrl_c(cluster, compiled, slow):
    cluster.slow = slow
    command = [*PROCESS, "submit", compiled, "--name", "mine", "--host", cluster.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for _ in range(600):
            if any(re.search(slow, request.path) for request in cluster.requests) or process.poll() is not None:
                break
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert ("whether the run mine has been started" if slow == "runs$" else "it goes on: `bertline watch") in said


@pytest.mark.parametrize("report", [[], ["--json", "-"]])
def test_nobody_reads(cluster, compiled, report):
    cluster.course = [NOT_BLESSED]
    command = [*PROCESS, "submit", compiled, "--host", cluster.url, *report]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
        assert process.wait(timeout=30) == 3, said
    assert "BrokenPipe" not in said


def test_a_token_file_that_goes_while_we_wait(cluster, bertline, compiled, tmp_path, monkeypatch):
    path = tmp_path / "token"
    path.write_text("word")
    monkeypatch.setattr(
        "pipeline.kubeflow.api.verbs.Pace", functools.partial(Pace, sleep=lambda _: path.unlink(), outage=0)
    )
    cluster.course = [RUNNING]
    message = refused(bertline("submit", compiled, "--token-file", str(path)), code=4)
    assert "cannot be read" in message
    assert "as far as is known it goes on" in message


def test_a_wrong_token(cluster, bertline, monkeypatch):
    cluster.token = "right"
    monkeypatch.setenv("KFP_TOKEN", "other")
    for arguments in (["watch", "1"], ["cancel", "1"], ["schedule", "list"]):
        message = refused(bertline(*arguments))
        assert "401" in message
        assert "other" not in message


def test_a_report_that_cannot_be_written_does_not_change_the_end(cluster, bertline, compiled, tmp_path, monkeypatch):
    folder = tmp_path / "reports"
    folder.mkdir()
    cluster.course = [RUNNING, NOT_BLESSED]
    monkeypatch.setattr("pipeline.kubeflow.api.verbs.Pace", functools.partial(Pace, sleep=lambda _: folder.rmdir()))
    result = bertline("submit", compiled, "--json", str(folder / "run.json"))
    assert result.exit_code == 3
    assert "cannot be written" in result.output


def test_a_mistyped_experiment(cluster, bertline, compiled):
    cluster.add_experiment("Nightly")
    message = refused(bertline("submit", compiled, "--experiment", "nightli"))
    assert "no experiment nightli, but there is Nightly" in message
    assert not cluster.versions
    made = bertline("submit", compiled, "--experiment", "nightli", "--create-experiment", "--no-wait")
    assert "in the experiment nightli (new)" in made.output
    assert "(new)" not in bertline("submit", compiled, "--experiment", "nightli", "--no-wait").output


def test_the_time_to_wait_has_a_limit(cluster, bertline):
    run_id = cluster.add_run()
    assert "has not ended within 0.001 s" in refused(bertline("watch", run_id, "--timeout", "0.001"), code=4)


def test_watch_and_cancel(cluster, bertline):
    run_id = cluster.add_run()
    assert "a run is asked to end; look with `bertline watch" in bertline("cancel", run_id).output
    cluster.runs[run_id]["state"] = "RUNNING"
    cluster.course = [NOT_BLESSED]
    watched = bertline("watch", run_id)
    assert watched.exit_code == 3
    assert watched.output.splitlines()[:2] == [f"run a run ({run_id})", f"{cluster.url}/#/runs/details/{run_id}"]
    assert "Observe" in watched.output
    assert "has ended already" in refused(bertline("cancel", run_id))
    for verb in ("watch", "cancel"):
        missing = bertline(verb, "nowhere")
        assert "there is no run nowhere" in refused(missing)
        assert "#/runs" not in missing.output
        assert "is empty" in refused(bertline(verb, ""))


def test_watch_tells_what_it_knows(cluster, bertline):
    run_id = cluster.add_run()
    cluster.course = [SUCCEEDED]
    written = json.loads(bertline("watch", run_id, "--json", "-").stdout)
    assert (written["run_id"], written["name"], written["exit_code"]) == (run_id, "a run", 0)
    cluster.fail("GET", "runs/", 401)
    refusal = bertline("watch", run_id, "--json", "-")
    assert refusal.exit_code == 2
    assert json.loads(refusal.stdout) == {"error": refusal.stderr.strip().removeprefix("error: "), "exit_code": 2}


def test_a_cancelled_run(cluster, bertline, compiled, monkeypatch):
    monkeypatch.setattr("pipeline.kubeflow.api.verbs.Pace", functools.partial(Pace, sleep=lambda _: None))
    cluster.course = [look("CANCELING", Step("Observe", "Running")), NOT_BLESSED]
    result = bertline("submit", compiled, "--json", "-")
    assert result.exit_code == 1
    assert "CANCELLED" in result.stderr
    assert json.loads(result.stdout)["cancelled"] is True


def test_schedules(cluster, bertline, compiled, tmp_path):
    report = tmp_path / "made.json"
    made = bertline("schedule", "create", compiled, "--cron", "0 2 * * *", "--param", "epochs=3", "--json", str(report))
    assert made.exit_code == 0, made.output
    assert "runs next at " in made.output
    assert made.output.count(" 02:00:00") == 2 + 1
    body = cluster.asked("POST", "/recurringruns")[0].body
    assert body["trigger"]["cron_schedule"] == {"cron": "0 0 2 * * *"}
    assert body["no_catchup"] is True
    assert json.loads(report.read_text())["name"] == "tiny"
    assert "is paused" in bertline("schedule", "pause", "tiny").output
    listed = bertline("schedule", "list", "--json", "-")
    (entry,) = json.loads(listed.stdout)
    assert (entry["name"], entry["state"], entry["next"]) == ("tiny", "paused", [])
    assert "paused" in bertline("schedule", "list").output
    assert "starts runs again" in bertline("schedule", "resume", entry["schedule_id"]).output
    assert "is deleted" in bertline("schedule", "delete", "tiny").output
    assert "there is no schedule" in bertline("schedule", "list").output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--cron", "0 2 * *"], "has 4 fields"),
        (["--cron", "0 25 * * *"], "hours is '25'"),
        (["--cron", "@daily", "--start", "soon"], "--start soon is no time"),
        (["--cron", "@daily", "--param", "epochs=x"], "is not a whole number"),
    ],
)
def test_schedules_that_are_none(cluster, bertline, compiled, arguments, told):
    assert told in refused(bertline("schedule", "create", compiled, *arguments))
    assert not cluster.requests
