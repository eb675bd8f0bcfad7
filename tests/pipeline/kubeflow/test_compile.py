"""What the compiled file says, as KFP's own messages and clients read it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from google.protobuf import json_format
from kfp.kubernetes import kubernetes_executor_config_pb2
from kfp.pipeline_spec import pipeline_spec_pb2

from pipeline.config_file import load_config
from pipeline.kubeflow.compile import compile_pipeline, write_compiled
from pipeline.kubeflow.document import read_compiled
from pipeline.kubeflow.errors import KubeflowError
from pipeline.kubeflow.settings import STEPS, TFX_STEPS
from tests.pipeline.kubeflow.clusters import IMAGE, demo, spans

CLUSTER = (
    "kubeflow.env={HTTPS_PROXY: 'http://proxy:3128', A: b}",
    "kubeflow.secrets={HF_TOKEN: {secret: hub, key: token}}",
    "kubeflow.image_pull_secrets=[registry]",
    "kubeflow.node_selector={pool: cheap}",
    "kubeflow.tolerations=[{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]",
    "kubeflow.pipeline_root=minio://mlpipeline/bertline",
    "kubeflow.retries={count: 4, backoff_seconds: 10, factor: 3, within_seconds: 7200}",
    "kubeflow.steps.default={cpu: 0.5, memory: 2Gi}",
    "kubeflow.steps.StatisticsGen={cache: false, retries: {count: 0}}",
    "kubeflow.steps.Trainer={cpu: 4, memory: 16Gi, node_selector: {pool: gpu}, timeout_seconds: 7200}",
    "kubeflow.steps.Trainer.accelerator={type: nvidia.com/gpu, count: 2}",
    "kubeflow.steps.Evaluator={accelerator: {type: google.com/tpu}}",
)


def documents(config) -> tuple[dict, dict]:
    spec, platform = yaml.safe_load_all(compile_pipeline(config).text)
    return spec, platform


@pytest.fixture(scope="module")
def compiled() -> tuple[dict, dict]:
    return documents(demo(*CLUSTER))


@pytest.fixture(scope="module")
def spec(compiled) -> dict:
    return compiled[0]


@pytest.fixture(scope="module")
def tasks(spec) -> dict:
    return spec["root"]["dag"]["tasks"]


@pytest.fixture(scope="module")
def containers(spec) -> dict:
    executors = spec["deploymentSpec"]["executors"]
    return {label.removesuffix("_executor"): executor["container"] for label, executor in executors.items()}


@pytest.fixture(scope="module")
def kubernetes(compiled) -> dict:
    """What Kubernetes is told of each step, read by kfp-kubernetes' own messages: an unknown key would fail."""
    executors = compiled[1]["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    return {
        label.removesuffix("_executor"): json_format.ParseDict(
            settings, kubernetes_executor_config_pb2.KubernetesExecutorConfig()
        )
        for label, settings in executors.items()
    }


def parameters(tasks: dict, step: str) -> dict:
    return tasks[step]["inputs"]["parameters"]


def test_it_is_an_unwrapped_pipeline_of_schema_2_1(spec):
    assert spec["schemaVersion"] == "2.1.0"
    assert spec["pipelineInfo"]["name"] == "demo"
    assert re.fullmatch(r"bertline-\S+ tfx-\S+", spec["sdkVersion"])
    assert spec["defaultPipelineRoot"] == "minio://mlpipeline/bertline"
    json_format.ParseDict(spec, pipeline_spec_pb2.PipelineSpec())


def test_kfp_loads_the_file_as_it_is(tmp_path):
    from kfp import components

    path = tmp_path / "demo.yaml"
    write_compiled(compile_pipeline(demo()), path)
    loaded = components.load_component_from_file(str(path))
    assert loaded.name == "demo"
    assert set(loaded.pipeline_spec.root.dag.tasks) == set(STEPS)
    assert read_compiled(path).name == "demo"


def test_every_step_is_a_container_of_the_pinned_image_and_nothing_else(spec, containers, tasks):
    assert set(tasks) == set(STEPS) == set(containers)
    assert {container["image"] for container in containers.values()} == {IMAGE}
    for executor in spec["deploymentSpec"]["executors"].values():
        assert set(executor) == {"container"}  # no resolver, no importer
    for name, container in containers.items():
        assert "lifecycle" not in container
        assert container["command"][:2] == ["python", "-m"]
        assert container["command"][2].startswith("pipeline.kubeflow.container.")
        assert "{{$}}" in container["args"]
        assert ("--executor_class_path" in container["args"]) == (name in TFX_STEPS)
        assert not any("iterator" in key.lower() for key in tasks[name])


