"""What must hold in the finished image: commands that must succeed as its user, and paths that must not be there."""

from __future__ import annotations

_PACKAGES = "components, schema, serving, serving.client, serving.server, pipeline, pipeline.pipeline, pipeline.cli"
_STACK = "tensorflow_text, tensorflow_model_analysis, tensorflow_data_validation, apache_beam, kfp, kfp.kubernetes"

_PACKAGE_DATA = """
from importlib.resources import files
data = {"pipeline": "configs/imdb.yaml", "schema": "imdb/schema.pbtxt", "serving": "protos/wire.binpb"}
for package, file in data.items():
    assert files(package).joinpath(file).is_file(), f"{package}/{file} is missing"
"""

_ENCODER = """
import os
from pathlib import Path
from components.encoders.resolve import resolve_encoder
baked = Path("/opt/bertline/encoder")
if baked.is_symlink():
    assert resolve_encoder("all-MiniLM-L6-v2") == baked.resolve(), baked.resolve()
    import tensorflow as tf
    assert tf.saved_model.load(str(baked)).variables
assert not os.path.lexists("/tmp/encoders")
"""

_BYTE_CODE = """
import importlib.util, os, pipeline.config, numpy, tfx
for module in (pipeline.config, numpy, tfx):
    assert os.path.exists(importlib.util.cache_from_source(module.__file__)), module
"""

_READ_ONLY = """
for folder in / /opt/bertline /opt/venv/bin /etc /var/tmp /minio; do
    if touch "$folder/probe" 2>/dev/null; then echo "$folder can be written" >&2; exit 1; fi
done
test "$(id -u):$(id -g)" = 10001:10001
"""

CHECKS: dict[str, list[str]] = {
    "bertline --version": ["bertline", "--version"],
    "health check": ["/opt/bertline/health"],
    "package data": ["python", "-c", _PACKAGE_DATA],
    "byte code": ["python", "-c", _BYTE_CODE],
    "imports": ["python", "-c", f"import {_PACKAGES}; import {_STACK}"],
    "encoder, without a write": ["python", "-c", _ENCODER],
    "a step's entry point": ["python", "-m", "pipeline.kubeflow.container.step", "--help"],
    "read-only, as 10001": ["/bin/sh", "-c", _READ_ONLY],
}

# Compilers, caches, package lists and pip.
ABSENT = (
    "usr/bin/*gcc*",
    "usr/bin/*g++*",
    "usr/bin/cc",
    "root/.cache/*",
    "var/lib/apt/lists/*",
    "opt/venv/bin/pip*",
    "opt/pip",
    "src",
    "opt/venv/lib/python3.*/site-packages/tests",
    "opt/venv/lib/python3.*/site-packages/pip",
)
