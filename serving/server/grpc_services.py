"""The gRPC face: TensorFlow Serving's PredictionService and ModelService, on stock stubs."""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from typing import Any, NoReturn, TypeVar

import grpc.aio
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

from serving.server.errors import ServingError
from serving.server.inference import Inference

_LOG = logging.getLogger(__name__)

Response = TypeVar("Response")
Context = grpc.aio.ServicerContext

_LONGEST_MESSAGE = 1024  # characters of an error that TensorFlow Serving sends; trailers have a limit


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Predict, Classify, Regress, MultiInference and GetModelMetadata."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference

    async def Predict(self, request: Any, context: Context) -> Any:  # noqa: N802 (the wire's name)
        """See `Inference.predict`."""
        answer = self._inference.predict(request, entrypoint="GRPC", timeout=context.time_remaining())
        return await _answered(answer, context)

    async def Classify(self, request: Any, context: Context) -> Any:  # noqa: N802
        """See `Inference.classify`."""
        answer = self._inference.classify(request, entrypoint="GRPC", timeout=context.time_remaining())
        return await _answered(answer, context)

    async def Regress(self, request: Any, context: Context) -> Any:  # noqa: N802
        """See `Inference.regress`."""
        answer = self._inference.regress(request, entrypoint="GRPC", timeout=context.time_remaining())
        return await _answered(answer, context)

    async def MultiInference(self, request: Any, context: Context) -> Any:  # noqa: N802
        """See `Inference.multi_inference`."""
        answer = self._inference.multi_inference(request, entrypoint="GRPC", timeout=context.time_remaining())
        return await _answered(answer, context)

    async def GetModelMetadata(self, request: Any, context: Context) -> Any:  # noqa: N802
        """See `Inference.metadata`."""
        try:
            return self._inference.metadata(request)
        except ServingError as error:
            await _abort(context, error)


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """GetModelStatus and HandleReloadConfigRequest."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference

    async def GetModelStatus(self, request: Any, context: Context) -> Any:  # noqa: N802
        """See `Inference.status`."""
        try:
            return self._inference.status(request)
        except ServingError as error:
            await _abort(context, error)

    async def HandleReloadConfigRequest(self, request: Any, context: Context) -> Any:  # noqa: N802
        """See `Inference.reload`."""
        return await _answered(self._inference.reload(request), context)


async def _answered(answer: Awaitable[Response], context: Context) -> Response:
    try:
        return await answer
    except ServingError as error:
        await _abort(context, error)
    except Exception as error:
        _LOG.error("a request failed with %s", type(error).__name__)
        await context.abort(grpc.StatusCode.INTERNAL, f"The server failed with {type(error).__name__}.")
        raise AssertionError("abort raises") from error


async def _abort(context: Context, error: ServingError) -> NoReturn:
    message = error.message
    if len(message) > _LONGEST_MESSAGE:
        message = f"{message[:_LONGEST_MESSAGE]}...TRUNCATED"
    await context.abort(error.code, message)
    raise AssertionError("abort raises")
