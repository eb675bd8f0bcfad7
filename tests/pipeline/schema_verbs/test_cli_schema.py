"""The verbs as users call them; the data is read by a stand-in for the ingest step."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components.curated_schema import statistics as statistics_module
from components.curated_schema.infer import infer
from components.errors import DataError
from pipeline.cli_schema import schema_group
from pipeline.schema_verbs import infer as infer_verb
from pipeline.schema_verbs import measured
from tests.components.curated_schema.examples import rows_of
from tests.components.data_gate.profiles import statistics


def _statistics(labels):
    examples = list(rows_of(200, labels))
    return {"train": statistics(**{name: [row[name] for row in examples] for name in examples[0]})}


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs `bertline schema` for a task whose data has these labels; gives the result of the command."""
    task = tmp_path / "task.yaml"
    task.write_text(
        f"pipeline: {{name: mine, root: {tmp_path}}}\n"
        "data: {source: files, path: a.csv, max_characters: 2000}\n"
        f"schema: {tmp_path / 'schema.pbtxt'}\n"
        "labels: {names: [neg, pos]}\n"
        "gates: {metrics: {auc: {at_least: 0.5}}}\n"
    )

    def run(verb, *options, labels=("neg", "pos"), refusal=None):
        read = SimpleNamespace(examples=_statistics(list(labels)), refusal=refusal)
        monkeypatch.setattr(measured, "ingested", lambda *_: read)
        monkeypatch.setattr(statistics_module, "statistics_of", lambda examples: examples)
        return CliRunner().invoke(schema_group, [verb, str(task), *options])

    return run


def test_infer_prints_a_schema(run):
    result = run("infer")
    assert result.exit_code == 0, result.output
    parsed = text_format.Parse(result.output, schema_pb2.Schema())
    assert [feature.name for feature in parsed.feature][:2] == ["text", "label"]


def test_infer_writes_a_file_which_diff_then_agrees_with(run, tmp_path, capfd):
    assert run("infer", "--output", str(tmp_path / "schema.pbtxt")).exit_code == 0
    result = run("diff")
    assert result.exit_code == 0, result.output
    assert "The data is what the schema" in capfd.readouterr().out


def test_diff_exits_with_1_where_a_run_would_stop(run, tmp_path, capfd):
    text = infer(_statistics(["neg", "pos"]), "binary", ["neg", "pos"], 2000, "mine")
    (tmp_path / "schema.pbtxt").write_text(text)
    result = run("diff", labels=("neg", "meh"))
    assert result.exit_code == 1
    printed = capfd.readouterr().out
    assert "The data has what the schema forbids" in printed
    assert '"meh"' in printed


def test_a_schema_that_is_not_there_is_a_mistake(run):
    result = run("diff")
    assert result.exit_code == 2
    assert "no such file" in result.output


def test_standard_output_holds_nothing_but_the_schema(run, capfd):
    said = "too many bad rows: 12 of 100 [more than data.max_bad_rows], " + "which is a long sentence " * 5
    result = run("infer", refusal=DataError(said))
    assert result.exit_code == 0, result.output
    assert text_format.Parse(result.stdout, schema_pb2.Schema()).feature
    printed = capfd.readouterr()
    assert printed.out == ""
    assert f"a run would stop at this data: {said}" in printed.err


def test_diff_exits_with_1_where_a_guard_would_stop_the_run(run, tmp_path, capfd):
    (tmp_path / "schema.pbtxt").write_text(infer(_statistics(["neg", "pos"]), "binary", ["neg", "pos"], 2000, "mine"))
    assert run("diff", refusal=DataError("too many bad rows")).exit_code == 1
    assert "a run would stop at this data: too many bad rows" in capfd.readouterr().out


def test_a_file_is_overwritten_only_where_that_is_asked_for(run, tmp_path):
    file = tmp_path / "schema.pbtxt"
    file.write_text("curated")
    result = run("infer", "--output", str(file))
    assert result.exit_code == 2
    assert "is there already; give another path, or --force" in result.output
    assert file.read_text() == "curated"
    assert run("infer", "--output", str(file), "--force").exit_code == 0
    assert file.read_text() != "curated"


def test_a_file_that_cannot_be_written_is_refused_before_any_work(run, tmp_path, monkeypatch):
    monkeypatch.setattr(infer_verb, "measure", lambda *_: pytest.fail("the data was read"))
    result = run("infer", "--output", str(tmp_path / "nowhere" / "schema.pbtxt"))
    assert result.exit_code == 2
    assert "there is no folder" in result.output
