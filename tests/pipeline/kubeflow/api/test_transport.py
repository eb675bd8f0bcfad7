from __future__ import annotations

import http.client
from typing import Any

import pytest
import urllib3
from urllib3.connection import HTTPConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)

from pipeline.kubeflow.api.errors import NotReachedError
from pipeline.kubeflow.api.transport import Retries, Transport

CONNECTION: Any = HTTPConnection("kubeflow.example.org")
POOL: Any = urllib3.HTTPConnectionPool("kubeflow.example.org")
REFUSED = NewConnectionError(CONNECTION, "Failed to establish a new connection: [Errno 111] Connection refused")
LATE = ConnectTimeoutError(CONNECTION, "Connection to kubeflow.example.org timed out. (connect timeout=10)")
CUT = ProtocolError("Connection aborted.", http.client.RemoteDisconnected("closed without response"))
SLOW = ReadTimeoutError(POOL, "/apis", "Read timed out.")


@pytest.mark.parametrize("error", [REFUSED, CUT])
def test_what_may_pass_is_tried_again_where_it_reads(error):
    retries = Retries(total=3, allowed_methods=["GET"]).increment("GET", "/apis", error=error, _pool=POOL)
    assert retries.total == 2


@pytest.mark.parametrize("error", [LATE, SLOW, SSLError("certificate verify failed")])
def test_what_does_not_pass_is_not(error):
    with pytest.raises(type(error)):
        Retries(total=3, allowed_methods=["GET"]).increment("GET", "/apis", error=error, _pool=POOL)


def test_what_writes_may_have_been_done_when_the_connection_breaks():
    with pytest.raises(ProtocolError):
        Retries(total=3, allowed_methods=["GET"]).increment("POST", "/apis", error=CUT, _pool=POOL)


class _Broken:
    def __init__(self, error: Exception) -> None:
        self._error = error

    def request(self, *arguments: Any, **settings: Any) -> Any:
        raise self._error


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (REFUSED, "Connection refused"),
        (LATE, "Connection to kubeflow.example.org timed out. (connect timeout=10)"),
        (CUT, "Connection aborted: closed without response"),
        (urllib3.exceptions.MaxRetryError(POOL, "/apis", REFUSED), "Connection refused"),
    ],
)
def test_errors_are_told_without_objects(error, told):
    broken: Any = _Broken(error)
    with pytest.raises(NotReachedError) as caught:
        Transport(broken, "http://kubeflow.example.org", 60).request("GET", "http://kubeflow.example.org/apis")
    assert told in str(caught.value)
    assert "0x" not in str(caught.value)
    assert caught.value.may_pass
    assert not caught.value.in_doubt


@pytest.mark.parametrize(("error", "in_doubt"), [(REFUSED, False), (LATE, False), (CUT, True), (SLOW, True)])
def test_what_writes_is_in_doubt_where_it_was_sent(error, in_doubt):
    broken: Any = _Broken(error)
    with pytest.raises(NotReachedError) as caught:
        Transport(broken, "http://kubeflow.example.org", 60).request("POST", "http://kubeflow.example.org/apis")
    assert caught.value.in_doubt is in_doubt
    assert ("may have been done all the same" in str(caught.value)) is in_doubt
