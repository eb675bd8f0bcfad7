"""What the step TextExampleGen does."""

from __future__ import annotations

import json
from typing import Any

from tfx import types
from tfx.components.example_gen import utils
from tfx.dsl.components.base import base_beam_executor
from tfx.types import artifact_utils

from components.encoders.fingerprint import check_unchanged
from components.errors import DataError
from components.example_gen import ingest
from components.example_gen.fingerprint import data_digest
from components.example_gen.job import Job, new_job
from components.features import SPLITS

DATA = "data"
LABELS = "labels"
ENCODER = "encoder"
FINGERPRINT = "fingerprint"
CODE = "code"
EXAMPLES = "examples"
QUARANTINE = "quarantine"
PROFILE = "profile"


class Executor(base_beam_executor.BaseBeamExecutor):
    """Reads, quarantines, splits, drops duplicates, writes, and checks that no row was lost."""

    def Do(  # noqa: N802 (the name is TFX's)
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the outputs.

        Raises:
            ConfigError: the source is unknown, its path and span do not go together, or its labels have no name.
            EncoderError: the encoder is not there, has no vocabulary, or changed since the run began.
            DataError: the data cannot be read or changed meanwhile, too much of it cannot be used, or a split lacks a
                label. In the two latter cases the quarantine stays beside the output's folder, its name ending in
                `-stopped`.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        section, labels, encoder = (json.loads(exec_properties[key]) for key in (DATA, LABELS, ENCODER))
        check_unchanged(encoder)
        job = new_job(section, labels, encoder)
        section["span"] = job.data.span  # a span that comes meanwhile is the next run's
        examples, aside, profile = (
            artifact_utils.get_single_instance(output_dict[key]) for key in (EXAMPLES, QUARANTINE, PROFILE)
        )
        _describe(examples, job)
        folders = ingest.Folders(
            examples={split: artifact_utils.get_split_uri([examples], split) for split in SPLITS},
            quarantine=aside.uri,
            profile=profile.uri,
            spill=f"{examples.uri}/.spill",
        )
        summary = ingest.ingest(self._make_beam_pipeline, job, folders)
        _check_unchanged(section, exec_properties[FINGERPRINT])
        ingest.guard(job, summary, aside.uri)


def _check_unchanged(section: dict[str, Any], fingerprint: str) -> None:
    """What was read is what the fingerprint, which the result is cached under, was taken of."""
    if data_digest(section) != fingerprint:
        raise DataError(f"data.path {section.get('path')!r} changed while it was being read; start a new run")


def _describe(output: types.Artifact, job: Job) -> None:
    """Marks the Examples as TFX's own ExampleGens do, so that every stock component reads them.

    Without spans and versions the numbers are 0, as theirs are. The span stands twice, since StatisticsGen hands on
    the property.
    """
    number = job.newest_span or 0
    output.split_names = artifact_utils.encode_split_names(list(SPLITS))
    output.set_string_custom_property(utils.PAYLOAD_FORMAT_PROPERTY_NAME, "FORMAT_TF_EXAMPLE")
    output.set_string_custom_property(utils.FILE_FORMAT_PROPERTY_NAME, "tfrecords_gzip")
    output.span = number
    output.set_int_custom_property(utils.SPAN_PROPERTY_NAME, number)
    output.set_int_custom_property(utils.VERSION_PROPERTY_NAME, job.version or 0)
