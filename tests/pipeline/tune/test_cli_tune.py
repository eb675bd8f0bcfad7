from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner

from components.errors import ConfigError
from pipeline.cli_tune import tune_command
from pipeline.tune import tune as tuning


def bertline_tune(*arguments: str):
    return CliRunner().invoke(tune_command, list(arguments))


@pytest.mark.parametrize("code", [0, 1, 130])
def test_the_exit_code_is_the_searchs(monkeypatch, tmp_path, code):
    asked = []
    monkeypatch.setattr(tuning, "tune", lambda config, options: asked.append((config, options)) or code)
    result = bertline_tune(
        "demo",
        "--set",
        "training.seed=7",
        "--trials",
        "3",
        "--timeout",
        "60",
        "--storage",
        "x.db",
        "--output",
        "y.yaml",
    )
    assert result.exit_code == code
    [(config, options)] = asked
    assert config.training.seed == 7
    assert (options.trials, options.timeout, options.storage) == (3, 60.0, "x.db")
    assert str(options.output) == "y.yaml"


def test_what_cannot_begin_is_one_clear_error(monkeypatch):
    def refuse(config, options):
        raise ConfigError("--output names no file")

    monkeypatch.setattr(tuning, "tune", refuse)
    result = bertline_tune("demo")
    assert result.exit_code == 2
    assert "error: --output names no file" in result.output
    assert bertline_tune("nope").exit_code == 2
    assert bertline_tune("demo", "--trials", "0").exit_code == 2


def test_a_password_in_the_environment_is_taken_and_not_shown(monkeypatch):
    asked = []
    monkeypatch.setattr(tuning, "tune", lambda config, options: asked.append(options) or 0)
    url = "postgresql://me:hunter2@db/trials"
    result = CliRunner().invoke(tune_command, ["demo"], env={"BERTLINE_TUNE_STORAGE": url})
    assert asked[0].storage == url
    help_ = CliRunner().invoke(tune_command, ["--help"], env={"BERTLINE_TUNE_STORAGE": url})
    assert "hunter2" not in result.output + help_.output
    assert "training.dropout: {low: 0.0, high: 0.3, step: 0.1}" in help_.output


def test_help_imports_neither_tensorflow_nor_optuna():
    code = (
        "import sys\nfrom pipeline.cli_tune import tune_command\n"
        "try: tune_command(['--help'])\nexcept SystemExit as end: assert end.code == 0\n"
        "heavy = {'tensorflow', 'tfx', 'optuna', 'sqlalchemy'} & set(sys.modules)\nassert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
