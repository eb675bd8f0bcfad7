"""The web application: URLs in, JSON out.

Metrics lie on the same port, as in TensorFlow Serving; whether there is TLS is the runner's business.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

import grpc
from aiohttp import web
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2, model_pb2

from serving.server.admission import Admission
from serving.server.errors import ServingError, deadline_exceeded, invalid_argument
from serving.server.inference import Inference
from serving.server.metrics import CONTENT_TYPE, Metrics
from serving.server.options import Limits
from serving.server.rest import json_request, json_response, paths
from serving.server.rest.status import http_status

_ENTRYPOINT = "REST"
_DEFAULT_SIGNATURE = "serving_default"
_SMALL_BYTES = 64 << 10
_WEB_ORIGIN = re.compile(r"https?://")

Asked = TypeVar("Asked")
Read = Callable[[bytes, json_request.Lookup], Asked]
"""From a body, and what knows a signature's inputs, to what is asked for."""

_LOG = logging.getLogger(__name__)


def build_app(
    inference: Inference, metrics: Metrics, limits: Limits, *, seconds: float, prometheus_path: str | None
) -> web.Application:
    """The REST face as an application that any aiohttp runner can serve.

    Args:
        inference: answers the requests.
        metrics: what `prometheus_path` shows; requests that never get to `inference` are counted here.
        limits: a request with a larger body is answered with 413; requests that are being read are bounded in number
            and bytes as those that are answered, on top of which is answered with 429.
        seconds: for each request's body to arrive in, and again to be computed in; then it is answered with 504.
        prometheus_path: None shows no metrics.
    """
    app = web.Application(client_max_size=limits.message_bytes)
    app.router.add_route("*", "/{path:.*}", _Rest(inference, metrics, limits, seconds, prometheus_path).answer)
    return app