@pytest.mark.parametrize("task", [demo, spans])
@pytest.mark.parametrize("cluster", [CLUSTER, ()])
def test_nothing_of_this_machine_and_no_secret_is_inside(tmp_path, monkeypatch, task, cluster):
    monkeypatch.setenv("HF_TOKEN", "s3cr3t-value")
    monkeypatch.setenv("KFP_TOKEN", "s3cr3t-token")
    monkeypatch.chdir(tmp_path)
    local = (f"pipeline.root={tmp_path}/runs", f"kubeflow.api.ca={tmp_path}/ca.pem")
    text = compile_pipeline(task(*cluster, *local)).text
    for local in (str(tmp_path), str(Path(__file__).parents[3]), str(Path.home()), sys.prefix, "s3cr3t"):
        assert local not in text
    paths = set(re.findall(r"(?<![\w:/.}])/[a-z][\w./-]*", text))
    assert {path for path in paths if not path.startswith(("/models", "/data", "/tmp"))} == set()


def test_the_same_configuration_gives_the_same_bytes_in_any_process():
    code = (
        "from tests.pipeline.kubeflow.test_compile import CLUSTER, compile_pipeline, demo\n"
        "import sys; sys.stdout.write(compile_pipeline(demo(*CLUSTER)).text)"
    )
    root = Path(__file__).parents[3]
    other = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": "7", "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        cwd=root,
        check=True,
    ).stdout
    assert other == compile_pipeline(demo(*CLUSTER)).text


def test_a_run_may_set_epochs_and_encoder_and_says_their_defaults(spec):
    given = spec["root"]["inputDefinitions"]["parameters"]
    assert {name: (each["parameterType"], each["defaultValue"]) for name, each in given.items()} == {
        "epochs": ("NUMBER_INTEGER", 1),
        "encoder": ("STRING", "all-MiniLM-L6-v2"),
    }


def test_the_span_is_a_parameter_where_the_data_has_spans():
    spec, _ = documents(spans())
    tasks = spec["root"]["dag"]["tasks"]
    assert spec["root"]["inputDefinitions"]["parameters"]["span"]["defaultValue"] == "latest"
    assert parameters(tasks, "Observe")["span"] == {"componentInputParameter": "span"}
    produced = {"taskOutputParameter": {"producerTask": "Observe", "outputParameterKey": "span"}}
    assert parameters(tasks, "TextExampleGen")["observed_span"] == produced
    arguments = spec["deploymentSpec"]["executors"]["TextExampleGen_executor"]["container"]["args"]
    assert "--over=data:span=observed_span" in arguments


def test_what_lies_outside_is_observed_by_every_run(tasks, containers):
    def observed(name: str) -> dict:
        return {"taskOutputParameter": {"producerTask": "Observe", "outputParameterKey": name}}

    assert parameters(tasks, "TextExampleGen")["fingerprint"] == observed("data")
    assert parameters(tasks, "ServedModel")["state"] == observed("served")
    for step in ("Transform", "Trainer"):
        assert parameters(tasks, step)["observed_encoder"] == observed("encoder")
        assert parameters(tasks, step)["encoder"] == {"componentInputParameter": "encoder"}
        assert "--over=custom_config:encoder.digest=observed_encoder" in containers[step]["args"]
        assert "--over=custom_config:encoder.handle=encoder" in containers[step]["args"]
        assert "Observe" in tasks[step]["dependentTasks"]
    assert "--over=custom_config:training.epochs=epochs" in containers["Trainer"]["args"]


def test_thresholds_are_compiled_in(tasks):
    gates = json.loads(parameters(tasks, "Evaluator")["gates"]["runtimeValue"]["constant"])
    assert gates["metrics"]["accuracy"]["at_least"] == 0.85


def test_steps_are_cached_but_for_those_that_look_at_the_world(tasks):
    uncached = {name for name, task in tasks.items() if not task.get("cachingOptions", {}).get("enableCache")}
    assert uncached == {"Observe", "ServingCheck", "Pusher", "Report", "Verdict", "StatisticsGen"}


