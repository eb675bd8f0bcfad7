from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from pipeline.kubeflow.errors import KubeflowError
from pipeline.kubeflow.local import StepFailedError, steps_of
from pipeline.kubeflow.local.retries import Clock
from pipeline.steps import State
from tests.pipeline.kubeflow.local import specs
from tests.pipeline.kubeflow.local.specs import constant, output_artifact, output_parameter, task

CACHED = {"cachingOptions": {"enableCache": True}}


class FakeClock(Clock):
    """A time that passes only while somebody sleeps; `passed` are the waits."""

    def __init__(self) -> None:
        self.passed: list[float] = []

    def now(self) -> float:
        return sum(self.passed)

    def sleep(self, seconds: float) -> None:
        self.passed.append(seconds)


def make(code: str = "target('thing').write_text('made')", **more):
    return task("Make", code, made=["thing"], **{"task": CACHED, **more})


def use(code: str = "target('copy').write_text(source('thing').read_text() + '!')", **more):
    inputs = {"artifacts": {"thing": output_artifact("Make", "thing")}}
    return task("Use", code, inputs=inputs, artifacts=["thing"], made=["copy"], **{"task": CACHED, **more})


def test_artifacts_go_from_step_to_step_through_the_store(run, recorder, tmp_path):
    steps = run(use(), make())
    assert list(steps) == ["Make", "Use"]
    assert Path(steps["Use"].outputs["copy"]).read_text() == "made!"
    assert set(steps["Make"].outputs) == {"thing"}
    assert Path(steps["Make"].outputs["thing"]).is_relative_to(tmp_path / "home" / "store" / "minio" / "mlpipeline")
    assert recorder.told == [
        ("Make", State.RUNNING), ("Make", State.DONE), ("Use", State.RUNNING), ("Use", State.DONE),
    ]  # fmt: skip
    assert not (tmp_path / "home" / "scratch").exists()


def test_a_step_is_given_its_input_as_the_driver_gives_it(run):
    said = "say({'artifacts': {'thing': {'artifacts': [{'metadata': {'n': 3, 'yes': True, 'l': [1], 's': 'x'}}]}}})"
    code = "target('copy').write_text(json.dumps(given))"
    steps = run(make(said), use(code))
    given = json.loads(Path(steps["Use"].outputs["copy"]).read_text())
    (thing,) = given["inputs"]["artifacts"]["thing"]["artifacts"]
    assert re.fullmatch("[1-9][0-9]*", thing["name"])
    assert thing["type"] == {"instanceSchema": ""}
    assert re.fullmatch("minio://mlpipeline/v2/artifacts/small/[-0-9a-f]{36}/Make/[-0-9a-f]{36}/thing", thing["uri"])
    assert thing["metadata"] == {
        "n": 3, "yes": 1, "l": {"list": [1]}, "s": "x", "display_name": "thing",
        "store_session_info": '{"Provider": "minio", "Params": {"fromEnv": "true"}}',
    }  # fmt: skip
    outputs = given["outputs"]["artifacts"]
    assert outputs["executor-logs"]["artifacts"][0]["type"] == {"schemaTitle": "system.Artifact"}
    assert outputs["copy"]["artifacts"][0]["type"] == {
        "instanceSchema": specs.ARTIFACT["artifactType"]["instanceSchema"]
    }
    assert "metadata" not in outputs["copy"]["artifacts"][0]


def test_parameters_go_from_step_to_step_with_their_types(run):
    types = {"text": "STRING", "count": "NUMBER_INTEGER", "yes": "BOOLEAN", "all": "LIST", "empty": "STRING"}
    give = task("Give", "[give(*pair) for pair in json.loads(sys.argv[2])]", outputs=types)
    give["executor"]["container"]["args"].append(
        json.dumps([["text", "a b\n"], ["count", " 7\n"], ["yes", "T"], ["all", "[1, {}]"], ["empty", ""]])
    )
    taken = {**types, "count": "STRING", "all": "STRING"}
    take = task(
        "Take",
        "target('seen').write_text(json.dumps(parameters))",
        inputs={"parameters": {name: output_parameter("Give", name) for name in types}},
        parameters=taken,
        made=["seen"],
    )
    steps = run(give, take)
    seen = json.loads(Path(steps["Take"].outputs["seen"]).read_text())
    assert seen == {"text": "a b\n", "count": "7", "yes": True, "all": "[1,{}]", "empty": ""}


