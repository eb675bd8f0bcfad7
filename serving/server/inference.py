"""What the server answers, whatever the transport: takes and gives TensorFlow Serving's messages."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal, TypeVar

from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    model_pb2,
    predict_pb2,
    regression_pb2,
)

from serving.server.access_log import AccessLog
from serving.server.admission import Admission
from serving.server.classify import classify, count_examples, multi_inference, regress
from serving.server.errors import ServingError, deadline_exceeded, invalid_argument
from serving.server.manager import Lease, Manager
from serving.server.metrics import Metrics
from serving.server.options import Limits
from serving.server.predict import DEFAULT_SIGNATURE, find_signature, predict
from serving.server.servable import Servable

Entrypoint = Literal["GRPC", "REST"]
Response = TypeVar("Response")
Answer = Callable[[Servable, Any, Limits], Any]

SIGNATURE_DEF = "signature_def"
_MULTI_INFERENCE = "MultiInference"
# Each blocks in TensorFlow while its rows wait in a batch queue: some full batches' worth, so that queues can fill.
_THREADS = 96


class Inference:
    """Answers requests with the models of a `Manager`. All methods run in the event loop."""

    def __init__(self, manager: Manager, limits: Limits, metrics: Metrics, access_log: AccessLog) -> None:
        self.admission = Admission(limits)
        self._manager, self._limits, self._metrics, self._access_log = manager, limits, metrics, access_log
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="inference")

    async def predict(
        self, request: predict_pb2.PredictRequest, *, entrypoint: Entrypoint, timeout: float | None = None
    ) -> predict_pb2.PredictResponse:
        """The outputs of a signature.

        Args:
            request: stock message.
            entrypoint: for metrics and log.
            timeout: seconds that the client waits; None: without end.

        Raises:
            ServingError: whatever keeps it from being answered.
        """
        return await self._recorded("Predict", predict, request, request.model_spec, entrypoint, timeout)

    async def classify(
        self, request: classification_pb2.ClassificationRequest, *, entrypoint: Entrypoint, timeout: float | None = None
    ) -> classification_pb2.ClassificationResponse:
        """Classes and scores of examples; see `predict`."""
        return await self._recorded("Classify", classify, request, request.model_spec, entrypoint, timeout)

    async def regress(
        self, request: regression_pb2.RegressionRequest, *, entrypoint: Entrypoint, timeout: float | None = None
    ) -> regression_pb2.RegressionResponse:
        """Values of examples; see `predict`."""
        return await self._recorded("Regress", regress, request, request.model_spec, entrypoint, timeout)

    async def multi_inference(
        self, request: inference_pb2.MultiInferenceRequest, *, entrypoint: Entrypoint, timeout: float | None = None
    ) -> inference_pb2.MultiInferenceResponse:
        """Several signatures of one model on the same examples; see `predict`."""
        spec = _common_spec(request)
        return await self._recorded(_MULTI_INFERENCE, multi_inference, request, spec, entrypoint, timeout)

    def signature_def(self, spec: model_pb2.ModelSpec) -> meta_graph_pb2.SignatureDef:
        """The signature that the spec names, `serving_default` where it names none. Raises ServingError."""
        lease = self._manager.lease(spec)
        try:
            return find_signature(lease.servable, spec.signature_name or DEFAULT_SIGNATURE)
        finally:
            lease.release()

    def metadata(
        self, request: get_model_metadata_pb2.GetModelMetadataRequest
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """The signatures of a model. Raises ServingError."""
        _check_has_spec(request)
        if not request.metadata_field:
            raise invalid_argument("GetModelMetadataRequest must specify at least one metadata_field")
        for field in request.metadata_field:
            if field != SIGNATURE_DEF:
                raise invalid_argument(f"Metadata field %s is not supported{field}")
        lease = self._manager.lease(request.model_spec)
        try:
            return _metadata(lease)
        finally:
            lease.release()

    def status(
        self, request: get_model_status_pb2.GetModelStatusRequest
    ) -> get_model_status_pb2.GetModelStatusResponse:
        """The states of a model's versions. Raises ServingError."""
        _check_has_spec(request)
        return self._manager.status(request.model_spec)

    async def reload(
        self, request: model_management_pb2.ReloadConfigRequest
    ) -> model_management_pb2.ReloadConfigResponse:
        """Serves other models from now on. Raises ServingError."""
        await self._manager.apply(request.config)
        return model_management_pb2.ReloadConfigResponse()

    def close(self) -> None:
        """Ends the threads, when what they do is done."""
        self._threads.shutdown()

    async def _recorded(
        self,
        method: str,
        answer: Answer,
        request: Any,
        spec: model_pb2.ModelSpec,
        entrypoint: Entrypoint,
        timeout: float | None,
    ) -> Any:
        """Answers, and tells metrics and access log how it went."""
        began = time.monotonic()
        status, version = "INTERNAL", None
        try:
            response, version = await self._answer(method, answer, request, spec, timeout)
            status = "OK"
            return response
        except ServingError as error:
            status = error.code.name
            raise
        except asyncio.CancelledError:
            status = "CANCELLED"
            raise
        finally:
            seconds = time.monotonic() - began
            if method != _MULTI_INFERENCE:  # as in TensorFlow Serving
                self._metrics.request(spec.name, method, entrypoint, status, seconds)
            self._access_log.write(entrypoint, method, spec, version, status, seconds)

    async def _answer(
        self, method: str, answer: Answer, request: Any, spec: model_pb2.ModelSpec, timeout: float | None
    ) -> tuple[Any, int]:
        if method != _MULTI_INFERENCE:
            _check_has_spec(request)
        size = request.ByteSize()
        self.admission.enter(size)
        try:
            lease = self._manager.lease(spec)
        except ServingError:
            self.admission.leave(size)
            raise
        response = await self._in_thread(method, answer, request, lease, size, timeout)
        _name(response, lease)
        return response, lease.version.number

    async def _in_thread(
        self, method: str, answer: Answer, request: Any, lease: Lease, size: int, timeout: float | None
    ) -> Any:
        """Computes in a thread. Lease and admission end with the thread's work, not with the client's patience."""
        loop = asyncio.get_running_loop()
        deadline = None if timeout is None else time.monotonic() + timeout

        def work() -> Any:
            if deadline is not None and time.monotonic() > deadline:
                raise deadline_exceeded("The deadline passed before the request could be computed.")
            began = time.monotonic()
            response = answer(lease.servable, request, self._limits)
            self._metrics.runtime(lease.model, method, time.monotonic() - began)
            if answer is not predict:
                self._metrics.examples(lease.model, count_examples(request.input))
            return response

        def left() -> None:
            lease.release()
            self.admission.leave(size)
            self._metrics.in_flight.dec()

        self._metrics.in_flight.inc()
        future = self._threads.submit(work)
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(left))
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), timeout)
        except asyncio.TimeoutError as error:
            raise deadline_exceeded("The deadline passed while the request was computed.") from error


