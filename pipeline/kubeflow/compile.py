"""From a task to the file that Kubeflow Pipelines takes: two YAML documents, the same for the same configuration.

TFX compiles the graph; what it leaves out is added here: the tasks Observe, Report and Verdict, parameters that are
known only when the pipeline runs, per-task caching, retries and resources, and the document of Kubernetes' own
settings.
"""

from __future__ import annotations

import warnings
from importlib import metadata
from pathlib import Path
from typing import Any

from tfx.orchestration.kubeflow.v2 import kubeflow_v2_dag_runner as tfx_kubeflow

from components.beam_engine import BEAM_ARGS
from pipeline.config import Config
from pipeline.kubeflow import tasks, wiring
from pipeline.kubeflow.document import Compiled, dump_documents, parse_compiled, read_compiled
from pipeline.kubeflow.errors import KubeflowError
from pipeline.kubeflow.extra_tasks import add_observe, add_report, add_verdict, keep_reports
from pipeline.kubeflow.places import check_places
from pipeline.kubeflow.platform import platform_document
from pipeline.kubeflow.rules import check
from pipeline.kubeflow.settings import Kubeflow
from pipeline.kubeflow.version import sdk_version
from pipeline.outside import unobserved
from pipeline.pipeline import build_pipeline

_COMPILED_BY = "compiled by"
STEP_COMMAND = ["python", "-m", "pipeline.kubeflow.container.step"]


def compile_pipeline(config: Config) -> Compiled:
    """The compiled pipeline of a task, which the backend's own rules let pass.

    Raises:
        ConfigError: there is no such schema.
        KubeflowError: the section `kubeflow` lacks something, a path lies on no volume of the cluster, or what comes
            out could not be run.
    """
    cluster = _cluster(config)
    check_places(config, cluster)
    _check_name(config.pipeline.name)
    spec = _pipeline_spec(config, str(cluster.image))
    add_observe(spec, config, str(cluster.image))
    _wire(spec, config)
    add_report(spec, config, str(cluster.image))
    add_verdict(spec, str(cluster.image))
    if cluster.reports is not None:
        keep_reports(spec, cluster.reports)
    tasks.equip(spec, cluster)
    _name(spec, config, cluster)
    compiled = parse_compiled(_to_yaml(config, spec, platform_document(cluster, sorted(_tasks(spec)))), "the pipeline")
    check(compiled)
    return compiled


def write_compiled(compiled: Compiled, path: Path) -> None:
    """Writes the file. Raises KubeflowError where that cannot be done."""
    if path.suffix not in (".yaml", ".yml"):
        raise KubeflowError(f"--output {path}: kfp takes files that end in .yaml; name it so")
    if path.exists() and not _is_compiled(path):
        raise KubeflowError(f"--output {path}: there is a file that is no compiled pipeline; name another one")
    try:
        path.write_text(compiled.text, encoding="utf-8")
    except OSError as error:
        raise KubeflowError(f"--output {path} cannot be written: {error.strerror}; name another file") from error


def _is_compiled(path: Path) -> bool:
    try:
        read_compiled(path)
    except KubeflowError:
        return path.is_file() and _COMPILED_BY in path.read_text(encoding="utf-8", errors="replace").partition("\n")[0]
    return True


def _check_name(name: str) -> None:
    if "_" in name or name.endswith("-"):
        fitting = name.replace("_", "-").strip("-")
        raise KubeflowError(f"pipeline.name is {name}, which is no name on Kubernetes; call it {fitting}")


def _cluster(config: Config) -> Kubeflow:
    if config.kubeflow is None:
        raise KubeflowError(
            "the section kubeflow is missing; lay a cluster's file over the task, as in --with kubeflow/cluster.yaml"
        )
    if config.kubeflow.image is None:
        raise KubeflowError("kubeflow.image is missing; set it to bertline's image, REGISTRY/NAME@sha256:DIGEST")
    return config.kubeflow


def _pipeline_spec(config: Config, image: str) -> dict[str, Any]:
    """What TFX compiles, without the folders of this machine that it puts beside the spec."""
    pipeline = build_pipeline(config, unobserved(config), beam_pipeline_args=list(BEAM_ARGS))
    settings = tfx_kubeflow.KubeflowV2DagRunnerConfig(
        default_image=image, default_commands=STEP_COMMAND, use_pipeline_spec_2_1=True
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TFX's own deprecations
        return tfx_kubeflow.KubeflowV2DagRunner(settings).run(pipeline, write_out=False)["pipelineSpec"]


def _wire(spec: dict[str, Any], config: Config) -> None:
    """Connects what is known only when the pipeline runs, and declares the pipeline's parameters."""
    spec["root"]["inputDefinitions"] = {
        "parameters": {given.name: given.definition() for given in wiring.parameters(config)}
    }
    for wire in wiring.wires(config):
        task, component = _tasks(spec)[wire.step], spec["components"][wire.step]
        task["inputs"]["parameters"][wire.input] = wire.source.source()
        component["inputDefinitions"]["parameters"][wire.input] = {"parameterType": wire.source.type}
        if wire.key is not None:
            container = spec["deploymentSpec"]["executors"][f"{wire.step}_executor"]["container"]
            container["args"].append(wire.argument)
    for task in _tasks(spec).values():
        _add_dependencies(task)


def _add_dependencies(task: dict[str, Any]) -> None:
    """Names the producers of a task's parameters among the tasks that it waits for, as kfp's own compiler does."""
    produced = [source.get("taskOutputParameter") for source in task.get("inputs", {}).get("parameters", {}).values()]
    producers = {source["producerTask"] for source in produced if source}
    if producers:
        task["dependentTasks"] = sorted({*task.get("dependentTasks", ()), *producers})


def _name(spec: dict[str, Any], config: Config, cluster: Kubeflow) -> None:
    spec["pipelineInfo"] = {"name": config.pipeline.name, "description": f"bertline: {config.pipeline.name}"}
    spec["sdkVersion"] = f"{sdk_version()} tfx-{metadata.version('tfx')}"
    if cluster.pipeline_root is not None:
        spec["defaultPipelineRoot"] = cluster.pipeline_root


def _tasks(spec: dict[str, Any]) -> dict[str, Any]:
    return spec["root"]["dag"]["tasks"]


def _to_yaml(config: Config, spec: dict[str, Any], platform: dict[str, Any]) -> str:
    given = "".join(f"#   {each.name} ({each.description}): {each.default}\n" for each in wiring.parameters(config))
    head = (
        f"# {config.pipeline.name}, {_COMPILED_BY} {sdk_version()}.\n"
        f"# Parameters of a run, with their defaults:\n{given}"
        "# Everything else, thresholds among it, is compiled in: change the configuration and compile anew.\n"
    )
    return head + dump_documents([spec, platform])