def test_runtime_parameters_their_defaults_and_the_names_of_the_run(run):
    declared = {
        "epochs": {"parameterType": "NUMBER_INTEGER", "defaultValue": 2, "isOptional": True},
        "encoder": {"parameterType": "STRING", "defaultValue": "", "isOptional": True},
    }
    take = task(
        "Take",
        "target('seen').write_text(json.dumps(parameters))",
        inputs={
            "parameters": {
                **{name: {"componentInputParameter": name} for name in declared},
                "run": constant("{{$.pipeline_job_uuid}}"),
                "pipeline": constant("{{$.pipeline_task_name}}"),
                "config": constant('{"a":1}'),
            }
        },
        parameters={"epochs": "NUMBER_INTEGER", "encoder": "STRING", "run": "STRING", "config": "STRING"},
        made=["seen"],
    )
    root = {"inputDefinitions": {"parameters": declared}}
    steps = run(take, parameters={"epochs": 5}, **root)
    seen = json.loads(Path(steps["Take"].outputs["seen"]).read_text())
    assert re.fullmatch("[-0-9a-f]{36}", seen.pop("run"))
    assert seen == {"epochs": 5, "encoder": "", "pipeline": "Take", "config": '{"a":1}'}
    with pytest.raises(KubeflowError, match="parameter epoch is not required by the pipeline; it has encoder, epochs"):
        run(take, parameters={"epoch": 5}, **root)
    with pytest.raises(KubeflowError, match="parameter epochs is '5'; give a NUMBER_INTEGER"):
        run(take, parameters={"epochs": "5"}, **root)
    with pytest.raises(KubeflowError, match=r"parameter encoder is .*Argo replaces"):
        run(take, parameters={"encoder": "{{x}}"}, **root)
    del declared["epochs"]["defaultValue"], declared["epochs"]["isOptional"]
    with pytest.raises(KubeflowError, match="parameter epochs is not optional, yet has neither default value"):
        run(take, **root)


def test_an_optional_input_that_is_not_given_has_its_default_in_the_command(run):
    component = {
        "inputDefinitions": {
            "parameters": {"word": {"parameterType": "STRING", "defaultValue": "fallback", "isOptional": True}}
        }
    }
    one = task("Take", "target('seen').write_text(sys.argv[2])", made=["seen"])
    one["component"].update(component)
    one["executor"]["container"]["args"].append("x={{$.inputs.parameters['word']}}")
    assert Path(run(one)["Take"].outputs["seen"]).read_text() == "x=fallback"


def test_what_has_not_changed_is_cached_with_the_same_outputs(run):
    first = run(make(), use())
    second = run(make(), use("target('copy').write_text('other')"))
    assert [step.state for step in second.values()] == [State.CACHED, State.DONE]
    assert second["Make"].outputs == first["Make"].outputs
    third = run(make(), use())
    assert [step.state for step in third.values()] == [State.CACHED, State.CACHED]
    assert third["Use"].outputs == first["Use"].outputs


def test_the_newest_of_equal_results_is_used(run):
    once = run(make(task={}))
    assert run(make())["Make"].state is State.DONE  # what was not cached left no entry
    cached = run(make())["Make"]
    assert cached.state is State.CACHED
    assert cached.outputs != once["Make"].outputs


@pytest.mark.parametrize(
    "more",
    [
        {"container": {"env": [{"name": "A", "value": "b"}]}},
        {"container": {"image": specs.IMAGE.replace("0", "1")}},
        {"component": {"outputDefinitions": {"artifacts": {"thing": {"artifactType": {"schemaTitle": "test.Other"}}}}}},
    ],
)
def test_what_the_cache_goes_by(run, more):
    run(make())
    assert run(make(**more))["Make"].state is State.DONE
    assert run(make())["Make"].state is State.CACHED


def test_another_pipeline_has_a_cache_of_its_own(run):
    run(make())
    assert run(make(), name="other")["Make"].state is State.DONE


