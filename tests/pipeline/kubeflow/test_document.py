from __future__ import annotations

import math
import re

import pytest
import yaml

from pipeline.kubeflow import document
from pipeline.kubeflow.document import dump_documents, parse_compiled, read_compiled
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
            "bertline-0.0.9 compiled it, and this is bertline-.*; compile it anew",
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


def constant(written: str):
    """The value of a parameter that is written so, as a kind and what it holds."""
    one = specs.task("Make", inputs={"parameters": {"x": specs.constant("HERE")}}, parameters={"x": "STRING"})
    spec = parse_compiled(specs.text(one).replace("HERE", written), "p").spec
    value = spec.root.dag.tasks["Make"].inputs.parameters["x"].runtime_value.constant
    return getattr(value, value.WhichOneof("kind"))


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1e3", 1000), ("12e03", 12000), ("1.5e-1", 0.15), ("0o17", 15), ("017", 15), ("0b11", 3), ("-0x1F", -31),
        ("1_000", 1000), ("08", 8), (".5", 0.5), ("-.5", -0.5), ("18446744073709551616", 2.0**64), ("True", True),
        (".inf", math.inf), ("-.Inf", -math.inf), ("!!float 3", 3), ("!!str 3", "3"), ("'1e3'", "1e3"),
        ("yes", "yes"), ("off", "off"), ("1:30", "1:30"), ("7e12345", "7e12345"), ("0x", "0x"),
        ("2020-01-01", "2020-01-01"),
        ("_1", "_1"), ("=", "="), (".", "."),
    ],
)  # fmt: skip
def test_bare_words_are_read_as_go_reads_them(written, value):
    assert constant(written) == value
    assert type(constant(written)) is (float if isinstance(value, int) and value is not True else type(value))


@pytest.mark.parametrize("word", ["1e3", "12e03", "0o17", "3", "true", ".inf"])
def test_a_text_that_is_written_as_a_bare_number_is_refused(word):
    with pytest.raises(KubeflowError, match=r"test\.yaml: invalid v2 pipeline spec"):
        parse_compiled(specs.text(specs.task("Make")).replace("sdkVersion: test", f"sdkVersion: {word}"), "test.yaml")


def test_what_is_called_a_number_and_is_none():
    with pytest.raises(KubeflowError, match="'three' is no number"):
        constant("!!int three")


NASTY = [
    "1", "-1", "+1", "0", "00", "017", "08", "0o17", "0O17", "0b11", "-0b11", "0b-1", "0x1F", "0X1f", "1_000", "0x_1",
    "1e3", "1E3", "12e03", "7e12345", "1e999", "1.", ".5", "-.5", "+.5e-3", "1.5", "1.0e+3", "685_230.15", ".inf",
    "-.Inf", "+.INF", ".nan", ".NaN", "0001e5", "18446744073709551616", "190:20:30", "-190:20:30.15", "1:30",
    "2020-01-01", "2020-1-1 10:00:00", "2020-01-01T10:00:00Z", "y", "Y", "n", "N", "yes", "Yes", "YES", "no", "on",
    "On", "off", "OFF", "true", "True", "FALSE", "null", "Null", "NULL", "~", "", " ", "=", "<<", "-", "---", "...",
    "?", ":", "a: b", "a #b", "#", "*a", "&a", "!a", "!!int 3", "%a", "@a", "`a", "{", "[", "'", '"', "a\nb\n",
    "1\n2", "  1", "1 ", "\t1", "1\t", "é", "\u2028", "\x85", "1\x00", "\ufeff", "😀", "x" * 200, "1 " * 100,
    "abc " * 60, "2.1.0", "bertline-0.1.0 tfx-1.16.0",
]  # fmt: skip
# What yaml.v3 and its elders take for something else than a text: resolve.go and encode.go's isOldBool, base60float.
GO_OTHERS = [
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?",
    r"[-+]?0[xX][0-9a-fA-F]+|[-+]?0[bB][-+]?[01]+|[-+]?0[oO]?[-+]?[0-7]+",
    r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?",
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?",
    r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)|~||null|Null|NULL|<<",
    r"(?i:true|false|y|n|yes|no|on|off)",
]


def test_every_text_is_written_so_that_every_reader_takes_it_for_one():
    documents = [{"texts": NASTY}, dict.fromkeys(NASTY, "text")]
    written = dump_documents(documents)
    assert list(yaml.safe_load_all(written)) == documents
    assert list(yaml.load_all(written, document._Loader)) == documents
    bare = [token.value for token in yaml.scan(written) if isinstance(token, yaml.ScalarToken) and token.plain]
    assert "bertline-0.1.0 tfx-1.16.0" in bare
    assert not [word for word in bare for other in GO_OTHERS if re.fullmatch(other, word.replace("_", ""))]


def test_what_is_no_text_stays_what_it_is():
    documents = [{"b": [1, 2.5, True, None, -3, 1e30], "a": {}}, {"c": "text"}]
    written = dump_documents(documents)
    assert list(yaml.safe_load_all(written)) == documents
    assert list(yaml.load_all(written, document._Loader)) == documents
    assert written.index("a:") < written.index("b:")
