from __future__ import annotations

import json
import subprocess
import sys

import pytest
import yaml
from click.testing import CliRunner

from pipeline.cli import main


def bertline(*arguments: str):
    return CliRunner().invoke(main, list(arguments))


def test_help_names_the_verbs():
    result = bertline("--help")
    assert result.exit_code == 0
    assert "run" in result.output
    assert "config" in result.output


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["config", "show", "imdb"]])
def test_what_does_no_work_imports_no_tensorflow(arguments):
    code = (
        "import sys\nfrom pipeline.cli import main\n"
        f"try: main({arguments!r})\nexcept SystemExit as end: assert end.code == 0, end.code\n"
        "heavy = {'tensorflow', 'tfx', 'apache_beam', 'pandas'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_config_show_prints_the_resolved_configuration():
    result = bertline("config", "show", "imdb", "--set", "training.epochs=4")
    assert result.exit_code == 0
    shown = yaml.safe_load(result.output)
    assert shown["training"]["epochs"] == 4
    assert shown["encoder"]["truncation"] == "head_tail"


def test_config_list_prints_the_tasks():
    assert "demo" in bertline("config", "list").output.splitlines()


def test_a_bad_setting_is_one_clear_error_and_exit_code_2():
    result = bertline("config", "show", "imdb", "--set", "training.epochz=4")
    assert result.exit_code == 2
    assert "training.epochz is no setting; did you mean epochs?" in result.output
    assert "Traceback" not in result.output


def test_a_run_that_cannot_begin_says_why_on_the_terminal_and_in_the_summary(tmp_path):
    summary = tmp_path / "summary.json"
    result = bertline(
        "run", "imdb", "--set", f"data.path={tmp_path}/nowhere", "--set", f"pipeline.root={tmp_path}",
        "--summary", str(summary),
    )  # fmt: skip
    assert result.exit_code == 2
    assert "data.path" in result.output
    assert "nowhere" in result.output
    assert "Traceback" not in result.output
    written = json.loads(summary.read_text())
    assert written["verdict"] == "STOPPED"
    assert "nowhere" in written["reasons"][0]
    assert not (tmp_path / "imdb").exists()


def test_a_summary_that_cannot_be_written_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    result = bertline("run", "demo", "--set", f"pipeline.root={tmp_path}", "--summary", f"{tmp_path}/file/s.json")
    assert result.exit_code == 2
    assert "--summary" in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("verdict", "exit_code"), [("PUSHED", 0), ("UNCHANGED", 0), ("NOT BLESSED", 3), ("STOPPED", 1)]
)
def test_the_exit_code_is_the_verdicts(monkeypatch, verdict, exit_code):
    from pipeline import local_run
    from pipeline.verdict import Outcome, Verdict

    monkeypatch.setattr(local_run, "run", lambda config, summary: Outcome(Verdict(verdict), ["reason"]))
    assert bertline("run", "demo").exit_code == exit_code


@pytest.fixture
def layer(tmp_path):
    """A file of settings."""
    path = tmp_path / "layer.yaml"
    path.write_text(f"pipeline: {{root: {tmp_path}/runs}}\ntraining: {{epochs: 7, seed: 7}}\n")
    return path


def test_layers_lie_over_the_task_and_below_the_overrides(layer, tmp_path):
    other = tmp_path / "other.yaml"
    other.write_text("training: {batch_size: 7}\n")
    result = bertline(
        "config", "show", "imdb", "--set", "training.seed=8", "--with", str(layer), "--with", str(other)
    )  # fmt: skip
    assert result.exit_code == 0
    shown = yaml.safe_load(result.output)
    assert (shown["training"]["epochs"], shown["training"]["seed"], shown["training"]["batch_size"]) == (7, 8, 7)
    assert shown["pipeline"] == {"name": "imdb", "root": f"{tmp_path}/runs"}


def test_a_run_gets_the_layers(monkeypatch, layer):
    from pipeline import local_run
    from pipeline.verdict import Outcome, Verdict

    epochs = []

    def run(config, summary):
        epochs.append(config.training.epochs)
        return Outcome(Verdict.PUSHED, ["reason"])

    monkeypatch.setattr(local_run, "run", run)
    assert bertline("run", "demo", "--with", str(layer)).exit_code == 0
    assert epochs == [7]


@pytest.mark.parametrize("verb", [["run"], ["config", "show"], ["serve"]])
def test_a_bad_layer_is_one_clear_error_and_exit_code_2(tmp_path, verb):
    (tmp_path / "empty.yaml").write_text("")
    for name, says in (("gone.yaml", "there is no such file"), ("empty.yaml", "but is empty")):
        result = bertline(*verb, "demo", "--with", str(tmp_path / name))
        assert result.exit_code == 2
        assert result.output.startswith(f"error: --with {tmp_path / name}")
        assert says in result.output
        assert "Traceback" not in result.output


def test_a_run_with_a_bad_layer_says_so_in_the_summary(tmp_path):
    summary = tmp_path / "summary.json"
    result = bertline("run", "demo", "--with", str(tmp_path / "gone.yaml"), "--summary", str(summary))
    assert result.exit_code == 2
    assert "gone.yaml" in json.loads(summary.read_text())["reasons"][0]


def test_layers_go_with_a_task_only(layer, tmp_path):
    result = bertline("serve", str(tmp_path), "--with", str(layer))
    assert result.exit_code == 2
    assert f"error: --set and --with change a task's settings, but {tmp_path} is no task" in result.output


def test_what_a_task_with_layers_pushes_is_what_is_served(layer, tmp_path):
    result = bertline("serve", "demo", "--with", str(layer))
    assert result.exit_code == 2
    assert f"nothing is served yet in {tmp_path / 'runs' / 'demo' / 'served'}" in result.output
