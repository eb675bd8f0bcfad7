from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path

import pytest
from tfx.orchestration.kubeflow.v2 import kubeflow_v2_dag_runner as kubeflow

from components.example_gen import formats
from components.fingerprint import _closure
from pipeline.config_file import load_config
from pipeline.outside import _ENTRY_POINTS, Outside, observe
from pipeline.pipeline import build_components, build_pipeline

STEPS = [
    "TextExampleGen", "StatisticsGen", "CuratedSchema", "ExampleValidator", "DataGate",
    "LinearBaseline", "Transform", "Trainer", "ServedModel", "Evaluator", "ServingCheck", "Pusher",
]  # fmt: skip


@pytest.fixture
def config(tmp_path):
    return load_config("demo", [f"pipeline.root={tmp_path}"])


@pytest.fixture
def outside(config) -> Outside:
    return observe(config, "run-1")


def properties(config, outside) -> dict[str, dict]:
    """Every step's parameters, by which TFX caches it."""
    return {component.id: dict(component.exec_properties) for component in build_components(config, outside)}


def changed(config, outside, overrides, root) -> set[str]:
    """The steps whose own parameters differ after the overrides."""
    before = properties(config, outside)
    after = properties(load_config("demo", [f"pipeline.root={root}", *overrides]), outside)
    return {step for step in STEPS if before[step] != after[step]}


def test_the_steps_and_what_each_waits_for(config, outside):
    pipeline = build_pipeline(config, outside)
    upstream = {step.id: {node.id for node in step.upstream_nodes} for step in pipeline.components}
    assert set(upstream) == set(STEPS)
    assert upstream["Transform"] == {"TextExampleGen", "CuratedSchema", "DataGate"}
    assert upstream["LinearBaseline"] == {"TextExampleGen", "DataGate"}
    assert upstream["Trainer"] == {"Transform"}
    assert upstream["Evaluator"] == {"TextExampleGen", "LinearBaseline", "Trainer", "ServedModel"}
    assert upstream["ServingCheck"] == {"TextExampleGen", "Trainer"}
    assert upstream["Pusher"] == {"TextExampleGen", "Trainer", "Evaluator", "ServingCheck", "ServedModel"}


@pytest.mark.parametrize(
    ("override", "steps"),
    [
        ("training.epochs=3", {"Trainer"}),
        ("encoder.pooling=cls", {"Trainer"}),
        ("encoder.max_tokens=64", {"Transform", "Trainer", "Pusher"}),
        ("gates.metrics.auc.at_least=0.5", {"Evaluator"}),
        ("serving.max_p99_ms=2000", {"ServingCheck"}),
        ("serving.release='2.15'", {"ServingCheck"}),
        ("data.sample.fraction=0.5", {"TextExampleGen"}),
        ("labels.threshold=0.4", {"LinearBaseline", "Trainer", "Evaluator"}),
        ("decisions.tune=f1", {"LinearBaseline", "Trainer"}),
        ("training.at_recall=0.7", {"LinearBaseline", "Trainer"}),
        ("samples=[other]", set()),
    ],
)
def test_a_setting_changes_the_parameters_of_the_steps_that_read_it_and_of_no_other(
    config, outside, tmp_path, override, steps
):
    assert changed(config, outside, [override], tmp_path) == steps


def test_what_is_served_is_a_parameter_of_the_step_that_looks_at_it(config, outside):
    version = config.push_folder / "7"
    (version / "variables").mkdir(parents=True)
    for name in ("saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"):
        (version / name).write_bytes(b"x")
    now = observe(config, "run-1")
    before, after = properties(config, outside), properties(config, now)
    assert {step for step in STEPS if before[step] != after[step]} == {"ServedModel"}


def test_another_server_is_asked_anew(config, outside, monkeypatch, tmp_path):
    program = tmp_path / "tensorflow_model_server"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    installed = observe(config, "run-1")
    before, after = properties(config, outside), properties(config, installed)
    assert {step for step in STEPS if before[step] != after[step]} == {"ServingCheck"}
    program.write_text("#!/bin/sh\n# a newer one\n")
    assert observe(config, "run-1").server != installed.server


def test_the_code_of_the_server_is_the_checks_own(config, outside, monkeypatch):
    monkeypatch.setattr(
        "components.fingerprint.file_digest", lambda path: "x" if "serving/server" in str(path) else "y"
    )
    plain = observe(config, "run-1").code
    monkeypatch.setattr("components.fingerprint.file_digest", lambda path: "y")
    changed_server = observe(config, "run-1").code
    assert {step for step in plain if plain[step] != changed_server[step]} == {"serving_check"}


