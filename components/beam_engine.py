"""The Beam engine that runs in this process, for the steps of a run and for the verbs that look at data alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import apache_beam as beam

# Beam's plain DirectRunner first tries to download another engine, Prism, and to run on that: what a run computes must
# not depend on whether the network is there. The image is never used on this machine; without a flag of its kind TFX
# would pack a copy of itself for remote workers before every step that uses Beam.
BEAM_ARGS = (
    "--runner=apache_beam.runners.portability.fn_api_runner.FnApiRunner",
    "--sdk_container_image=local",
)


def new_pipeline() -> beam.Pipeline:
    """A Beam pipeline on that engine."""
    import apache_beam as beam  # seconds, which whoever only wants the arguments need not wait for
    from apache_beam.options.pipeline_options import PipelineOptions

    return beam.Pipeline(options=PipelineOptions(list(BEAM_ARGS)))
