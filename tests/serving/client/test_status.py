from __future__ import annotations

import threading

import grpc
import pytest

from serving.client import LoadFailed, Metadata, Signature, TensorSpec, Unavailable, VersionStatus
from tests.serving.client.standin import RefusalError


def test_status_lists_the_versions(connect, address, brain):
    brain.statuses = [(8, "LOADING", "OK", ""), (7, "AVAILABLE", "OK", ""), (6, "END", "INVALID_ARGUMENT", "no graph")]
    assert connect(address).status() == [
        VersionStatus(8, "LOADING"),
        VersionStatus(7, "AVAILABLE"),
        VersionStatus(6, "END", "INVALID_ARGUMENT", "no graph"),
    ]


def test_metadata_names_version_and_signatures(connect, address):
    signature = Signature({"text": TensorSpec("DT_STRING", (-1,))}, {"scores": TensorSpec("DT_FLOAT", None)})
    assert connect(address).metadata() == Metadata("demo", 7, {"serving_default": signature})


def test_what_is_available_is_not_waited_for(connect, address, brain):
    connect(address).wait()
    assert brain.calls == 1


def test_a_model_that_comes_later_is_waited_for(connect, address, brain):
    brain.statuses = [(7, "LOADING", "OK", "")]
    brain.refusals = [RefusalError(grpc.StatusCode.NOT_FOUND, "no such model yet")]
    threading.Timer(0.5, lambda: brain.statuses.__setitem__(0, (7, "AVAILABLE", "OK", ""))).start()
    connect(address).wait(10)
    assert brain.calls >= 3


def test_a_label_is_waited_for_until_it_is_known(connect, address, brain):
    unknown = RefusalError(grpc.StatusCode.INVALID_ARGUMENT, "Unrecognized servable version label: stable")
    brain.mangle = refuse_metadata_once(unknown)
    connect(address, label="stable").wait(10)
    assert brain.calls == 4  # status and metadata, twice


def refuse_metadata_once(refusal):
    """For both protocols: the first metadata that is asked for is refused."""
    refusals = [refusal]

    def mangle(answer):
        is_metadata = "metadata" in answer if isinstance(answer, dict) else hasattr(answer, "metadata")
        if is_metadata and refusals:
            raise refusals.pop()

    return mangle


def test_waiting_ends(connect, address, brain):
    brain.statuses = [(7, "LOADING", "OK", "")]
    with pytest.raises(Unavailable, match=r"not available within 1 s: no version is available yet"):
        connect(address).wait(1)


def test_nobody_waits_for_what_cannot_be_loaded(connect, address, brain):
    brain.statuses = [(7, "END", "NOT_FOUND", "Op type not registered")]
    with pytest.raises(LoadFailed, match="version 7: NOT_FOUND: Op type not registered"):
        connect(address).wait(30)
    assert brain.calls == 1


def test_an_unloaded_version_is_no_failure(connect, address, brain):
    brain.statuses = [(7, "END", "OK", ""), (6, "END", "NOT_FOUND", "Op type not registered")]
    with pytest.raises(Unavailable, match="within"):
        connect(address).wait(0.3)


def test_where_nothing_listens_waiting_says_so(connect, free_port):
    with pytest.raises(Unavailable, match=r"not available within 0\.5 s"):
        connect(f"127.0.0.1:{free_port}").wait(0.5)
