"""Compiling without what TensorFlow and TFX print as they are imported."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.config import Config
from pipeline.display import busy
from pipeline.quiet import logging_to

if TYPE_CHECKING:
    from pipeline.kubeflow.document import Compiled


def compile_quietly(config: Config) -> Compiled:
    """The compiled pipeline, as `compile.compile_pipeline` gives it. Raises BertlineError."""
    doing = f"compiling {config.pipeline.name}"
    with tempfile.TemporaryDirectory() as folder, logging_to(Path(folder, "log")) as console, busy(console, doing):
        from pipeline.kubeflow.compile import compile_pipeline

        return compile_pipeline(config)