class _Rest:
    def __init__(
        self, inference: Inference, metrics: Metrics, limits: Limits, seconds: float, prometheus_path: str | None
    ) -> None:
        self._inference, self._metrics = inference, metrics
        self._limits, self._seconds, self._prometheus_path = limits, seconds, prometheus_path
        self._reading = Admission(limits)

    async def answer(self, request: web.Request) -> web.Response:
        """Whatever is asked for, or the error that says why not."""
        path = request.raw_path
        if self._prometheus_path is not None and path.partition("?")[0] == self._prometheus_path:
            return self._exposition(path)
        if not paths.is_api(path):
            return web.Response(status=HTTPStatus.NOT_FOUND, text="Not Found")
        if request.method == "OPTIONS":
            return _preflight(request)
        try:
            return _json(await self._called(request))
        except ServingError as error:
            return _json(json_response.error_body(error.message), http_status(error.code))
        except paths.VersionOutOfRangeError:
            return _json(b"", HTTPStatus.BAD_REQUEST)
        except web.HTTPRequestEntityTooLarge:
            text = f"The body has more than {self._limits.message_bytes} bytes; send fewer rows at once"
            return _json(json_response.error_body(text), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        except Exception as error:  # noqa: BLE001  its message might quote a text, so that neither log nor client gets it
            name = type(error).__name__
            _LOG.error("a request failed with %s", name)
            return _json(json_response.error_body(f"The server failed with {name}."), HTTPStatus.INTERNAL_SERVER_ERROR)

    async def _called(self, request: web.Request) -> bytes:
        with self._counting_failure(""):
            call = paths.parse(request.method, request.raw_path)
        if call.method in ("status", "metadata"):
            return self._looked_up(call)
        return await getattr(self, f"_{call.method}")(call.model_spec, request)

    async def _read(self, request: web.Request, spec: model_pb2.ModelSpec, read: Read[Asked]) -> Asked:
        """What the request's body asks for. Raises ServingError."""
        with self._counting_failure(spec.name):
            size = self._size(request)
            self._reading.enter(size)
            try:
                body = await self._body(request)
                if len(body) <= _SMALL_BYTES:
                    return read(body, self._inputs_of)
                # Seconds, for the worst: everybody else would wait for it.
                return await asyncio.to_thread(read, body, self._inputs_for_threads())
            finally:
                self._reading.leave(size)

    def _size(self, request: web.Request) -> int:
        """Bytes that reading the body can take, which its length does not tell where it is compressed."""
        length, most = request.content_length, self._limits.message_bytes
        return most if length is None or "Content-Encoding" in request.headers else min(length, most)

    async def _body(self, request: web.Request) -> bytes:
        try:
            return await asyncio.wait_for(request.read(), self._seconds)
        except asyncio.TimeoutError as error:
            raise deadline_exceeded("The request's body did not arrive in time.") from error
        except ConnectionResetError as error:
            raise ServingError(grpc.StatusCode.CANCELLED, "The client has gone.") from error
        except web.RequestPayloadError as error:
            raise invalid_argument("The request's body is not what its Content-Encoding says.") from error

    def _looked_up(self, call: paths.Call) -> bytes:
        name = call.model_spec.name
        began = time.monotonic()
        with self._counting_failure(name):
            if not name:
                raise invalid_argument("Missing model name in request.")
            body = self._status(call.model_spec) if call.method == "status" else self._metadata(call.model_spec)
        self._metrics.request(name, "", _ENTRYPOINT, grpc.StatusCode.OK.name, time.monotonic() - began)
        return body

    def _status(self, spec: model_pb2.ModelSpec) -> bytes:
        request = get_model_status_pb2.GetModelStatusRequest(model_spec=spec)
        return json_response.status_body(self._inference.status(request))

    def _metadata(self, spec: model_pb2.ModelSpec) -> bytes:
        request = get_model_metadata_pb2.GetModelMetadataRequest(model_spec=spec, metadata_field=["signature_def"])
        return json_response.metadata_body(self._inference.metadata(request))

    async def _predict(self, spec: model_pb2.ModelSpec, request: web.Request) -> bytes:
        def read(body: bytes, inputs_of: json_request.Lookup) -> tuple[Any, json_request.Format]:
            return json_request.predict_request(body, spec, inputs_of, self._limits.request_rows)

        asked, layout = await self._read(request, spec, read)
        response = await self._inference.predict(asked, entrypoint=_ENTRYPOINT, timeout=self._seconds)
        return json_response.predict_body(response, layout)

    async def _classify(self, spec: model_pb2.ModelSpec, request: web.Request) -> bytes:
        rows = self._limits.request_rows
        asked = await self._read(request, spec, lambda body, _: json_request.classification_request(body, spec, rows))
        response = await self._inference.classify(asked, entrypoint=_ENTRYPOINT, timeout=self._seconds)
        return json_response.classification_body(response)

    async def _regress(self, spec: model_pb2.ModelSpec, request: web.Request) -> bytes:
        rows = self._limits.request_rows
        asked = await self._read(request, spec, lambda body, _: json_request.regression_request(body, spec, rows))
        response = await self._inference.regress(asked, entrypoint=_ENTRYPOINT, timeout=self._seconds)
        return json_response.regression_body(response)

    def _inputs_for_threads(self) -> json_request.Lookup:
        """`_inputs_of` for another thread than the event loop's, which alone may look a model up."""
        loop = asyncio.get_running_loop()

        async def look_up(spec: model_pb2.ModelSpec) -> Mapping[str, meta_graph_pb2.TensorInfo]:
            return self._inputs_of(spec)

        return lambda spec: asyncio.run_coroutine_threadsafe(look_up(spec), loop).result()

    def _inputs_of(self, spec: model_pb2.ModelSpec) -> Mapping[str, meta_graph_pb2.TensorInfo]:
        try:
            return self._inference.signature_def(spec).inputs
        except ServingError as error:
            if error.code is not grpc.StatusCode.FAILED_PRECONDITION:
                raise
            # TensorFlow Serving has other words, and another code, for an unknown signature over REST than over gRPC.
            name = spec.signature_name or _DEFAULT_SIGNATURE
            raise invalid_argument(f'Serving signature name: "{name}" not found in signature def') from error

    @contextlib.contextmanager
    def _counting_failure(self, model: str) -> Iterator[None]:
        """Counts a request that fails here: `inference` counts those that it gets."""
        began = time.monotonic()
        try:
            yield
        except ServingError as error:
            self._metrics.request(model, "", _ENTRYPOINT, error.code.name, time.monotonic() - began)
            raise

    def _exposition(self, path: str) -> web.Response:
        if path != self._prometheus_path:
            text = f"Unexpected path: {path}. Should be {self._prometheus_path}"
            return web.Response(status=HTTPStatus.BAD_REQUEST, text=text)
        return web.Response(body=self._metrics.exposition(), headers={"Content-Type": CONTENT_TYPE})


def _json(body: bytes, status: int = HTTPStatus.OK) -> web.Response:
    return web.Response(body=body, status=status, content_type="application/json")


def _preflight(request: web.Request) -> web.Response:
    """A browser asks whether it may send a request. It may not: TensorFlow Serving's --enable_cors_support is off."""
    from_web = _WEB_ORIGIN.search(request.headers.get("Origin", ""))
    return web.Response(status=HTTPStatus.OK if from_web else HTTPStatus.BAD_REQUEST)
