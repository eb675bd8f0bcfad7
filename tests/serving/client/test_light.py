"""The client is light: what it imports, and beside what."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import setuptools

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def needs() -> set[str]:
    """What the distribution asks for without its extras."""
    with pytest.MonkeyPatch.context() as patch:
        given = {}
        patch.setattr(setuptools, "setup", given.update)
        runpy.run_path(str(ROOT / "setup.py"))
    return {re.split(r"[^\w-]", requirement)[0] for requirement in given["install_requires"]}


# Only what the needs bring, with their own needs, can be found.
BLOCKER = """
import sys
from importlib import metadata
import re

def closure(names):
    found, waiting = set(), list(names)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        found.add(name)
        asked = metadata.requires(name) or []
        waiting += [re.split(r"[^\\w.-]", one)[0] for one in asked if "extra ==" not in one and one_is_here(one)]
    return found

def one_is_here(requirement):
    try:
        metadata.distribution(re.split(r"[^\\w.-]", requirement)[0])
        return True
    except metadata.PackageNotFoundError:
        return False  # for other Pythons or systems

allowed = closure(sys.argv[1].split(","))
owners = {module: {re.sub(r"[-_.]+", "-", name).lower() for name in names}
          for module, names in metadata.packages_distributions().items()}

class Blocker:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in {"serving", "pipeline", "components"}:
            if not owners.get(top, {top.replace("_", "-")}) & allowed:
                raise ModuleNotFoundError(f"{name} is no need of the light client", name=name)

sys.meta_path.insert(0, Blocker())
"""


def run_light(needs, code: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", BLOCKER + code, ",".join(sorted(needs))]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


CALL = """
from serving.client import Client, NotFound, Unavailable
for address in ("127.0.0.1:1", "http://127.0.0.1:1"):
    try:
        Client(address, "demo", retries=0).predict(["x"])
    except Unavailable as error:
        print("unavailable")
assert not {"numpy", "tensorflow", "tfx", "absl"} & set(sys.modules)
"""


def test_the_blocker_blocks(needs):
    done = run_light(needs, "import numpy")
    assert "numpy is no need of the light client" in done.stderr


def test_the_client_needs_only_what_the_distribution_asks_for(needs):
    done = run_light(needs, CALL)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["unavailable", "unavailable"]


def test_the_command_line_asks_a_server_with_as_little(needs):
    arguments = ["predict", "--model", "demo", "--server", "127.0.0.1:1", "a text"]
    done = run_light(needs, f"from pipeline.cli import main; main({arguments!r})")
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("error: 127.0.0.1:1, model 'demo': UNAVAILABLE")


def test_grpc_alone_imports_no_http_client():
    code = "import sys, serving.client; assert not {'httpx', 'numpy', 'tensorflow'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


OURS = "from serving.client import Client\n"
TENSORFLOW = "import tensorflow as tf\nfrom tensorflow_serving.apis import prediction_service_pb2_grpc\n"
USE = """
try:
    Client("127.0.0.1:1", "demo", retries=0).predict(["x"])
except Exception as error:
    assert type(error).__name__ == "Unavailable", error
assert tf.constant(1).numpy() == 1
"""


@pytest.mark.parametrize("imports", [OURS + TENSORFLOW, TENSORFLOW + OURS], ids=["before", "after"])
def test_the_client_works_beside_tensorflow(imports):
    subprocess.run([sys.executable, "-c", imports + USE], check=True, cwd=ROOT)
