"""The web application: URLs in, JSON out.

Metrics lie on the same port, as in TensorFlow Serving; whether there is TLS is the runner's business.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import re
import time
from collections.abc import Iterator, Mapping
from http import HTTPStatus

import grpc
from aiohttp import web
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2, model_pb2

from serving.server.errors import ServingError, deadline_exceeded, invalid_argument
from serving.server.inference import Inference
from serving.server.metrics import CONTENT_TYPE, Metrics
from serving.server.rest import json_request, json_response, paths
from serving.server.rest.status import http_status

_ENTRYPOINT = "REST"
_DEFAULT_SIGNATURE = "serving_default"
_WEB_ORIGIN = re.compile(r"https?://")


@dataclasses.dataclass(frozen=True)
class RestBounds:
    """What a client of the REST side can take of the server.

    Attributes:
        body_bytes: a request with a larger body is answered with 413.
        requests: read or answered at the same time; one on top is answered with 429.
        seconds: for each request's body to arrive in, and again to be computed in; then it is answered with 504.
    """

    body_bytes: int
    requests: int
    seconds: float


def build_app(
    inference: Inference, metrics: Metrics, bounds: RestBounds, prometheus_path: str | None
) -> web.Application:
    """The REST face as an application that any aiohttp runner can serve.

    Args:
        inference: answers the requests.
        metrics: what `prometheus_path` shows; requests that never get to `inference` are counted here.
        bounds: of each request, and of all together.
        prometheus_path: None shows no metrics.
    """
    app = web.Application(client_max_size=bounds.body_bytes)
    app.router.add_route("*", "/{path:.*}", _Rest(inference, metrics, bounds, prometheus_path).answer)
    return app


class _Rest:
    def __init__(self, inference: Inference, metrics: Metrics, bounds: RestBounds, prometheus_path: str | None) -> None:
        self._inference, self._metrics = inference, metrics
        self._bounds, self._prometheus_path = bounds, prometheus_path
        self._requests = 0

    async def answer(self, request: web.Request) -> web.Response:
        """Whatever is asked for, or the error that says why not."""
        if self._requests >= self._bounds.requests:
            text = f"The server is reading {self._requests} requests already, which is all that it takes"
            return _json(json_response.error_body(text), HTTPStatus.TOO_MANY_REQUESTS)
        self._requests += 1
        try:
            return await self._answer(request)
        finally:
            self._requests -= 1

    async def _answer(self, request: web.Request) -> web.Response:
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
            text = f"The body has more than {self._bounds.body_bytes} bytes; send fewer rows at once"
            return _json(json_response.error_body(text), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)

    async def _called(self, request: web.Request) -> bytes:
        with self._counting_failure(""):
            call = paths.parse(request.method, request.raw_path)
        if call.method in ("status", "metadata"):
            return self._looked_up(call)
        with self._counting_failure(call.model_spec.name):
            body = await self._body(request)
        return await getattr(self, f"_{call.method}")(call.model_spec, body)

    async def _body(self, request: web.Request) -> bytes:
        try:
            return await asyncio.wait_for(request.read(), self._bounds.seconds)
        except asyncio.TimeoutError as error:
            raise deadline_exceeded("The request's body did not arrive in time.") from error
        except ConnectionResetError as error:
            raise ServingError(grpc.StatusCode.CANCELLED, "The client has gone.") from error

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

    async def _predict(self, spec: model_pb2.ModelSpec, body: bytes) -> bytes:
        with self._counting_failure(spec.name):
            request, layout = json_request.predict_request(body, spec, self._inputs_of)
        response = await self._inference.predict(request, entrypoint=_ENTRYPOINT, timeout=self._bounds.seconds)
        return json_response.predict_body(response, layout)

    async def _classify(self, spec: model_pb2.ModelSpec, body: bytes) -> bytes:
        with self._counting_failure(spec.name):
            request = json_request.classification_request(body, spec)
        response = await self._inference.classify(request, entrypoint=_ENTRYPOINT, timeout=self._bounds.seconds)
        return json_response.classification_body(response)

    async def _regress(self, spec: model_pb2.ModelSpec, body: bytes) -> bytes:
        with self._counting_failure(spec.name):
            request = json_request.regression_request(body, spec)
        response = await self._inference.regress(request, entrypoint=_ENTRYPOINT, timeout=self._bounds.seconds)
        return json_response.regression_body(response)

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
