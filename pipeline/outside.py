"""What a run depends on that lies outside its graph, as fingerprints: TFX caches a step by its parameters.

A step whose data, encoder, schema, served model or own code has changed must run again, though its inputs have not.
"""

from __future__ import annotations

import dataclasses

from components.encoders.fingerprint import encoder_digest
from components.example_gen.fingerprint import data_digest
from components.fingerprint import code_digest
from components.model_folder import state_digest
from pipeline.config import Config
from pipeline.schema_file import read_schema

# Where each step of ours begins. Everything that the module imports counts as the step's code.
_ENTRY_POINTS = {
    "example_gen": "components.example_gen.executor",
    "data_gate": "components.data_gate.executor",
    "transform": "components.transform.preprocessing",
    "trainer": "components.trainer.run",
    "served_model": "components.served_model.executor",
    "evaluator": "components.evaluator.executor",
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


def observe(config: Config, run_id: str) -> Outside:
    """Fingerprints everything outside. Raises BertlineError where something that the run needs is not there."""
    return Outside(
        run_id=run_id,
        schema=read_schema(config),
        data=data_digest(config.data.model_dump(mode="json")),
        encoder=encoder_digest(config.encoder.handle, config.encoder.vocab_file),
        served=state_digest(config.push_folder),
        code={step: code_digest(module, _BUILT_ON) for step, module in _ENTRY_POINTS.items()},
    )
