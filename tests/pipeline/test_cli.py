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
