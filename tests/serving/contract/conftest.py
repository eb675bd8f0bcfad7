from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from tensorflow_serving.apis import get_model_status_pb2, model_service_pb2_grpc, prediction_service_pb2_grpc

from tests.serving.contract.models import write_models

ADDRESS_VARIABLE = "BERTLINE_TF_SERVING"
_READY_SECONDS = 90
_MODELS = ("text", "latest", "pair", "floats", "examples")
_AVAILABLE = 30
# While it starts: no port yet, no model yet, or too busy loading on a machine that has other things to do.
_NOT_YET = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.DEADLINE_EXCEEDED)


@dataclasses.dataclass(frozen=True)
class Served:
    """A server that serves the contract's models.

    Attributes:
        grpc: host:port.
        rest: URL without a path.
        ours: whether it is our development server.
        folder: of the models, where we know it.
    """

    grpc: str
    rest: str
    ours: bool
    folder: Path

    def channel(self) -> grpc.Channel:
        return grpc.insecure_channel(self.grpc)


@pytest.fixture(scope="session")
def served(tmp_path_factory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("contract")
    addresses = os.environ.get(ADDRESS_VARIABLE)
    if addresses:
        grpc_address, rest_address = addresses.split(",")
        yield Served(grpc_address, f"http://{rest_address}", ours=False, folder=folder)
        return
    write_models(folder)
    ports = _free_ports(2)
    with _our_server(folder, *ports):
        yield Served(f"127.0.0.1:{ports[0]}", f"http://127.0.0.1:{ports[1]}", ours=True, folder=folder)


@pytest.fixture(scope="session")
def stubs(served):
    """The stock stubs: of PredictionService, and of ModelService."""
    with served.channel() as channel:
        yield (
            prediction_service_pb2_grpc.PredictionServiceStub(channel),
            model_service_pb2_grpc.ModelServiceStub(channel),
        )


def skip_if_of_the_other(case: Any, served: Served) -> None:
    """Skips a case that is marked as an answer of the server that this is not."""
    if case.ours and not served.ours:
        pytest.skip("our server alone answers so")


@contextlib.contextmanager
def _our_server(folder: Path, grpc_port: int, rest_port: int) -> Iterator[None]:
    command = [
        *(sys.executable, "-m", "serving.server", f"--port={grpc_port}", f"--rest_api_port={rest_port}"),
        *(f"--model_config_file={folder}/models.config", f"--monitoring_config_file={folder}/monitoring.config"),
        *("--allow_version_labels_for_unavailable_models", "--max_num_load_retries=0", "--max_message_bytes=1000000"),
        *("--max_request_rows=100", "--file_system_poll_wait_seconds=0.2"),
    ]
    with (folder / "server.log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        try:
            _wait_until_ready(server, grpc_port, folder / "server.log")
            yield
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(40)
            except subprocess.TimeoutExpired:
                server.kill()


def _wait_until_ready(server: subprocess.Popen, port: int, log: Path) -> None:
    end = time.monotonic() + _READY_SECONDS
    waiting = set(_MODELS)
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = model_service_pb2_grpc.ModelServiceStub(channel)
        while waiting:
            if server.poll() is not None or time.monotonic() > end:
                pytest.fail(f"the server did not get ready:\n{log.read_text()[-3000:]}")
            waiting = {name for name in waiting if not _is_available(stub, name)}
            time.sleep(0.1)


def _is_available(stub: model_service_pb2_grpc.ModelServiceStub, name: str) -> bool:
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = name
    try:
        versions = stub.GetModelStatus(request, timeout=5).model_version_status
    except grpc.RpcError as error:
        if error.code() not in _NOT_YET:
            raise
        return False
    return bool(versions) and all(version.state == _AVAILABLE for version in versions)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]
