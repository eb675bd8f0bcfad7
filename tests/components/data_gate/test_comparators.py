from __future__ import annotations

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components.data_gate.comparators import check_comparators
from components.errors import DataGateError


def schema(text):
    return text_format.Parse(text, schema_pb2.Schema())


def test_a_comparator_of_what_is_not_compared_is_refused():
    text = 'feature { name: "label" type: BYTES skew_comparator { jensen_shannon_divergence { threshold: 0.03 } } }'
    with pytest.raises(DataGateError, match="skew_comparator for label, which is not compared"):
        check_comparators(schema(text))


@pytest.mark.parametrize("distance", ["infinity_norm { threshold: 0.1 }", "jensen_shannon_divergence {}"])
def test_another_distance_is_refused(distance):
    text = f'feature {{ name: "words" type: INT drift_comparator {{ {distance} }} }}'
    with pytest.raises(DataGateError, match="drift_comparator of words has no jensen_shannon_divergence"):
        check_comparators(schema(text))
