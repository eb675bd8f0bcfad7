"""Small pipelines written by hand: tasks that run a line of Python each."""

from __future__ import annotations

import json
from typing import Any

import yaml

from pipeline.kubeflow.document import Compiled, parse_compiled

ARTIFACT = {"artifactType": {"instanceSchema": "title: test.Thing\ntype: object\n"}}
IMAGE = "registry/team/image@sha256:" + "0" * 64
# What a step is given, for its line of Python.
PREAMBLE = """
import json, os, pathlib, sys
given = json.loads(sys.argv[1])
inputs, outputs = given.get("inputs", {}), given["outputs"]
parameters = inputs.get("parameterValues", {})
def place(uri):
    scheme, _, key = uri.partition("://")
    return pathlib.Path(os.environ["BERTLINE_MOUNT_ROOT"], {"minio": "minio", "s3": "s3", "gs": "gcs"}[scheme], key)
def source(name): return place(inputs["artifacts"][name]["artifacts"][0]["uri"])
def target(name): return place(outputs["artifacts"][name]["artifacts"][0]["uri"])
def give(name, text): pathlib.Path(outputs["parameters"][name]["outputFile"]).write_text(text)
def say(output):
    file = pathlib.Path(outputs["outputFile"])
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(output))
"""


def container(code: str, **more: Any) -> dict[str, Any]:
    """A container that runs Python code with the preamble's names."""
    return {"image": IMAGE, "command": ["python", "-c", PREAMBLE + code], "args": ["{{$}}"], **more}


def task(name: str, code: str = "", **more: Any) -> dict[str, Any]:
    """A task of its own component.

    Args:
        name: of the task, its component and (with `_executor`) its executor.
        code: what it runs.
        more: `inputs` (of the task), `parameters` (declared types by name), `artifacts` (declared names), `outputs`
            (declared types of parameters by name), `made` (names of output artifacts), `container`, `component`, `task`
            and `platform` (what is written over the parts).
    """
    declared = {key: {"parameterType": kind} for key, kind in more.get("parameters", {}).items()}
    component = {
        "executorLabel": f"{name}_executor",
        "inputDefinitions": {"parameters": declared, "artifacts": dict.fromkeys(more.get("artifacts", ()), ARTIFACT)},
        "outputDefinitions": {
            "parameters": {key: {"parameterType": kind} for key, kind in more.get("outputs", {}).items()},
            "artifacts": dict.fromkeys(more.get("made", ()), ARTIFACT),
        },
        **more.get("component", {}),
    }
    own = {"taskInfo": {"name": name}, "componentRef": {"name": name}, "inputs": more.get("inputs", {})}
    return {
        "name": name,
        "task": {**own, **more.get("task", {})},
        "component": component,
        "executor": {"container": {**container(code), **more.get("container", {})}},
        "platform": more.get("platform"),
    }


def text(*tasks: dict[str, Any], name: str = "small", **root: Any) -> str:
    """The compiled pipeline of these tasks, as two YAML documents."""
    spec = {
        "pipelineInfo": {"name": name},
        "schemaVersion": "2.1.0",
        "sdkVersion": "test",
        "deploymentSpec": {"executors": {f"{one['name']}_executor": one["executor"] for one in tasks}},
        "components": {one["name"]: one["component"] for one in tasks},
        "root": {"dag": {"tasks": {one["name"]: one["task"] for one in tasks}}, **root},
    }
    executors = {f"{one['name']}_executor": one["platform"] for one in tasks if one["platform"] is not None}
    platform = {"platforms": {"kubernetes": {"deploymentSpec": {"executors": executors}}}}
    # JSON is YAML, and shares nothing by reference.
    return yaml.safe_dump_all([json.loads(json.dumps(document)) for document in (spec, platform)])


def compiled(*tasks: dict[str, Any], **more: Any) -> Compiled:
    """The compiled pipeline of these tasks."""
    return parse_compiled(text(*tasks, **more), "test.yaml")


def constant(value: Any) -> dict[str, Any]:
    """A task's input parameter that is always the same."""
    return {"runtimeValue": {"constant": value}}


def output_parameter(producer: str, key: str) -> dict[str, Any]:
    """A task's input parameter that another task gives."""
    return {"taskOutputParameter": {"producerTask": producer, "outputParameterKey": key}}


def output_artifact(producer: str, key: str) -> dict[str, Any]:
    """A task's input artifact that another task makes."""
    return {"taskOutputArtifact": {"producerTask": producer, "outputArtifactKey": key}}