def test_a_claim_is_part_of_the_caches_key(run, tmp_path):
    mount = {"constant": "bertline-models", "mountPath": str(tmp_path)}
    run(make())
    assert run(make(platform={"pvcMount": [mount]}))["Make"].state is State.DONE
    assert run(make(platform={"pvcMount": [{**mount, "constant": "others"}]}))["Make"].state is State.DONE
    assert run(make(platform={"pvcMount": [mount]}))["Make"].state is State.CACHED


def test_a_failing_step_ends_the_run_and_the_next_run_begins_where_it_failed(run, tmp_path):
    failing = use("target('copy').write_text('half'); print('so far'); sys.exit(3)")
    with pytest.raises(StepFailedError, match=r"Use has failed: .* ended with exit code 3; see .*Use\.log") as failed:
        run(make(), failing, task("Late", task={"dependentTasks": ["Use"]}))
    assert (failed.value.step, failed.value.exit_code) == ("Use", 3)
    assert "so far" in str(failed.value)
    assert failed.value.log.read_text() == "so far\n"
    assert [step.state for step in run.steps] == [State.DONE, State.FAILED, State.WAITING]
    assert not list((tmp_path / "home" / "store").rglob("copy"))
    assert [step.state for step in run(make(), use()).values()] == [State.CACHED, State.DONE]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("", "failed to read output parameter p: the step wrote none"),
        ("give('p', 'seven')", "failed to read output parameter p: 'seven' is no whole number"),
        ("give('p', '7'); say({'artefacts': {}})", "failed to unmarshall ExecutorOutput"),
        ("give('p', '7'); say([])", "failed to unmarshall ExecutorOutput"),
        (
            "give('p', '7'); say({'artifacts': {'thing': {'artifacts': [{'metadata': {'n': None}}]}}})",
            "unknown/unsupported value type .metadata n is null.",
        ),
        (
            "give('p', '7'); say({'artifacts': {'thing': {'artifacts': [{'uri': 'minio://mlpipeline/elsewhere'}]}}})",
            "failed to upload output artifact .thing.: minio://mlpipeline/elsewhere does not lie below",
        ),
        ("os.kill(os.getpid(), 9)", "signal 9 ended its command"),
    ],
)
def test_outputs_that_are_not_as_declared_fail_the_step(run, code, message):
    with pytest.raises(StepFailedError, match=message):
        run(make(code, outputs={"p": "NUMBER_INTEGER"}))
    assert run.steps[0].state is State.FAILED


def test_what_the_output_file_says_goes_before_the_parameters_own_file(run):
    give = task("Give", "give('p', 'file'); say({'parameterValues': {'p': 'said'}})", outputs={"p": "STRING"})
    take = task(
        "Take",
        "target('seen').write_text(parameters['p'])",
        inputs={"parameters": {"p": output_parameter("Give", "p")}},
        parameters={"p": "STRING"},
        made=["seen"],
    )
    assert Path(run(give, take)["Take"].outputs["seen"]).read_text() == "said"


def test_an_output_that_was_not_made_is_a_warning_and_then_simply_not_there(run, tmp_path):
    steps = run(make(""), use("target('copy').write_text(str(source('thing').exists()))"))
    assert Path(steps["Use"].outputs["copy"]).read_text() == "False"
    (log,) = (tmp_path / "home" / "logs").glob("*/Make.log")
    assert 'Output Artifact "thing": nothing lies at' in log.read_text()


def test_the_log_is_an_artifact_and_a_file_even_where_the_step_writes_to_both_streams(run, tmp_path):
    run(make("print('out', flush=True); print('err', file=sys.stderr)"))
    (log,) = (tmp_path / "home" / "logs").glob("*/Make.log")
    (stored,) = (tmp_path / "home" / "store").rglob("executor-logs")
    assert stored.read_text() == "out\nerr\n"
    assert log.read_text().startswith("out\nerr\n")


POLICY = {"maxRetryCount": 2, "backoffDuration": "30s", "backoffFactor": 2, "backoffMaxDuration": "600s"}
UNTIL_THIRD = """
file = pathlib.Path({file!r})
file.write_text((file.read_text() if file.exists() else '') + 'x')
print('attempt')
(pathlib.Path.cwd() / 'left').touch(exist_ok=False)
sys.exit(len(file.read_text()) < 3)
"""