def test_a_failed_step_is_tried_again_after_ever_longer_waits_unless_it_fails_by_verdict(tasks):
    assert {name for name, task in tasks.items() if "retryPolicy" not in task} == {
        "DataGate",
        "Verdict",
        "StatisticsGen",
    }
    assert tasks["Trainer"]["retryPolicy"] == {
        "maxRetryCount": 4,
        "backoffDuration": "10s",
        "backoffFactor": 3.0,
        "backoffMaxDuration": "7200s",
    }


def test_each_step_asks_for_what_it_needs(containers):
    trainer = containers["Trainer"]["resources"]
    assert trainer["cpuRequest"] == trainer["cpuLimit"] == 4
    assert trainer["memoryRequest"] == trainer["memoryLimit"] == pytest.approx(17.179869184)
    assert trainer["accelerator"] == {"type": "nvidia.com/gpu", "count": "2"}
    assert containers["Evaluator"]["resources"]["accelerator"] == {"type": "google.com/tpu", "count": "1"}
    other = containers["CuratedSchema"]["resources"]
    assert (other["cpuLimit"], "accelerator" in other) == (0.5, False)


def test_environment_is_given_and_secrets_by_reference_only(containers, kubernetes):
    for name in STEPS:
        assert containers[name]["env"] == [
            {"name": "A", "value": "b"},
            {"name": "HTTPS_PROXY", "value": "http://proxy:3128"},
        ]
        (secret,) = kubernetes[name].secret_as_env
        assert secret.secret_name == "hub"
        assert [(key.secret_key, key.env_var) for key in secret.key_to_env] == [("token", "HF_TOKEN")]


def test_volumes_nodes_and_limits_are_kubernetes_own(kubernetes):
    for name in STEPS:
        told = kubernetes[name]
        assert [(mount.constant, mount.mount_path) for mount in told.pvc_mount] == [
            ("bertline-data", "/data"),
            ("bertline-models", "/models"),
        ]
        assert [(mount.volume_name, mount.mount_path) for mount in told.empty_dir_mounts] == [("scratch", "/tmp")]
        assert [secret.secret_name for secret in told.image_pull_secret] == ["registry"]
        assert [(each.key, each.operator, each.effect) for each in told.tolerations] == [
            ("nvidia.com/gpu", "Exists", "NoSchedule")
        ]
    assert dict(kubernetes["Trainer"].node_selector.labels) == {"pool": "gpu"}
    assert dict(kubernetes["Pusher"].node_selector.labels) == {"pool": "cheap"}
    assert kubernetes["Trainer"].active_deadline_seconds == 7200
    assert not kubernetes["Pusher"].active_deadline_seconds


def test_the_verdict_comes_last(tasks):
    waited_for = {name for task in tasks.values() for name in task.get("dependentTasks", ())}
    assert set(tasks) - waited_for == {"Verdict"}
    assert tasks["Verdict"]["dependentTasks"] == ["DataGate", "Report", "TextExampleGen", "Trainer"]
    assert set(tasks["Report"]["dependentTasks"]) >= {"Observe", "Evaluator", "Pusher", "ServingCheck"}


def test_what_people_read_is_the_output_of_a_task_that_ends_well_and_not_of_the_one_that_fails(spec):
    outputs = spec["components"]["Report"]["outputDefinitions"]["artifacts"]
    assert outputs["report"]["artifactType"]["schemaTitle"] == "system.HTML"
    assert set(outputs) == {"report", "numbers", "outcome"}
    assert "outputDefinitions" not in spec["components"]["Verdict"]


def test_the_report_reads_what_the_steps_found_and_no_text_that_it_does_not_quote(tasks, spec):
    read = {
        (each["taskOutputArtifact"]["producerTask"], each["taskOutputArtifact"]["outputArtifactKey"])
        for each in tasks["Report"]["inputs"]["artifacts"].values()
    }
    assert read >= {
        ("TextExampleGen", "quarantine"),
        ("StatisticsGen", "statistics"),
        ("DataGate", "blessing"),
        ("Trainer", "model_run"),
        ("Evaluator", "evaluation"),
        ("Evaluator", "blessing"),
        ("ServingCheck", "blessing"),
        ("Pusher", "pushed_model"),
    }
    assert ("TextExampleGen", "examples") not in read
    assert (("LinearBaseline", "predictions") in read) == ("LinearBaseline" in spec["components"])


