"""A server that answers as a test tells it to: gRPC by TensorFlow Serving's own stubs, and REST as it documents it."""

from __future__ import annotations

import base64
import contextlib
import json
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

HTTP = {
    "CANCELLED": 499, "UNKNOWN": 500, "INVALID_ARGUMENT": 400, "DEADLINE_EXCEEDED": 504, "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409, "PERMISSION_DENIED": 403, "RESOURCE_EXHAUSTED": 429, "FAILED_PRECONDITION": 400,
    "ABORTED": 409, "OUT_OF_RANGE": 400, "UNIMPLEMENTED": 501, "INTERNAL": 500, "UNAVAILABLE": 503,
    "DATA_LOSS": 500, "UNAUTHENTICATED": 401,
}  # fmt: skip


class RefusalError(Exception):
    """What a call is refused with."""

    def __init__(self, code: grpc.StatusCode, words: str) -> None:
        super().__init__(words)
        self.code = code
        self.words = words


@dataclass
class Brain:
    """What the server does, and what it was asked."""

    refusals: list[RefusalError] = field(default_factory=list)  # one a call, until none is left
    labels: int = 1
    is_content: bool = False  # tensor_content, not float_val
    statuses: list[tuple[int, str, str, str]] = field(default_factory=lambda: [(7, "AVAILABLE", "OK", "")])
    before: Callable[[list[bytes]], None] = lambda texts: None
    mangle: Callable[[Any], None] = lambda answer: None  # spoils an answer
    calls: int = 0
    asked: list[list[bytes]] = field(default_factory=list)  # texts of each predict
    pairs: list[list[bytes]] = field(default_factory=list)  # second texts of each predict of pairs
    specs: list[str] = field(default_factory=list)
    lock: Any = field(default_factory=threading.Lock)

    def begin(self, spec: str) -> None:
        with self.lock:
            self.calls += 1
            self.specs.append(spec)
            if self.refusals:
                raise self.refusals.pop(0)

    def predict(self, texts: list[bytes], pairs: list[bytes] | None = None) -> tuple[list[list[float]], list]:
        with self.lock:
            self.asked.append(texts)
            if pairs is not None:
                self.pairs.append(pairs)
        self.before(texts)
        scores = [[score_of(text) / (label + 1) for label in range(self.labels)] for text in texts]
        if self.labels > 1:
            return scores, [[score >= 0.25 for score in row] for row in scores]
        return scores, ["pos" if row[0] >= 0.5 else "neg" for row in scores]


def score_of(text: bytes) -> float:
    """A float32 that no short decimal is."""
    [score] = struct.unpack("<f", struct.pack("<f", (sum(text) % 997) / 997))
    return score


class Grpc(prediction_service_pb2_grpc.PredictionServiceServicer, model_service_pb2_grpc.ModelServiceServicer):
    def __init__(self, brain: Brain) -> None:
        self.brain = brain

    @contextlib.contextmanager
    def _call(self, request, context) -> Iterator[None]:
        spec = request.model_spec
        chosen = f"@{spec.version.value}" if spec.HasField("version") else f"#{spec.version_label}"
        try:
            self.brain.begin(f"{spec.name}{chosen}:{spec.signature_name}")
            yield
        except RefusalError as refusal:
            context.abort(refusal.code, refusal.words)

    def Predict(self, request, context):  # noqa: N802
        with self._call(request, context):
            texts = list(request.inputs["text"].string_val)
            assert [dim.size for dim in request.inputs["text"].tensor_shape.dim] == [len(texts)]
            pairs = list(request.inputs["text_pair"].string_val) if "text_pair" in request.inputs else None
            scores, predicted = self.brain.predict(texts, pairs)
            response = predict_pb2.PredictResponse()
            _put(response.outputs["scores"], scores, self.brain.is_content)
            _put(response.outputs["predicted"], predicted, self.brain.is_content)
            self.brain.mangle(response)
            return response

    def GetModelMetadata(self, request, context):  # noqa: N802
        with self._call(request, context):
            assert list(request.metadata_field) == ["signature_def"]
            signatures = get_model_metadata_pb2.SignatureDefMap()
            text = signatures.signature_def["serving_default"].inputs["text"]
            text.CopyFrom(meta_graph_pb2.TensorInfo(name="text:0", dtype=types_pb2.DT_STRING))
            text.tensor_shape.dim.add(size=-1)
            scores = signatures.signature_def["serving_default"].outputs["scores"]
            scores.CopyFrom(meta_graph_pb2.TensorInfo(name="scores:0", dtype=types_pb2.DT_FLOAT))
            scores.tensor_shape.unknown_rank = True
            response = get_model_metadata_pb2.GetModelMetadataResponse()
            response.model_spec.name = request.model_spec.name
            response.model_spec.version.value = 7
            response.metadata["signature_def"].Pack(signatures)
            self.brain.mangle(response)
            return response

    def GetModelStatus(self, request, context):  # noqa: N802
        with self._call(request, context):
            response = get_model_status_pb2.GetModelStatusResponse()
            for version, state, code, words in self.brain.statuses:
                status = response.model_version_status.add(version=version, state=state)
                status.status.error_code = grpc_number(code)
                status.status.error_message = words
            return response


