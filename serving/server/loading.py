"""Loads a version in a thread beside those that answer, and has it answer its warm-up requests first."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from serving.server.answers import answer_log
from serving.server.metrics import Metrics
from serving.server.options import Limits, Loading
from serving.server.servable import Servable
from serving.server.warmup import has_warmup_requests, read_warmup_requests


class ServableLoader:
    """Loads one version at a time; unloads beside it, since what is unloaded makes room.

    Attributes:
        turn: held by whoever has a version loaded.
    """

    def __init__(self, options: Loading, limits: Limits, metrics: Metrics) -> None:
        self.max_retries = options.max_retries
        self.retry_seconds = options.retry_seconds
        self._options, self._limits, self._metrics = options, limits, metrics
        self.turn = asyncio.Lock()
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="loader")

    async def load(self, model: str, version: int, folder: str) -> Servable:
        """The version in `folder`, warmed up. Raises whatever keeps it from being loaded or from answering."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._load, model, version, folder)

    async def unload(self, servable: Servable) -> None:
        """Frees the version's memory."""
        await asyncio.get_running_loop().run_in_executor(self._threads, _free, servable)

    def forget(self, model: str, version: int) -> None:
        """The version's metrics go with it: otherwise they would grow with every version that ever was."""
        self._metrics.forget(model, version)

    def close(self) -> None:
        """Ends the threads, when what they do is done."""
        self._threads.shutdown()

    def _load(self, model: str, version: int, folder: str) -> Servable:
        return _timed(lambda: self._open(model, version, folder), self._metrics.load, model, version)

    def _open(self, model: str, version: int, folder: str) -> Servable:
        servable = Servable(folder, self._options.parallelism, self._options.batching, self._limits.request_rows)
        if self._options.warm_up and has_warmup_requests(folder):
            try:
                self._warm_up(servable, model, version, folder)
            except BaseException:
                servable.close()
                raise
        return servable

    def _warm_up(self, servable: Servable, model: str, version: int, folder: str) -> None:
        logs = read_warmup_requests(folder)
        _timed(
            lambda: [answer_log(servable, log, self._limits) for log in logs],
            self._metrics.warmup,
            model,
            version,
        )


def _timed(work: Callable[[], object], record: Callable[..., None], model: str, version: int) -> Any:
    began = time.monotonic()
    status = "OK"
    try:
        return work()
    except BaseException as error:
        status = type(error).__name__
        raise
    finally:
        record(model, version, status, time.monotonic() - began)


def _free(servable: Servable) -> None:
    servable.close()
    gc.collect()  # graph and session refer to each other
    # What the C library keeps for itself would look like a leak, and is a model's size. Only glibc can be told.
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