def test_a_step_is_tried_again_as_its_policy_says_each_time_in_an_empty_folder(run, tmp_path):
    clock = FakeClock()
    one = make(UNTIL_THIRD.format(file=str(tmp_path / "count")), task={"retryPolicy": POLICY})
    assert run(one, clock=clock)["Make"].state is State.DONE
    assert clock.passed == [30.0, 60.0]
    (log,) = (tmp_path / "home" / "logs").glob("*/Make.log")
    assert [line for line in log.read_text().splitlines() if "thing" not in line] == [
        "attempt", "launcher: attempt 2", "attempt", "launcher: attempt 3", "attempt",
    ]  # fmt: skip
    (stored,) = (tmp_path / "home" / "store").rglob("executor-logs")
    assert stored.read_text() == "attempt\n"


@pytest.mark.parametrize(
    ("changes", "waits"),
    [
        ({"maxRetryCount": 1}, [30.0]),
        ({"backoffMaxDuration": "60s"}, [30.0]),  # 30 s and 60 s are more than it
        ({"backoffFactor": 0}, [30.0, 30.0]),
        ({"maxRetryCount": 0}, []),
    ],
)
def test_it_is_not_tried_for_ever(run, changes, waits):
    clock = FakeClock()
    with pytest.raises(StepFailedError):
        run(make("sys.exit(1)", task={"retryPolicy": {**POLICY, **changes}}), clock=clock)
    assert clock.passed == waits


def test_a_deadline_ends_a_step(run):
    with pytest.raises(StepFailedError, match="DeadlineExceeded: it ran for more than 1 s"):
        run(make("import time; time.sleep(60)", platform={"activeDeadlineSeconds": 1}))


def test_a_step_sees_its_environment(run, monkeypatch):
    one = make(
        "target('thing').write_text(os.environ['A'] + os.environ['TOKEN'])",
        container={"env": [{"name": "A", "value": "b"}]},
        platform={
            "secretAsEnv": [{"secretName": "s", "keyToEnv": [{"secretKey": "k", "envVar": "TOKEN"}], "optional": False}]
        },
    )
    del one["platform"]["secretAsEnv"][0]["optional"]
    monkeypatch.delenv("TOKEN", raising=False)
    with pytest.raises(
        KubeflowError, match="TOKEN is not set, which a cluster takes from the key k of the secret s; set it"
    ):
        run(one)
    monkeypatch.setenv("TOKEN", "c")
    assert Path(run(one)["Make"].outputs["thing"]).read_text() == "bc"


