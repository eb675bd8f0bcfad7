"""What a run depends on that lies outside its graph, as fingerprints: TFX caches a step by its parameters.

A step whose data, encoder, schema, served model or own code has changed must run again, though its inputs have not.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from components.encoders.fingerprint import encoder_digest
from components.example_gen.fingerprint import data_digest
from components.example_gen.spans import resolve_span
from components.fingerprint import code_digest, file_digest, json_digest
from components.model_folder import state_digest
from components.serving_check.blessing import last_refusal
from pipeline.config import Config
from pipeline.home import ARTIFACTS
from pipeline.schema_file import read_schema
from serving import protos
from serving.launch import TENSORFLOW_MODEL_SERVER, find_server

# Where each step of ours begins. Everything of its own package that a module imports counts as the step's code.
_ENTRY_POINTS = {
    # Formats are imported by their names.
    "example_gen": (
        "components.example_gen.executor",
        *(f"components.example_gen.formats.{name}" for name in ("delimited", "jsonl", "parquet", "tfrecord")),
    ),
    "data_gate": ("components.data_gate.executor",),
    "linear_baseline": ("components.linear_baseline.executor",),
    "transform": ("components.transform.preprocessing",),
    "trainer": ("components.trainer.run",),
    "served_model": ("components.served_model.executor",),
    "evaluator": ("components.evaluator.executor",),
}
_SERVING_CHECK = "serving_check"
_SERVING_ENTRY_POINTS = ("components.serving_check.executor", "serving.launch", "serving.server.__main__")
# What computes a step's results beside our code: another version may give others.
_BUILT_ON = ("tfx", "tensorflow", "tensorflow-text", "tensorflow-transform", "tensorflow-model-analysis", "tf-keras")
# What a step builds on beside that.
_ALSO_BUILT_ON = {
    "example_gen": ("apache-beam", "google-crc32c", "pyarrow"),
    "evaluator": ("apache-beam", "numpy", "pyarrow", "scipy", "tfx-bsl"),
    "data_gate": ("tensorflow-data-validation", "numpy", "pandas", "pyarrow", "scipy"),
    "linear_baseline": ("numpy", "pyarrow", "scikit-learn", "scipy"),
    "trainer": ("numpy", "scikit-learn", "scipy", "tensorflow-hub"),
}
# What a serving check's server and clients are built on beside that, and the messages that they speak in.
_SERVING_BUILT_ON = ("grpcio", "aiohttp", "httpx", "protobuf", "numpy")
_WIRE = Path(protos.__file__).with_name("wire.binpb")


@dataclasses.dataclass(frozen=True)
class Outside:
    """The outside of a run when it began. `span` is None where data.path has no {SPAN}, and `checkpoints`, where a
    training that was killed goes on from, where it cannot.
    """

    run_id: str
    schema: str
    span: int | None
    data: str
    encoder: str
    served: str
    code: dict[str, str]
    server: str
    last_refusal: str
    checkpoints: str | None


def observe(config: Config, run_id: str) -> Outside:
    """Fingerprints everything outside. Raises BertlineError where something that the run needs is not there."""
    span = resolve_span(config.data.path, config.data.span)
    return Outside(
        run_id=run_id,
        schema=read_schema(config),
        span=span,
        data=data_digest(data_settings(config, span)),
        encoder=encoder_digest(config.encoder.handle, config.encoder.vocab_file),
        served=state_digest(config.push_folder),
        code={step: _step_code(step) for step in _ENTRY_POINTS} | _serving_code(),
        server=_server_digest(),
        last_refusal=last_refusal(artifacts_folder(config)),
        checkpoints=config.checkpoints_folder,
    )


def unobserved(config: Config) -> Outside:
    """The outside of a pipeline that is compiled here and run elsewhere: the schema, which is compiled in.

    The rest is observed by a step of every run (see `pipeline.kubeflow.wiring`), and the code is the image's, by whose
    digest Kubeflow caches. Raises ConfigError where there is no schema.
    """
    return Outside(
        run_id="",
        schema=read_schema(config),
        span=None,
        data="",
        encoder="",
        served="",
        code=dict.fromkeys((*_ENTRY_POINTS, _SERVING_CHECK), ""),
        server="",
        last_refusal="",
        checkpoints=config.training.checkpoints,
    )


def data_settings(config: Config, span: int | None) -> dict[str, Any]:
    """The section `data` as plain values, with the span that is read in place of the latest."""
    return config.data.model_dump(mode="json") | ({} if span is None else {"span": span})


def artifacts_folder(config: Config) -> Path:
    """Where TFX puts what the steps of all runs leave."""
    return config.pipeline.home / ARTIFACTS


def _step_code(step: str) -> str:
    return _code_digest(_ENTRY_POINTS[step], (*_BUILT_ON, *_ALSO_BUILT_ON.get(step, ())))


def _code_digest(modules: Sequence[str], built_on: Sequence[str]) -> str:
    return json_digest([code_digest(module, built_on) for module in modules])


def _serving_code() -> dict[str, str]:
    code = _code_digest(_SERVING_ENTRY_POINTS, (*_BUILT_ON, *_SERVING_BUILT_ON))
    return {_SERVING_CHECK: json_digest([code, file_digest(_WIRE)])}


def _server_digest() -> str:
    """Fingerprint of the server that a serving check would start, beside our own code."""
    program = Path(find_server()[0])
    if program.name != TENSORFLOW_MODEL_SERVER:
        return ""
    return json_digest([str(program), program.stat().st_size, program.stat().st_mtime_ns])