def grpc_number(code: str) -> int:
    return 0 if code == "OK" else grpc.StatusCode[code].value[0]


def _put(tensor: tensor_pb2.TensorProto, rows: list, is_content: bool) -> None:
    tensor.tensor_shape.dim.add(size=len(rows))
    if isinstance(rows[0], str):
        tensor.dtype = types_pb2.DT_STRING
        tensor.string_val.extend(row.encode() for row in rows)
        return
    tensor.tensor_shape.dim.add(size=len(rows[0]))
    values = [value for row in rows for value in row]
    is_bool = isinstance(values[0], bool)
    tensor.dtype = types_pb2.DT_BOOL if is_bool else types_pb2.DT_FLOAT
    if is_content:
        tensor.tensor_content = struct.pack(f"<{len(values)}{'?' if is_bool else 'f'}", *values)
    else:
        (tensor.bool_val if is_bool else tensor.float_val).extend(values)


@contextlib.contextmanager
def grpc_server(brain: Brain, credentials: grpc.ServerCredentials | None = None) -> Iterator[int]:
    """Its port."""
    server = grpc.server(ThreadPoolExecutor(16), options=[("grpc.max_receive_message_length", 8 << 20)])
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Grpc(brain), server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(Grpc(brain), server)
    address = "127.0.0.1:0"
    port = server.add_secure_port(address, credentials) if credentials else server.add_insecure_port(address)
    server.start()
    yield port
    server.stop(None).wait(5)


class Rest(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    brain: Brain

    def do_GET(self):
        self._answer(self._describe)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(lambda: self._predict(json.loads(body)))

    def _answer(self, answer: Callable[[], Any]) -> None:
        try:
            self.brain.begin(self.path)
            content = answer()
            self.brain.mangle(content)
            self._send(200, content if isinstance(content, bytes) else json.dumps(content).encode())
        except RefusalError as refusal:
            self._send(HTTP[refusal.code.name], json.dumps({"error": refusal.words}).encode())

    def _predict(self, body: dict) -> dict:
        assert body["signature_name"] == "serving_default"
        columns = [
            [
                base64.b64decode(text["b64"]) if isinstance(text, dict) else text.encode()
                for text in body["inputs"][name]
            ]
            for name in ("text", "text_pair")
            if name in body["inputs"]
        ]
        scores, predicted = self.brain.predict(*columns)
        rounded = [[float(f"{score:.9g}") for score in row] for row in scores]
        return {"outputs": {"scores": rounded, "predicted": predicted}}

    def _describe(self) -> dict:
        if not self.path.endswith("/metadata"):
            return {
                "model_version_status": [
                    {"version": str(version), "state": state, "status": {"error_code": code, "error_message": words}}
                    for version, state, code, words in self.brain.statuses
                ]
            }
        text = {"dtype": "DT_STRING", "tensor_shape": {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False}}
        scores = {"dtype": "DT_FLOAT", "tensor_shape": {"dim": [], "unknown_rank": True}}
        signature = {"inputs": {"text": text}, "outputs": {"scores": scores}, "method_name": "m", "defaults": {}}
        return {
            "model_spec": {"name": "demo", "signature_name": "", "version": "7"},
            "metadata": {"signature_def": {"signature_def": {"serving_default": signature}}},
        }

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):  # the client may have given up
            self.wfile.write(body)

    def log_message(self, format, *arguments):  # noqa: A002
        """Says nothing."""


@contextlib.contextmanager
def rest_server(brain: Brain, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Its port."""
    handler = type("Handler", (Rest,), {"brain": brain})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()
