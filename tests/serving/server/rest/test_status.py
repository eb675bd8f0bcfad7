from __future__ import annotations

import grpc
import pytest

from serving.server.rest.status import http_status


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("OK", 200),
        ("CANCELLED", 499),
        ("UNKNOWN", 500),
        ("INVALID_ARGUMENT", 400),
        ("DEADLINE_EXCEEDED", 504),
        ("NOT_FOUND", 404),
        ("ALREADY_EXISTS", 409),
        ("PERMISSION_DENIED", 403),
        ("RESOURCE_EXHAUSTED", 429),
        ("FAILED_PRECONDITION", 400),
        ("ABORTED", 409),
        ("OUT_OF_RANGE", 400),
        ("UNIMPLEMENTED", 501),
        ("INTERNAL", 500),
        ("UNAVAILABLE", 503),
        ("DATA_LOSS", 500),
        ("UNAUTHENTICATED", 401),
    ],
)
def test_maps_each_code_as_tensorflow_serving_does(code, expected):
    assert http_status(grpc.StatusCode[code]) == expected


def test_covers_every_code():
    assert all(200 <= http_status(code) < 600 for code in grpc.StatusCode)
