from __future__ import annotations

import pytest
import yaml

from pipeline.kubeflow.document import parse_compiled, read_compiled
from pipeline.kubeflow.errors import KubeflowError
from tests.pipeline.kubeflow.local import specs


def spec() -> dict:
    return next(yaml.safe_load_all(specs.text(specs.task("Make"))))


def write(*documents: dict) -> str:
    return yaml.safe_dump_all(documents)


def changed(**changes) -> str:
    return write({**spec(), **changes})


def test_both_documents_are_read(tmp_path):
    file = tmp_path / "p.yaml"
    mount = {"constant": "c", "mountPath": "/models"}
    file.write_text(specs.text(specs.task("Make", platform={"pvcMount": [mount]}), name="two"))
    compiled = read_compiled(file)
    assert (compiled.name, compiled.origin, compiled.text) == ("two", str(file), file.read_text())
    assert set(compiled.spec.components) == {"Make"}
    assert compiled.deployment.executors["Make_executor"].container.image == specs.IMAGE
    assert compiled.kubernetes == {"Make_executor": {"pvcMount": [mount]}}
    assert compiled.platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"] == compiled.kubernetes


def test_the_platform_document_may_be_left_out_and_empty_ones_do_not_count():
    compiled = parse_compiled("---\n---\n" + changed(), "p")
    assert (compiled.platform, compiled.kubernetes) == ({}, {})


def test_resources_keep_their_whole_numbers():
    resources = {"cpuLimit": 2, "memoryLimit": 4.5, "accelerator": {"type": "nvidia.com/gpu", "count": 1}}
    compiled = specs.compiled(specs.task("Make", container={"resources": resources}))
    assert compiled.deployment.executors["Make_executor"].container.resources.accelerator.count == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "is not YAML"),
        ("- 1", "made of YAML mappings"),
        ("", "no pipeline spec is provided"),
        ("a: 1\na: 2", "key 'a' is already defined"),
        ("platforms: 3", "no pipeline spec is provided"),
        (write({"pipelineSpec": {}}), "wrapped in a job .*as TFX writes it for Vertex AI"),
        (changed(schemaVersion="2.0.0"), "schemaVersion is 2.0.0, and Kubeflow Pipelines takes 2.1.0 alone"),
        (changed(schemaVersion=""), "schemaVersion is missing"),
        (changed(rooot={}), 'no field named "rooot"'),
        (changed(root=[1]), "invalid v2 pipeline spec"),
        (changed(deploymentSpec={"executors": {"a": {"container": {"imagge": ""}}}}), 'no field named "imagge"'),
        (write(spec(), spec()), "multiple pipeline specs"),
        (
            write(spec(), {"platforms": {"kubernetes": {}}}, {"platforms": {"kubernetes": {}}}),
            "multiple platform specs",
        ),
        (write(spec(), {"platforms": 3}), "neither a pipeline nor has"),
        (write(spec(), {"platforms": {"kubernetes": {"deploymentSpc": {}}}}), 'no field named "deploymentSpc"'),
        (
            changed(sdkVersion="bertline-0.0.9 tfx-1.16.0"),
            "bertline 0.0.9 compiled it, and this is .*; compile it anew",
        ),
    ],
)
def test_what_is_no_compiled_pipeline(text, message):
    with pytest.raises(KubeflowError, match=message) as refused:
        parse_compiled(text, "some.yaml")
    assert str(refused.value).startswith("some.yaml")
    assert "compile it" in str(refused.value)


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_file_that_cannot_be_read(tmp_path, content):
    file = tmp_path / "p.yaml"
    if content:
        file.write_bytes(content)
    with pytest.raises(KubeflowError, match="compile it with `bertline compile`"):
        read_compiled(file)


def test_a_date_stays_a_text():
    assert specs.compiled(specs.task("Make"), name="2020-01-01").name == "2020-01-01"
    assert parse_compiled(changed().replace("small", "2020-01-01"), "p").name == "2020-01-01"