def _check_has_spec(request: Any) -> None:
    if not request.HasField("model_spec"):
        raise invalid_argument("Missing ModelSpec")


def _common_spec(request: inference_pb2.MultiInferenceRequest) -> model_pb2.ModelSpec:
    if not request.tasks:
        raise invalid_argument("ModelSpec has no name specified.")
    for task in request.tasks:
        if not task.model_spec.name:
            raise invalid_argument("Found ModelSpec with an empty model name.")
        if task.model_spec.name != request.tasks[0].model_spec.name:
            raise invalid_argument("All ModelSpecs in a MultiInferenceRequest must access the same model name.")
    return request.tasks[0].model_spec


def _name(response: Any, lease: Lease) -> None:
    """Writes into the response, or each of its results, which model and version it is of."""
    specs = [result.model_spec for result in getattr(response, "results", [])] or [response.model_spec]
    for spec in specs:
        spec.name = lease.model
        spec.version.value = lease.version.number


def _metadata(lease: Lease) -> get_model_metadata_pb2.GetModelMetadataResponse:
    response = get_model_metadata_pb2.GetModelMetadataResponse()
    response.model_spec.name = lease.model
    response.model_spec.version.value = lease.version.number
    signatures = get_model_metadata_pb2.SignatureDefMap()
    for key, signature in lease.servable.signatures.items():
        signatures.signature_def[key].CopyFrom(signature)
    response.metadata[SIGNATURE_DEF].Pack(signatures)
    return response
