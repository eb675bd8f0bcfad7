from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from components.encoders.fingerprint import encoder_digest
from components.errors import BertlineError, ConfigError
from components.example_gen.fingerprint import data_digest
from components.model_folder import NOTHING_SERVED
from pipeline.kubeflow.compile import compile_pipeline
from pipeline.kubeflow.container import observe
from tests.pipeline.kubeflow.clusters import local
from tests.tiny_encoder import write_tiny_encoder


def settings(config) -> dict:
    """What the compiled pipeline gives to Observe, with the defaults of the run's parameters."""
    compiled = compile_pipeline(config)
    sources = compiled.spec.root.dag.tasks["Observe"].inputs.parameters
    given = compiled.spec.root.input_definitions.parameters
    defaults = {
        name: spec.default_value.number_value or spec.default_value.string_value for name, spec in given.items()
    }
    compiled_in = {name: sources[name].runtime_value.constant.string_value for name in ("settings", "record")}
    return {**compiled_in, "run": "run-1", **defaults}


def executor_input(folder: Path, parameters: dict, outputs: list[str]) -> str:
    files = {name: {"outputFile": str(folder / name)} for name in outputs}
    return json.dumps({"inputs": {"parameterValues": parameters}, "outputs": {"parameters": files}})


@pytest.fixture
def spanned(tmp_path):
    """A task whose volume has two spans."""
    for number in (1, 2):
        folder = tmp_path / "models" / f"span-{number}"
        folder.mkdir(parents=True)
        (folder / "reviews.csv").write_text(f"text,label\ngood {number},pos\nbad,neg\n")
    pattern = f"{tmp_path}/models/span-{{SPAN}}/*.csv"
    return local(tmp_path, f"data={{source: files, path: '{pattern}', max_characters: 30000}}")


def test_it_sees_what_a_run_on_this_machine_would_see(tmp_path):
    config = local(tmp_path)
    seen = observe.observe(settings(config))
    assert seen == {
        "data": data_digest(config.data.model_dump(mode="json")),
        "encoder": encoder_digest(config.encoder.handle),
        "served": NOTHING_SERVED,
    }


def test_the_latest_span_is_found_as_the_run_begins(spanned):
    parameters = settings(spanned)
    seen = observe.observe(parameters)
    assert seen["span"] == 2
    earlier = observe.observe(parameters | {"span": "1"})
    assert earlier["span"] == 1
    assert earlier["data"] != seen["data"]


def test_what_it_sees_goes_to_the_files_of_its_outputs(tmp_path, spanned, capsys):
    outputs = tmp_path / "outputs"
    outputs.mkdir()
    given = executor_input(outputs, settings(spanned), ["data", "encoder", "served", "span", "record"])
    assert observe.main(["--executor-input", given]) == 0
    assert (outputs / "span").read_text() == "2"
    assert (outputs / "served").read_text() == NOTHING_SERVED
    assert f"served: {NOTHING_SERVED}" in capsys.readouterr().out
    record = json.loads((outputs / "record").read_text())
    assert (record["pipeline"], record["run_id"]) == ("demo", "run-1")
    assert record["config"]["training"]["epochs"] == 1
    assert set(record["versions"]) == {"tfx", "tensorflow", "bertline"}
    assert record["outside"] == observe.observe(settings(spanned))


def test_a_run_is_recorded_with_its_own_parameters(spanned):
    given = settings(spanned) | {"epochs": 3, "span": "1", "encoder": "other"}
    config = observe.record_of(given)["config"]
    assert (config["training"]["epochs"], config["data"]["span"], config["encoder"]["handle"]) == (3, "1", "other")


def test_a_run_that_begins_is_on_record_and_one_that_cannot_is_reported(spanned, tmp_path, drawn):
    kept, outputs = tmp_path / "reports", tmp_path / "outputs"
    outputs.mkdir()
    given = executor_input(outputs, settings(spanned), ["data", "encoder", "served", "span", "record"])
    assert observe.main(["--executor-input", given, f"--reports={kept}"]) == 0
    begun = json.loads((kept / "demo" / "run-1" / "run.json").read_text())
    assert begun["verdict"] == "STOPPED"
    assert "has not come to its end" in begun["reasons"][0]
    assert drawn == []
    wrong = executor_input(outputs, settings(spanned) | {"span": "7"}, [])
    assert observe.main(["--executor-input", wrong, f"--reports={kept}"]) == 1
    [(run, outcome, record, page)] = drawn
    assert page == kept / "demo" / "run-1" / "report.html"
    assert [(step.name, step.state) for step in run.steps] == [("Observe", "failed")]
    assert "data.span is 7" in outcome.reasons[0]
    assert record["verdict"] == "STOPPED"


def test_another_encoder_is_another_encoder(tmp_path):
    encoder = write_tiny_encoder(tmp_path / "encoder")
    parameters = settings(local(tmp_path))
    assert observe.observe(parameters | {"encoder": str(encoder)})["encoder"] != observe.observe(parameters)["encoder"]


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"epochs": 0}, ["training.epochs is 0"]),
        ({"encoder": "nowhere"}, ["encoder.handle is 'nowhere'"]),
        ({"span": "seven"}, ["data.span", "seven"]),
        ({"span": "7"}, ["data.span is 7", "1, 2"]),
    ],
)
def test_a_run_of_wrong_parameters_is_told_at_once(spanned, tmp_path, capsys, parameters, says):
    given = settings(spanned) | parameters
    with pytest.raises(BertlineError) as refusal:
        observe.observe(given)
    for words in says:
        assert words in str(refusal.value)
    assert observe.main(["--executor-input", executor_input(tmp_path, given, [])]) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert "Traceback" not in told


def test_another_encoder_does_not_go_with_a_vocabulary_that_is_compiled_in(tmp_path):
    vocabulary = tmp_path / "models" / "vocab.txt"
    vocabulary.parent.mkdir()
    vocabulary.write_text("[PAD]\n")
    encoder = write_tiny_encoder(tmp_path / "encoder")
    parameters = settings(local(tmp_path, f"encoder.vocab_file={vocabulary}"))
    with pytest.raises(ConfigError, match=r"vocab_file .* is compiled in"):
        observe.observe(parameters | {"encoder": str(encoder)})


@pytest.mark.parametrize("harm", ["a file", "not to be written"])
def test_a_volume_that_nothing_can_be_pushed_to_is_told_before_anything_is_trained(tmp_path, harm):
    parameters = settings(local(tmp_path))
    served = tmp_path / "models" / "demo"
    if harm == "a file":
        served.write_text("")
    elif os.geteuid() == 0:
        pytest.skip("root writes everywhere")
    else:
        served.mkdir(mode=0o555)
    with pytest.raises(ConfigError, match=rf"push.folder: {served} cannot be used by the user {os.geteuid()}"):
        observe.observe(parameters)


def test_data_that_is_not_there_is_told_at_once(spanned, tmp_path):
    parameters = settings(spanned)
    for file in tmp_path.glob("models/span-*/*.csv"):
        file.unlink()
    with pytest.raises(BertlineError, match=r"data\.path"):
        observe.observe(parameters)
