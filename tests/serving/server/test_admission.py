import grpc
import pytest

from serving.server.admission import Admission
from serving.server.errors import ServingError
from serving.server.options import Limits


def test_no_more_requests_than_the_bound():
    admission = Admission(Limits(requests_in_flight=2))
    admission.enter(1)
    admission.enter(1)
    with pytest.raises(ServingError, match="answering 2 requests already") as raised:
        admission.enter(1)
    assert raised.value.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    admission.leave(1)
    admission.enter(1)


def test_no_more_bytes_than_the_bound():
    admission = Admission(Limits(bytes_in_flight=10))
    admission.enter(8)
    with pytest.raises(ServingError, match="requests of 8 bytes already"):
        admission.enter(3)
    admission.enter(2)
    assert (admission.requests, admission.bytes) == (2, 10)


def test_nobody_comes_in_while_it_goes_down():
    admission = Admission(Limits())
    admission.close()
    with pytest.raises(ServingError, match="shutting down") as raised:
        admission.enter(1)
    assert raised.value.code is grpc.StatusCode.UNAVAILABLE
