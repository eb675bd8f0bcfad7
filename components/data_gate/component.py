"""DataGate: the TFX face of the step that stops the run on data which is not what its schema says."""

from __future__ import annotations

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts

from components.data_gate import executor
from components.data_gate.artifact import DataBlessing
from components.example_gen.artifact import Profile


class DataGateSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters of `DataGate`."""

    PARAMETERS = {executor.CODE: component_spec.ExecutionParameter(type=str)}
    INPUTS = {
        executor.ANOMALIES: component_spec.ChannelParameter(type=standard_artifacts.ExampleAnomalies),
        executor.STATISTICS: component_spec.ChannelParameter(type=standard_artifacts.ExampleStatistics),
        executor.SCHEMA: component_spec.ChannelParameter(type=standard_artifacts.Schema),
        executor.PROFILE: component_spec.ChannelParameter(type=Profile),
    }
    OUTPUTS = {executor.BLESSING: component_spec.ChannelParameter(type=DataBlessing)}


class DataGate(base_component.BaseComponent):
    """Fails the run where ExampleValidator found an anomaly: TFX's own reports them and blocks nothing. It also
    compares, by the schema's comparators, the newest span with the one before it, and training data with what users
    send: TFX's own compares neither.

    What trains on the data names this step as upstream (`add_upstream_node`).

    Output `blessing`: a DataBlessing, which exists only where the data passed.
    """

    SPEC_CLASS = DataGateSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        anomalies: types.BaseChannel,
        statistics: types.BaseChannel,
        schema: types.BaseChannel,
        profile: types.BaseChannel,
        code: str,
    ) -> None:
        """
        Args:
            anomalies: ExampleValidator's.
            statistics: StatisticsGen's, of the same Examples, made with `stats_options`.
            schema: the curated one, with its comparators.
            profile: what TextExampleGen tells of the spans and of users' texts.
            code: fingerprint of the code that runs here, so that a cached pass is used only while it is the same.
        """
        spec = DataGateSpec(
            anomalies=anomalies,
            statistics=statistics,
            schema=schema,
            profile=profile,
            code=code,
            blessing=types.Channel(type=DataBlessing),
        )
        super().__init__(spec=spec)
