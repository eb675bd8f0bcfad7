from __future__ import annotations

import pytest
from pydantic import ValidationError

from components.errors import ConfigError
from pipeline.config_file import load_config
from pipeline.kubeflow.settings import STEPS, Kubeflow, Secret, quantity_bytes
from tests.pipeline.kubeflow.clusters import demo


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("image=bertline:latest", ["kubeflow.image", "digest", "docker inspect"]),
        ("image=registry/bertline@sha256:12", ["kubeflow.image", "digest"]),
        ("pipeline_root=/tmp/artifacts", ["kubeflow.pipeline_root", "minio://BUCKET/PATH"]),
        ("pipeline_root=hdfs://bucket/path", ["kubeflow.pipeline_root", "gs://BUCKET/PATH"]),
        ("steps={Traner: {cpu: 2}}", ["no step Traner", "Trainer", "Observe", "Verdict"]),
        ("steps={Trainer: {memory: 16 gigabytes}}", ["kubeflow.steps.Trainer.memory", "16Gi"]),
        ("steps={Trainer: {memory: 0Gi}}", ["kubeflow.steps.Trainer.memory", "16Gi"]),
        ("steps={Trainer: {cpu: 0}}", ["kubeflow.steps.Trainer.cpu", "greater than 0"]),
        ("steps={Trainer: {accelerator: {type: gpu}}}", ["accelerator.type"]),
        ("steps={Pusher: {cache: true}}", ["Pusher", "never cached"]),
        ("volumes={models: {claim: Models, path: /models}}", ["kubeflow.volumes.models.claim"]),
        ("volumes={models: {claim: models, path: models}}", ["kubeflow.volumes.models.path"]),
        ("volumes={a: {claim: a, path: /m}, b: {claim: b, path: /m}}", ["two have the same path"]),
        ("volumes={a: {claim: a, path: /a}, b: {claim: a, path: /b}}", ["two have the same claim"]),
        ("volumes={a: {claim: my.claim, path: /a}}", ["kubeflow.volumes.a.claim"]),
        ("retries={factor: 1.5}", ["kubeflow.retries.factor"]),
        ("retries={backoff_seconds: 90000}", ["nothing would be tried again"]),
        ("tolerations=[{key: gpu, operator: Exists, value: a}]", ["leave value out"]),
        ("node_selector={pool: 'a b'}", ["kubeflow.node_selector.pool"]),
        ("env={1A: x}", ["kubeflow.env"]),
        ("secrets={TOKEN: {secret: Hub, key: token}}", ["kubeflow.secrets.TOKEN.secret"]),
        ("retries={count: -1}", ["kubeflow.retries.count"]),
        ("retries={count: 3, tries: 4}", ["kubeflow.retries.tries is no setting"]),
        ("api={host: kfp.example.com}", ["kubeflow.api.host"]),
    ],
)
def test_what_no_cluster_takes_is_refused(setting, says):
    with pytest.raises(ConfigError) as refusal:
        load_config("demo", [f"kubeflow.{setting}"])
    for words in says:
        assert words in str(refusal.value)


def test_a_variable_cannot_come_from_two_places():
    with pytest.raises(ValidationError, match="both set TOKEN"):
        Kubeflow(env={"TOKEN": "x"}, secrets={"TOKEN": Secret(secret="hub", key="token")})


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [("512", 512), ("1K", 1000), ("1Ki", 1024), ("1.5Gi", 3 << 29), ("16Gi", 1 << 34), ("2T", 2 * 10**12)],
)
def test_quantities_are_kubernetes_own(quantity, expected):
    assert quantity_bytes(quantity) == expected


@pytest.mark.parametrize("quantity", ["", "Gi", "16 Gi", "-1Gi", "16GB", "1e3"])
def test_what_is_no_quantity_is_refused(quantity):
    with pytest.raises(ValueError, match="no quantity"):
        quantity_bytes(quantity)


def test_a_step_has_its_own_settings_then_the_defaults_then_the_clusters():
    cluster = demo(
        "kubeflow.node_selector={pool: cheap}",
        "kubeflow.retries={count: 5}",
        "kubeflow.steps={default: {cpu: 1, memory: 4Gi}, Trainer: {cpu: 4, node_selector: {pool: gpu}}}",
    ).kubeflow
    assert cluster is not None
    trainer, other = cluster.step("Trainer"), cluster.step("StatisticsGen")
    assert (trainer.cpu, trainer.memory, trainer.node_selector) == (4, "4Gi", {"pool": "gpu"})
    assert (other.cpu, other.memory, other.node_selector) == (1, "4Gi", {"pool": "cheap"})
    assert trainer.retries is not None
    assert trainer.retries.count == 5


def test_the_steps_are_those_of_the_graph():
    from pipeline.outside import unobserved
    from pipeline.pipeline import build_components

    config = demo()
    graph = [component.id for component in build_components(config, unobserved(config))]
    assert sorted(STEPS) == sorted(["Observe", *graph, "Report", "Verdict"])


def test_a_local_run_does_not_mind_a_cluster():
    assert load_config("demo").kubeflow is None
    assert demo().push_folder.as_posix() == "/models/demo"
