import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
SCRIPT = REPOSITORY / "kubeflow" / "image.sh"
TOOLS = ("sed", "git", "date", "awk", "mktemp", "cat", "rm")

# Writes down how it is called, and answers as an engine would.
ENGINE = """#!/bin/sh
echo "${0##*/} $*" >> "$CALLS"
case "$1 $2" in
    "image inspect") case "$4" in *Size*) echo 3456000000 ;; *) echo registry:5000/team/bertline@sha256:abc ;; esac ;;
    push*) while [ $# -gt 0 ]; do [ "$1" = --digestfile ] && printf sha256:def > "$2"; shift; done ;;
    images*) echo 3.46 GB ;;
    from*) echo working-container ;;
esac
"""


@pytest.fixture
def programs(tmp_path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found is not None
        (folder / tool).symlink_to(found)
    return folder


def add_engine(programs: Path, name: str, text: str = ENGINE) -> None:
    file = programs / name
    file.write_text(text, encoding="utf-8")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)


def image(programs: Path, **variables: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    calls = programs / "calls"
    finished = subprocess.run(
        ["/bin/bash", str(SCRIPT)],
        env={"PATH": str(programs), "CALLS": str(calls), "HOME": str(programs), **variables},
        capture_output=True,
        text=True,
    )
    return finished, calls.read_text(encoding="utf-8").splitlines() if calls.exists() else []


def build_of(calls: list[str]) -> str:
    return next(call for call in calls if re.match(r"\w+ build ", call))


def test_it_says_so_where_there_is_no_engine(tmp_path):
    finished, _ = image(tmp_path)
    assert finished.returncode == 1
    assert "no container engine runs here: docker is not installed, podman is not installed" in finished.stderr
    assert "python -m tests.kubeflow.rootfs" in finished.stderr


def test_it_tells_an_engine_that_does_not_answer_from_one_that_is_missing(programs):
    add_engine(programs, "docker", "#!/bin/sh\nexit 1\n")
    finished, _ = image(programs)
    assert finished.returncode == 1
    assert "docker is installed but does not answer" in finished.stderr
    assert "podman is not installed" in finished.stderr


def test_it_builds_tries_and_prints_size(programs):
    add_engine(programs, "docker")
    finished, calls = image(programs)
    assert finished.returncode == 0, finished.stderr
    build = build_of(calls)
    assert "--file kubeflow/Dockerfile --target cpu --tag bertline:0.1.0-cpu" in build
    assert "--build-arg VERSION=0.1.0" in build
    assert "ENCODER" not in build
    assert "BASE" not in build
    assert any(call.startswith("docker run --rm --read-only --tmpfs /tmp") for call in calls)
    assert not [call for call in calls if "push" in call]
    assert "image: bertline:0.1.0-cpu (cpu), 3456 MB, built by docker" in finished.stdout


def test_it_builds_the_gpu_variant_without_an_encoder_on_a_pinned_base(programs):
    add_engine(programs, "docker")
    _, calls = image(programs, GPU="1", ENCODER="", BASE="debian:trixie-slim@sha256:1")
    build = build_of(calls)
    assert "--target gpu --tag bertline:0.1.0-gpu" in build
    assert re.search(r"--build-arg ENCODER= ", build)
    assert "--build-arg BASE=debian:trixie-slim@sha256:1" in build


def test_pips_settings_are_a_secret_of_the_build(programs, tmp_path):
    add_engine(programs, "docker")
    settings = tmp_path / "pip.conf"
    settings.write_text("[global]\n", encoding="utf-8")
    _, calls = image(programs, PIP_CONFIG_FILE=str(settings))
    assert f"--secret id=pip,src={settings}" in build_of(calls)


def test_it_pushes_and_prints_what_the_configuration_needs(programs):
    add_engine(programs, "docker")
    finished, calls = image(programs, IMAGE="registry:5000/team/bertline:1", PUSH="1")
    assert "docker push --quiet registry:5000/team/bertline:1" in calls
    assert finished.stdout.splitlines()[-1] == "kubeflow.image: registry:5000/team/bertline@sha256:abc"


@pytest.mark.parametrize("engine", ["podman", "buildah"])
def test_other_engines_keep_the_health_check_and_tell_the_digest(programs, engine):
    add_engine(programs, engine)
    finished, calls = image(programs, IMAGE="registry:5000/team/bertline:1", PUSH="1")
    assert finished.returncode == 0, finished.stderr
    assert "--format docker" in build_of(calls)
    assert finished.stdout.splitlines()[-1] == "kubeflow.image: registry:5000/team/bertline@sha256:def"


def test_the_named_engine_is_taken(programs):
    add_engine(programs, "docker")
    add_engine(programs, "podman")
    _, calls = image(programs, ENGINE="podman")
    assert build_of(calls).startswith("podman build")


def test_a_failing_build_fails(programs):
    add_engine(programs, "docker", ENGINE.replace('case "$1 $2" in', '[ "$1" != build ] || exit 7\ncase "$1 $2" in'))
    finished, calls = image(programs)
    assert finished.returncode == 7
    assert not [call for call in calls if call.startswith("docker run")]


def test_it_can_be_called_from_anywhere(programs, tmp_path):
    add_engine(programs, "docker")
    finished = subprocess.run(
        ["/bin/bash", os.path.relpath(SCRIPT, SCRIPT.parent)],
        cwd=SCRIPT.parent,
        env={"PATH": str(programs), "CALLS": str(tmp_path / "calls")},
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr
