"""Puts the server together, runs it until it is told to end, and drains it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import grpc.aio
from aiohttp import web
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

from serving.server import tls
from serving.server.access_log import AccessLog
from serving.server.config_files import ConfigFileError, read_models
from serving.server.errors import ServingError
from serving.server.grpc_services import ModelService, PredictionService
from serving.server.inference import Inference
from serving.server.loading import ServableLoader
from serving.server.manager import Manager
from serving.server.metrics import Metrics
from serving.server.options import Limits, Listening, ModelSource, Options
from serving.server.rest.app import build_app
from serving.server.service_names import MODEL_SERVICE, PREDICTION_SERVICE, register_descriptors

_LOG = logging.getLogger(__name__)

_SERVICES = (PREDICTION_SERVICE, MODEL_SERVICE)
_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
# Beside the requests that are admitted: status, metadata, health, and those that are about to be refused.
_FURTHER_REQUESTS = 256
# For the last bytes of answers, and for streams such as a watch on health, which never end by themselves.
_PARTING_SECONDS = 1.0


class ListenError(Exception):
    """A port that cannot be listened on."""


class DrainError(Exception):
    """Requests that were not answered in the time that is given to the last ones."""


async def serve(options: Options) -> None:
    """Serves until SIGTERM or SIGINT; then answers what it has been asked, and returns. A second signal ends at once.

    Raises:
        ConfigFileError: the models' file cannot be read.
        ServingError: it describes models that cannot be.
        ListenError: a port is taken.
        DrainError: what was asked is still being computed when the time for it is over.
    """
    stopping = _on_signals()
    metrics = Metrics()
    loader = ServableLoader(options.loading, options.limits, metrics)
    manager = Manager(loader, options.loading.labels_for_unavailable)
    inference = Inference(manager, options.limits, metrics, AccessLog(options.access_log))
    checker = health.aio.HealthServicer()  # pyright: ignore[reportAttributeAccessIssue]  (there at run time)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(loader.close)
        stack.callback(inference.close)
        stack.push_async_callback(manager.close)
        config = read_models(options.source)
        await manager.apply(config, wait=False)
        await stack.enter_async_context(_background(_watchers(options, manager, checker, config)))
        await stack.enter_async_context(_grpc(options, inference, checker))
        await stack.enter_async_context(_rest(options, inference, metrics))
        _say_where(options.listening)
        await stopping.wait()
        _LOG.info("draining: %s requests are being answered", inference.admission.requests)
        inference.admission.close()
        await checker.enter_graceful_shutdown()
        if not await inference.admission.emptied(options.drain_seconds):
            raise DrainError(
                f"{inference.admission.requests} requests were not answered within {options.drain_seconds:g} s"
            )


def _watchers(options: Options, manager: Manager, checker: Any, config: Any) -> list[Awaitable[None]]:
    watchers: list[Awaitable[None]] = [_report_health(manager, checker)]
    if options.loading.poll_seconds > 0:
        watchers.append(manager.poll_forever(options.loading.poll_seconds))
    if options.source.config_file and options.source.config_poll_seconds > 0:
        watchers.append(_reread_models(options.source, manager, config))
    return watchers


def _on_signals() -> asyncio.Event:
    """An event that the first SIGTERM or SIGINT sets; the second has its usual effect."""
    stopping, loop = asyncio.Event(), asyncio.get_running_loop()

    def stop() -> None:
        stopping.set()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    return stopping


@contextlib.asynccontextmanager
async def _background(work: list[Awaitable[None]]) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(each) for each in work]
    for task in tasks:
        task.add_done_callback(_log_failure)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _log_failure(task: asyncio.Future[None]) -> None:
    error = None if task.cancelled() else task.exception()
    if error:
        _LOG.error("what goes on beside the requests has ended", exc_info=error)


@contextlib.asynccontextmanager
async def _grpc(options: Options, inference: Inference, checker: Any) -> AsyncIterator[None]:
    if not options.listening.grpc_port:
        yield
        return
    server = grpc.aio.server(
        options=_grpc_settings(options.limits),
        maximum_concurrent_rpcs=options.limits.requests_in_flight + _FURTHER_REQUESTS,
    )
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(PredictionService(inference), server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(ModelService(inference), server)
    health_pb2_grpc.add_HealthServicer_to_server(checker, server)
    register_descriptors()
    reflection.enable_server_reflection([*_SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME], server)
    _listen(server, options.listening)
    await server.start()
    try:
        yield
    finally:
        await server.stop(_PARTING_SECONDS)


def _grpc_settings(limits: Limits) -> list[tuple[str, int]]:
    return [
        ("grpc.max_receive_message_length", limits.message_bytes),
        ("grpc.max_send_message_length", limits.message_bytes),
        ("grpc.so_reuseport", 0),  # two servers on one port would share its clients, unseen
    ]


def _listen(server: grpc.aio.Server, listening: Listening) -> None:
    address = f"{_bracketed(listening.address)}:{listening.grpc_port}"
    try:
        if listening.tls:
            server.add_secure_port(address, tls.grpc_credentials(listening.tls))
        else:
            server.add_insecure_port(address)
    except RuntimeError as error:
        raise ListenError(f"cannot listen on {address} for gRPC; give a free --port, or another address") from error


@contextlib.asynccontextmanager
async def _rest(options: Options, inference: Inference, metrics: Metrics) -> AsyncIterator[None]:
    listening = options.listening
    if not listening.rest_port:
        yield
        return
    app = build_app(
        inference,
        metrics,
        options.limits,
        seconds=listening.rest_timeout_seconds,
        prometheus_path=listening.prometheus_path,
    )
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_PARTING_SECONDS)
    await runner.setup()
    context = tls.rest_context(listening.tls) if listening.tls else None
    try:
        await web.TCPSite(runner, listening.address, listening.rest_port, ssl_context=context).start()
    except OSError as error:
        await runner.cleanup()
        raise ListenError(
            f"cannot listen on {_bracketed(listening.address)}:{listening.rest_port} for REST: {error.strerror}; "
            "give a free --rest_api_port, or another address"
        ) from error
    try:
        yield
    finally:
        await runner.cleanup()


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


async def _report_health(manager: Manager, checker: Any) -> None:
    while True:
        manager.changed.clear()
        status = _SERVING if manager.ready() else _NOT_SERVING
        for service in ("", *_SERVICES):
            await checker.set(service, status)
        await manager.changed.wait()


async def _reread_models(source: ModelSource, manager: Manager, applied: Any) -> None:
    """Applies the models' file anew whenever it has changed from what is applied."""
    while True:
        await asyncio.sleep(source.config_poll_seconds)
        try:
            config = await asyncio.to_thread(read_models, source)
            if config != applied:
                await manager.apply(config)
                applied = config
        except (ConfigFileError, ServingError) as error:
            # What is served stays; the file may be half-written, and is read again.
            _LOG.error("%s is not applied: %s", source.config_file, error)
        except Exception:  # noqa: BLE001  the file must go on being read
            _LOG.exception("%s is not applied", source.config_file)


def _say_where(listening: Listening) -> None:
    scheme = "https" if listening.tls else "http"
    if listening.grpc_port:
        told = " with TLS" if listening.tls else ""
        _LOG.info("gRPC on %s:%s%s", _bracketed(listening.address), listening.grpc_port, told)
    if listening.rest_port:
        _LOG.info("REST on %s://%s:%s", scheme, _bracketed(listening.address), listening.rest_port)
