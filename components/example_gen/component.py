"""TextExampleGen: the TFX face of the step that brings labelled text into the pipeline."""

from __future__ import annotations

import json
from typing import Any

from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.types import channel, component_spec, standard_artifacts

from components.example_gen import executor
from components.example_gen.artifact import Profile, Quarantine


class TextExampleGenSpec(component_spec.ComponentSpec):
    """Outputs and parameters of `TextExampleGen`; sections of the configuration travel as JSON."""

    PARAMETERS = {
        executor.DATA: component_spec.ExecutionParameter(type=str),
        executor.LABELS: component_spec.ExecutionParameter(type=str),
        executor.ENCODER: component_spec.ExecutionParameter(type=str),
        executor.FINGERPRINT: component_spec.ExecutionParameter(type=str),
        executor.CODE: component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {}
    OUTPUTS = {
        executor.EXAMPLES: component_spec.ChannelParameter(type=standard_artifacts.Examples),
        executor.QUARANTINE: component_spec.ChannelParameter(type=Quarantine),
        executor.PROFILE: component_spec.ChannelParameter(type=Profile),
    }


class TextExampleGen(base_beam_component.BaseBeamComponent):
    """Reads labelled text, keeps aside what cannot be used, drops duplicates, and splits by the hash of the text.

    An ordinary step without a driver of its own, unlike TFX's ExampleGens: it runs wherever a container runs.

    Output `examples`: Examples of three splits, train, eval and test, as gzipped TFRecords of tf.Example in the order
    of their `id` (features: see `examples.to_example`). The same data gives the same bytes.
    Output `quarantine`: the rows that could not be used, and the account of all rows (see `quarantine`).
    Output `profile`: what the newest span, the previous one and users' requests are compared by (see `profile`).
    """

    SPEC_CLASS = TextExampleGenSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(executor.Executor)

    def __init__(
        self, data: dict[str, Any], labels: dict[str, Any], encoder: dict[str, Any], fingerprint: str, code: str
    ) -> None:
        """
        Args:
            data: the `data` section of the configuration, as plain JSON values.
            labels: the `labels` section of the configuration, as plain JSON values.
            encoder: the settings of the encoder that decide how a text is tokenised, and its `digest`.
            fingerprint: of the source's files (`fingerprint.data_digest`), so that a cached result is used only while
                they are the same. They must still be so when they have been read.
            code: fingerprint of the code that runs here, part of the cache key and nothing else.
        """
        spec = TextExampleGenSpec(
            data=json.dumps(data, sort_keys=True),
            labels=json.dumps(labels, sort_keys=True),
            encoder=json.dumps(encoder, sort_keys=True),
            fingerprint=fingerprint,
            code=code,
            examples=channel.Channel(type=standard_artifacts.Examples),
            quarantine=channel.Channel(type=Quarantine),
            profile=channel.Channel(type=Profile),
        )
        super().__init__(spec=spec)