def test_a_run_is_recorded_with_what_was_compiled(tasks):
    given = parameters(tasks, "Observe")
    assert json.loads(given["record"]["runtimeValue"]["constant"]) == {
        "pipeline": "demo",
        "code": {"image": IMAGE.rpartition(":")[2]},
    }
    config = json.loads(given["settings"]["runtimeValue"]["constant"])
    assert config["gates"]["metrics"]["accuracy"]["at_least"] == 0.85
    assert {"pipeline", "kubeflow"}.isdisjoint(config)


def test_every_task_that_may_end_a_run_knows_where_reports_are_kept_if_they_are(containers):
    kept, _ = documents(demo(*CLUSTER, "kubeflow.reports=/models/reports"))
    for name in STEPS:
        arguments = kept["deploymentSpec"]["executors"][f"{name}_executor"]["container"]["args"]
        assert arguments.count("--reports=/models/reports") == (name != "Verdict")
        assert [each for each in arguments if "--reports" not in each] == containers[name]["args"]


def test_a_step_gets_for_its_report_no_artifact_that_could_miss_the_cache(tasks):
    """What is new in KFP's cache are artifacts of steps that ran anew: of those the step reads one anyway."""
    kept = documents(demo(*CLUSTER, "kubeflow.reports=/models/reports"))[0]["root"]["dag"]["tasks"]

    def made(step: str, of: dict) -> set[tuple[str, str]]:
        given = of[step].get("inputs", {}).get("artifacts", {}).values()
        outputs = [each["taskOutputArtifact"] for each in given]
        return {(output["producerTask"], output["outputArtifactKey"]) for output in outputs}

    for step in TFX_STEPS:
        added = made(step, kept) - made(step, tasks)
        assert {producer for producer, _ in added} <= {producer for producer, _ in made(step, tasks)}
    assert made("DataGate", kept) - made("DataGate", tasks) == {("TextExampleGen", "quarantine")}
    assert ("Trainer", "model_run") in made("Evaluator", kept)


@pytest.mark.parametrize("step", ["Observe", "ServingCheck", "Pusher", "Report", "Verdict"])
def test_whoever_turns_the_cache_on_gets_no_old_answer_of_a_step_that_looks_at_the_world(tasks, containers, step):
    run = {"runtimeValue": {"constant": "{{$.pipeline_job_uuid}}"}}
    assert run in parameters(tasks, step).values()
    if step == "Pusher":
        assert "--over=custom_config:nonce=run" in containers[step]["args"]


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (lambda: load_config("demo"), ["section kubeflow is missing", "--with"]),
        (lambda: demo("kubeflow.image=null"), ["kubeflow.image is missing", "sha256"]),
        (lambda: demo("push.folder=null"), ["push.folder is not set"]),
        (lambda: demo("pipeline.name=my_task"), ["pipeline.name is my_task", "call it my-task"]),
        (lambda: demo("samples=['{{workflow.name}}']"), ["{{"]),
        (lambda: demo(f"kubeflow.env={{BIG: '{'x' * 200_000}'}}"), ["its container is", "bytes"]),
    ],
)
def test_what_no_cluster_could_run_is_refused(config, says):
    with pytest.raises(KubeflowError) as refusal:
        compile_pipeline(config())
    for words in says:
        assert words in str(refusal.value)


def test_a_file_that_cannot_be_written_is_refused(tmp_path):
    compiled = compile_pipeline(demo())
    with pytest.raises(KubeflowError, match=r"\.yaml"):
        write_compiled(compiled, tmp_path / "demo.json")
    mine = tmp_path / "mine.yaml"
    mine.write_text("pipeline: {name: mine}\n")
    with pytest.raises(KubeflowError, match="no compiled pipeline"):
        write_compiled(compiled, mine)
    assert mine.read_text() == "pipeline: {name: mine}\n"
    with pytest.raises(KubeflowError, match="cannot be written"):
        write_compiled(compiled, tmp_path / "nowhere" / "demo.yaml")


def test_a_file_that_an_older_bertline_compiled_is_replaced(tmp_path):
    compiled, path = compile_pipeline(demo()), tmp_path / "demo.yaml"
    path.write_text(compiled.text.replace("bertline-", "bertline-0.0."))
    write_compiled(compiled, path)
    assert read_compiled(path).text == compiled.text
