"""What setup.py asks for is what the code imports, with and without the pipeline's stack."""

from __future__ import annotations

import ast
import re
import runpy
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import setuptools

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def settings() -> dict:
    """What setup.py gives to setuptools."""
    with pytest.MonkeyPatch.context() as patch:
        given = {}
        patch.setattr(setuptools, "setup", given.update)
        runpy.run_path(str(ROOT / "setup.py"))
    return given


def names(requirements) -> set[str]:
    return {_normalised(re.split(r"[^\w.-]", requirement)[0]) for requirement in requirements}


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported(folder: str) -> set[str]:
    """The top-level modules that a package imports, but for the standard library and our own."""
    found = set()
    for file in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module)
    ours = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    return {name.partition(".")[0] for name in found} - sys.stdlib_module_names - ours


def owners(module: str) -> set[str]:
    """The distributions that a module may be from; one of its own name where their metadata does not tell."""
    known = {**metadata.packages_distributions(), **_UNTOLD}
    return {_normalised(name) for name in known.get(module, [module])}


# What importlib.metadata of Python 3.10 does not find, since the wheel has no top_level.txt.
_UNTOLD = {"sklearn": ["scikit-learn"]}


@pytest.mark.parametrize("folder", ["components", "pipeline", "serving"])
def test_the_extra_names_every_distribution_that_is_imported(settings, folder):
    extras = settings["extras_require"]
    asked = names([*settings["install_requires"], *extras["pipeline"], *extras["wandb"]])
    assert {module for module in imported(folder) if not asked & owners(module)} == set()


@pytest.mark.parametrize("folder", ["serving/client", "serving/protos"])
def test_the_light_client_imports_what_comes_without_extras(settings, folder):
    asked = names(settings["install_requires"])
    assert {module for module in imported(folder) if not asked & owners(module)} == set()


def test_the_compiled_protos_are_installed(settings):
    files = {file for pattern in settings["package_data"]["serving"] for file in (ROOT / "serving").glob(pattern)}
    assert {file.name for file in files} >= {"wire.binpb", "tensorflow_serving.proto"}


def run_without_the_extra(settings, *arguments: str) -> subprocess.CompletedProcess:
    """The `bertline` command where `pip install bertline` is all that was done."""
    asked = names(settings["install_requires"])
    absent = {module for module in imported("components") | imported("pipeline") if not asked & owners(module)}
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({sorted(absent)!r}));"  # None stands for what is not there
        f"from pipeline.cli import main; main({list(arguments)!r}, prog_name='bertline')"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60)


def test_the_light_client_has_a_command_that_shows_its_help(settings):
    done = run_without_the_extra(settings, "--help")
    assert done.returncode == 0, done.stderr
    assert "Usage: bertline" in done.stdout


@pytest.mark.parametrize(
    "arguments", [["run", "demo"], ["serve", "demo"], ["config", "show", "demo"], ["config", "list"]]
)
def test_a_verb_of_the_pipeline_says_in_a_line_what_to_install(settings, arguments):
    done = run_without_the_extra(settings, *arguments)
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert line.startswith("error: TFX is not installed")
    assert "make setup" in line