@pytest.mark.parametrize(
    ("library", "steps"),
    [
        *((library, {"serving_check"}) for library in ("grpcio", "aiohttp", "httpx", "protobuf")),
        ("numpy", {"serving_check", "data_gate", "evaluator", "linear_baseline", "trainer"}),
        ("scipy", {"data_gate", "linear_baseline", "trainer", "evaluator"}),
        ("scikit-learn", {"linear_baseline", "trainer"}),
        ("pyarrow", {"example_gen", "data_gate", "evaluator", "linear_baseline"}),
        ("apache-beam", {"example_gen", "evaluator"}),
    ],
)
def test_another_version_of_a_library_is_the_matter_of_the_steps_that_build_on_it(
    config, outside, monkeypatch, library, steps
):
    version = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "0" if name == library else version(name))
    code = observe(config, "run-1").code
    assert {step for step in code if code[step] != outside.code[step]} == steps


def test_every_reader_counts_as_code_of_the_step_that_reads():
    counted = {module for entry in _ENTRY_POINTS["example_gen"] for module in _closure(entry)}
    readers = {f"components.example_gen.formats.{file.stem}" for file in Path(formats.__path__[0]).glob("[a-z]*.py")}
    assert len(readers) > 5
    assert readers <= counted


def test_the_wires_messages_are_the_checks_own(config, outside, monkeypatch, tmp_path):
    (tmp_path / "wire.binpb").write_bytes(b"other")
    monkeypatch.setattr("pipeline.outside._WIRE", tmp_path / "wire.binpb")
    code = observe(config, "run-1").code
    assert {step for step in code if code[step] != outside.code[step]} == {"serving_check"}


def test_after_a_refusal_the_check_is_made_again(config, outside):
    def end(execution: int, mark: str) -> dict[str, dict]:
        folder = config.pipeline.home / "artifacts" / "ServingCheck" / "blessing" / str(execution)
        folder.mkdir(parents=True)
        (folder / mark).touch()
        return properties(config, observe(config, "run-1"))

    before, blessed = properties(config, outside), end(9, "INFRA_BLESSED")
    assert before == blessed
    refused = end(10, "INFRA_NOT_BLESSED")
    assert {step for step in STEPS if before[step] != refused[step]} == {"ServingCheck"}
    assert end(11, "INFRA_BLESSED") == refused  # which is cached from now on, and the refusal before it is not
    assert end(100, "INFRA_NOT_BLESSED")["ServingCheck"] not in (before["ServingCheck"], refused["ServingCheck"])


def test_the_readme_names_every_step(config, outside):
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    table = readme.partition("| step | what it does |\n")[2].partition("\n\n")[0]
    named = {name for row in table.splitlines()[1:] for name in row.split("|")[1].strip().split(", ")}
    assert named == {component.id for component in build_components(config, outside)}


def test_a_push_is_never_cached(config, outside):
    before, after = properties(config, outside), properties(config, observe(config, "run-2"))
    assert {step for step in STEPS if before[step] != after[step]} == {"Pusher"}


def test_a_changed_file_under_an_unchanged_name_is_ingested_anew(tmp_path):
    data = tmp_path / "reviews.csv"
    data.write_text("text,label\ngood,pos\n")
    config = load_config("demo", ["data.source=files", f"data.path={data}"])
    before = observe(config, "r").data
    data.write_text("text,label\nbad,pos\n")
    assert observe(config, "r").data != before


def test_it_compiles_for_kubeflow_without_what_an_open_source_cluster_cannot_run(config, outside, tmp_path):
    file = tmp_path / "pipeline.json"
    runner = kubeflow.KubeflowV2DagRunner(
        config=kubeflow.KubeflowV2DagRunnerConfig(default_image="bertline", use_pipeline_spec_2_1=True),
        output_filename=str(file),
    )
    runner.run(build_pipeline(config, outside))
    spec = json.loads(file.read_text())["pipelineSpec"]
    executors = spec["deploymentSpec"]["executors"]
    assert len(executors) == len(STEPS)
    assert all(set(executor) == {"container"} for executor in executors.values())
    assert not any("lifecycle" in executor["container"] for executor in executors.values())
