"""The client whose answers are awaited."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from functools import cached_property, partial
from typing import Any

from serving.client.answers import Metadata, Prediction, VersionStatus
from serving.client.batches import Batch, Text, as_async, async_batches, batches
from serving.client.calls import Answer, GrpcCall, RestCall
from serving.client.deadline import Deadline
from serving.client.errors import DeadlineExceeded, closed
from serving.client.grpc_channel import AsyncGrpcChannel
from serving.client.in_order import async_in_order
from serving.client.settings import IN_FLIGHT, ClientSettings, check_in_flight
from serving.client.waiting import NONE_YET, NOT_YET, POLL_SECONDS, PROBE_SECONDS, is_available, never_available


class AsyncClient(ClientSettings):
    """Asks a served text classifier from an event loop, the one in which its first call is made.

    Its arguments are those of ClientSettings. Every call raises a ServingError that says what happened and what to do.
    Use it as an asynchronous context manager, or close it:

        async with AsyncClient("localhost:8500", "demo") as client:
            [prediction] = await client.predict(["what a film"])
    """

    @cached_property
    def _transport(self) -> Any:
        """What sends the calls: made in the loop that it belongs to."""
        return self._transport_class()(self._address, self._tls, self._retries, self._where)

    def _transport_class(self) -> Any:
        if not self._address.is_rest:
            return AsyncGrpcChannel
        from serving.client.rest_http import AsyncRestSession

        return AsyncRestSession

    async def predict(self, texts: Sequence[Text], pairs: Sequence[Text] | None = None) -> list[Prediction]:
        """What the model says of each text, in order; more than `batch_size` go as several requests at once.

        Bytes need not be UTF-8. No texts: no request. `pairs`: the second text of each, of a model that takes pairs.
        """
        predict = partial(self._predict, Deadline.after(self._timeout))
        sent = as_async(list(batches(texts, pairs, self._batch_size)))
        return [prediction async for answer in async_in_order(predict, sent, IN_FLIGHT) for prediction in answer]

    def predict_stream(
        self,
        texts: Iterable[Text] | AsyncIterable[Text],
        in_flight: int = IN_FLIGHT,
        pairs: Iterable[Text] | AsyncIterable[Text] | None = None,
    ) -> AsyncIterator[Prediction]:
        """What the model says of each of any number of texts, in order.

        Texts are taken as they are needed: `in_flight` batches are under way at most. Each has its own `timeout`.
        `pairs`: the second text of each, taken along with the first.
        """
        check_in_flight(in_flight)
        return self._stream(async_batches(texts, pairs, self._batch_size), in_flight)

    async def _stream(self, sent: AsyncIterator[Batch], in_flight: int) -> AsyncIterator[Prediction]:
        # Closed when the caller is done, so that what is still under way ends then, and not at some later time.
        async with aclosing(async_in_order(self._predict_in_time, sent, in_flight)) as answers:
            async for answer in answers:
                for prediction in answer:
                    yield prediction

    async def _predict_in_time(self, batch: Batch) -> list[Prediction]:
        return await self._predict(Deadline.after(self._timeout), batch)

    async def _predict(self, deadline: Deadline, batch: Batch) -> list[Prediction]:
        return await self._send(self._calls.predict(self._target, *batch), deadline.left)

    async def _send(self, call: GrpcCall[Answer] | RestCall[Answer], seconds: float) -> Answer:
        if self._closed:
            raise closed(self._where)
        # A task of its own: gRPC cancels what awaits a channel that is closed, as if the caller's task were cancelled.
        sending = asyncio.ensure_future(self._transport.send(call, seconds))
        try:
            await asyncio.wait([sending])
        except asyncio.CancelledError:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            raise
        try:
            return sending.result()
        except (Exception, asyncio.CancelledError) as error:
            if self._closed:
                raise closed(self._where) from error
            raise

    async def status(self) -> list[VersionStatus]:
        """How each version of the model is, or the one version that was chosen. A label does not narrow it."""
        return await self._status(self._timeout)

    async def _status(self, seconds: float) -> list[VersionStatus]:
        return await self._send(self._calls.status(self._target), seconds)

    async def metadata(self) -> Metadata:
        """The version that is asked, and its signatures."""
        return await self._metadata(self._timeout)

    async def _metadata(self, seconds: float) -> Metadata:
        return await self._send(self._calls.metadata(self._target), seconds)

    async def wait_until_available(self, timeout: float = 60.0) -> None:
        """Waits until the model (the version, or what the label stands for) is served.

        Raises:
            Unavailable: it is not within `timeout` seconds.
            LoadFailed: it never will be, because the server could not load it.
        """
        deadline = Deadline.after(timeout)
        reason = await self._why_not_yet(deadline)
        while reason:
            if deadline.left <= POLL_SECONDS:
                raise never_available(self._where, timeout, reason)
            await asyncio.sleep(POLL_SECONDS)
            reason = await self._why_not_yet(deadline, reason)

    async def _why_not_yet(self, deadline: Deadline, before: str = "") -> str:
        seconds = min(deadline.left, PROBE_SECONDS)
        try:
            if not is_available(await self._status(seconds), self._where):
                return NONE_YET
            if self._target.label is not None:
                await self._metadata(seconds)
        except DeadlineExceeded as error:
            # A probe that the end of the waiting cut short says less than the one before it.
            return before if before and seconds < PROBE_SECONDS else error.what
        except NOT_YET as error:
            return error.what
        return ""

    async def close(self) -> None:
        """Ends the connection; calls that are under way fail."""
        self._closed = True
        if "_transport" in vars(self):
            await self._transport.close()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
