"""What `make setup` takes for done: the environment of the wanted stack and locks, with or without CUDA."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "requirements" / "setup.sh"


@pytest.fixture
def venv(tmp_path) -> Path:
    """What looks like an environment that was built."""
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    (tmp_path / "venv" / "bin" / "python").symlink_to(sys.executable)
    return tmp_path / "venv"


def bash(venv: Path, commands: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs commands where the script's functions are known; nothing is built."""
    lines = SCRIPT.read_text(encoding="utf-8").splitlines()
    assert lines[-1] == "main"
    script = "\n".join([*lines[:-1], commands]).replace('"$(dirname "$0")/.."', f"'{SCRIPT.parents[1]}'")
    environment = {name: value for name, value in os.environ.items() if name not in ("STACK", "GPU")}
    return subprocess.run(
        ["bash", "-c", script],
        env={**environment, "VENV": str(venv), **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )


# Says what would be built, in place of building it.
STUBS = (
    'choose_stack() { STACK=${STACK:-A}; }; build() { echo "build $STACK $1"; }; update_project() { echo update; }; '
)


def stamp(venv: Path, stack: str, gpu: str) -> None:
    done = bash(venv, f'printf "%s\\n%s\\n" "$(stamp_of {stack} {gpu})" "$(digest_of_project)" >"$STAMP"')
    assert done.returncode == 0, done.stderr


def outcome(venv: Path, **variables: str) -> str:
    done = bash(venv, STUBS + "main", **variables)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("stack", ["A", "B"])
@pytest.mark.parametrize("gpu", ["0", "1"])
def test_what_stands_stays_where_nothing_else_is_asked_for(venv, stack, gpu):
    stamp(venv, stack, gpu)
    assert outcome(venv) == ""
    assert outcome(venv, STACK=stack, GPU=gpu) == ""


def test_cuda_is_added_and_taken_away_when_asked_for_alone(venv):
    stamp(venv, "A", "0")
    assert outcome(venv, GPU="1") == "build A 1"
    stamp(venv, "A", "1")
    assert outcome(venv, GPU="0") == "build A 0"
    assert outcome(venv, STACK="B") == "build B 1"


def test_nothing_standing_is_built_without_cuda_unless_asked_for(venv):
    assert outcome(venv) == "build A 0"
    assert outcome(venv, GPU="1") == "build A 1"


def test_an_environment_of_older_locks_is_built_anew_as_it_was(venv):
    (venv / "bertline-setup.stamp").write_text(f"A+gpu 0123 {venv}\nx\n")
    assert outcome(venv) == "build A 1"


def test_each_stack_has_its_own_locks(venv):
    listed = bash(venv, "locks_of A 1; locks_of B 0").stdout.split()
    names = ("stack-a", "gpu-a", "dev", "stack-b", "dev")
    assert listed == [f"requirements/{name}.lock" for name in names]
    assert all((SCRIPT.parents[1] / path).is_file() for path in listed)


def test_another_word_for_gpu_is_refused(venv):
    done = bash(venv, STUBS + "main", GPU="yes")
    assert done.returncode == 1
    assert "GPU is 1 or 0, not 'yes'" in done.stderr
