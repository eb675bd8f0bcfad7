from __future__ import annotations

import pytest
from tfx.utils import import_utils

from components.data_gate.artifact import DataBlessing
from components.example_gen.artifact import Profile, Quarantine
from components.linear_baseline.artifact import LinearPredictions


@pytest.mark.parametrize("artifact_type", [Quarantine, Profile, DataBlessing, LinearPredictions])
def test_kubeflow_finds_our_artifact_types_by_their_names(artifact_type):
    assert import_utils.import_class_by_path(artifact_type.TYPE_NAME) is artifact_type


def test_there_is_no_other_attribute():
    import components

    with pytest.raises(AttributeError, match="NoSuchType"):
        _ = components.NoSuchType