def test_a_volume_must_be_here(run, tmp_path):
    def mounted(path: Path):
        return make(platform={"pvcMount": [{"constant": "bertline-models", "mountPath": str(path)}]})

    with pytest.raises(
        KubeflowError, match=r"claim bertline-models is mounted at .*nothing on a cluster.*; make the folder"
    ):
        run(mounted(tmp_path / "nothing"))
    assert run(mounted(tmp_path))["Make"].state is State.DONE


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_volume_must_be_writable_unless_it_is_only_read(run, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir(mode=0o555)
    one = make(platform={"pvcMount": [{"constant": "bertline-data", "mountPath": str(folder)}]})
    with pytest.raises(KubeflowError, match="cannot be written here"):
        run(one)
    assert run(one, read_only=[str(folder)])["Make"].state is State.DONE


def test_a_value_that_would_change_on_the_way_is_refused(run):
    give = task("Give", "give('p', 'costs $' + '$')", outputs={"p": "STRING"})
    take = task("Take", inputs={"parameters": {"p": output_parameter("Give", "p")}}, parameters={"p": "STRING"})
    with pytest.raises(StepFailedError, match=r"Take has failed: its input 'costs \$\$' would not arrive as it is"):
        run(give, take)


def test_an_input_too_large_for_an_argument_is_refused(run):
    give = task("Give", "give('p', 'x' * 140_000)", outputs={"p": "STRING"})
    take = task("Take", inputs={"parameters": {"p": output_parameter("Give", "p")}}, parameters={"p": "STRING"})
    with pytest.raises(StepFailedError, match=r"its input is 140,\d+ bytes of JSON, and Linux takes 131,071"):
        run(give, take)


def test_a_command_that_is_not_there_fails_the_step(run):
    with pytest.raises(StepFailedError, match="its command 'no-such-program' cannot be run"):
        run(make(container={"command": ["no-such-program"]}))


def test_what_a_step_leaves_running_is_ended_with_it(run, tmp_path):
    code = f"""
import subprocess
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])
pathlib.Path({str(tmp_path / "pid")!r}).write_text(str(child.pid))
"""
    run(make(code))
    assert has_ended(int((tmp_path / "pid").read_text()))


def test_no_two_attempts_share_a_folder(run, tmp_path):
    seen = tmp_path / "seen"
    code = f"""
with open({str(seen)!r}, "a") as file:
    files = outputs["outputFile"], outputs["parameters"]["p"]["outputFile"]
    print(os.getcwd(), os.environ["BERTLINE_MOUNT_ROOT"], *files, file=file)
    del outputs["outputFile"], outputs["parameters"]
    print(json.dumps(given, sort_keys=True), file=file)
sys.exit(1)
"""
    for _ in range(2):
        with pytest.raises(StepFailedError):
            run(make(code, outputs={"p": "STRING"}, task={"retryPolicy": POLICY}), clock=FakeClock())
    lines = seen.read_text().splitlines()
    places = [line.split() for line in lines[::2]]
    assert len(places) == 6
    assert all(place.startswith(str(tmp_path / "home" / "scratch")) for four in places for place in four)
    assert len({place for four in places for place in four}) == 24
    assert len(set(lines[1::2])) == 2  # but for these, the attempts of a run are given the same


def test_where_the_artifacts_go(run, tmp_path):
    steps = run(make(), root="s3://bucket/a")
    assert Path(steps["Make"].outputs["thing"]).is_relative_to(
        tmp_path / "home" / "store" / "s3" / "bucket" / "a" / "small"
    )
    with pytest.raises(
        KubeflowError, match=r"the pipeline's root hdfs://x is in no object store; begin it with minio://"
    ):
        run(make(), root="hdfs://x")


def test_only_one_run_at_a_time(run, tmp_path):
    (tmp_path / "home").mkdir()
    script = "import fasteners, sys; lock = fasteners.InterProcessLock(sys.argv[1]); lock.acquire()"
    script += "; print('held'); sys.stdin.read()"
    holder = subprocess.Popen(
        [sys.executable, "-uc", script, str(tmp_path / "home" / ".lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(KubeflowError, match=r"another run of this pipeline is going on in .*home; wait for it"):
        run(make())
    holder.communicate()
    assert run(make())["Make"].state is State.DONE


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"triggerPolicy": {"condition": "true"}}, "a condition or an exit handler"),
        ({"parameterIterator": {"itemInput": "x", "items": {"raw": "[1]"}}}, "a loop"),
    ],
)
def test_what_is_not_emulated_is_refused(changes, what):
    with pytest.raises(KubeflowError, match=f"can run on a cluster alone; submit it there:\n  - task Make: {what}"):
        steps_of(specs.compiled(make(task=changes)))


def has_ended(pid: int) -> bool:
    """Whether a process that is nobody's child of ours is gone, or dead and not yet buried, within ten seconds."""
    for _ in range(100):
        stat = Path(f"/proc/{pid}/stat")
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_an_ended_run_ends_its_step_and_the_next_goes_on_from_there(run, tmp_path, number):
    pid = tmp_path / "pid"
    waiting = f"""
import subprocess, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path({str(pid)!r}).write_text(f"{{os.getpid()}} {{child.pid}}")
time.sleep(600)
"""
    (tmp_path / "p.yaml").write_text(specs.text(make(), use(waiting)))
    script = """
        import sys, pathlib
        from pipeline.kubeflow.document import read_compiled
        from pipeline.kubeflow.local import run_compiled
        class Nobody:
            def changed(self, step): pass
        run_compiled(read_compiled(pathlib.Path(sys.argv[1])), pathlib.Path(sys.argv[2]), {}, Nobody())
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), str(tmp_path / "p.yaml"), str(tmp_path / "home")],
        stderr=subprocess.DEVNULL,
    )
    for _ in range(300):
        if pid.exists() and pid.read_text():
            break
        time.sleep(0.1)
    process.send_signal(number)
    assert process.wait(20) != 0
    for one in pid.read_text().split():
        assert has_ended(int(one))
    assert [step.state for step in run(make(), use()).values()] == [State.CACHED, State.DONE]
