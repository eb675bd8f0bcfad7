"""What a run depends on that lies outside its graph, as fingerprints: TFX caches a step by its parameters.

A step whose data, encoder, schema, served model or own code has changed must run again, though its inputs have not.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from components.encoders.fingerprint import encoder_digest
from components.example_gen.fingerprint import data_digest
from components.fingerprint import code_digest, json_digest
from components.model_folder import state_digest
from pipeline.config import Config
from pipeline.schema_file import read_schema
from serving.launch import TENSORFLOW_MODEL_SERVER, find_server

# Where each step of ours begins. Everything of its own package that a module imports counts as the step's code.
_ENTRY_POINTS = {
    "example_gen": ("components.example_gen.executor",),
    "data_gate": ("components.data_gate.executor",),
    "transform": ("components.transform.preprocessing",),
    "trainer": ("components.trainer.run",),
    "served_model": ("components.served_model.executor",),
    "evaluator": ("components.evaluator.executor",),
    "serving_check": ("components.serving_check.executor", "serving.launch", "serving.server.__main__"),
}
# What computes a step's results beside our code: another version may give others.
_BUILT_ON = ("tfx", "tensorflow", "tensorflow-text", "tensorflow-transform", "tensorflow-model-analysis", "tf-keras")


@dataclasses.dataclass(frozen=True)
class Outside:
    """The outside of a run when it began."""

    run_id: str
    schema: str
    data: str
    encoder: str
    served: str
    code: dict[str, str]
    server: str


def observe(config: Config, run_id: str) -> Outside:
    """Fingerprints everything outside. Raises BertlineError where something that the run needs is not there."""
    return Outside(
        run_id=run_id,
        schema=read_schema(config),
        data=data_digest(config.data.model_dump(mode="json")),
        encoder=encoder_digest(config.encoder.handle, config.encoder.vocab_file),
        served=state_digest(config.push_folder),
        code={step: _digest(modules) for step, modules in _ENTRY_POINTS.items()},
        server=_server_digest(),
    )


def _digest(modules: Sequence[str]) -> str:
    return json_digest([code_digest(module, _BUILT_ON) for module in modules])


def _server_digest() -> str:
    """Fingerprint of the server that a serving check would start, beside our own code."""
    program = Path(find_server()[0])
    if program.name != TENSORFLOW_MODEL_SERVER:
        return ""
    return json_digest([str(program), program.stat().st_size, program.stat().st_mtime_ns])
