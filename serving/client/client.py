"""The client that waits for its answers."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from serving.client.answers import Metadata, Prediction, VersionStatus
from serving.client.batches import Batch, Text, batches
from serving.client.calls import Answer, GrpcCall, RestCall
from serving.client.deadline import Deadline
from serving.client.errors import DeadlineExceeded, closed
from serving.client.grpc_channel import GrpcChannel
from serving.client.in_order import in_order
from serving.client.settings import IN_FLIGHT, ClientSettings, check_in_flight
from serving.client.waiting import NONE_YET, NOT_YET, POLL_SECONDS, PROBE_SECONDS, is_available, never_available


class Client(ClientSettings):
    """Asks a served text classifier; threads may share it.

    Its arguments are those of ClientSettings. Every call raises a ServingError that says what happened and what to do.
    Use it as a context manager, or close it:

        with Client("localhost:8500", "demo") as client:
            [prediction] = client.predict(["what a film"])
    """

    def _connect(self) -> None:
        self._transport: Any = self._transport_class()(self._address, self._tls, self._retries, self._where)

    def _transport_class(self) -> Any:
        if not self._address.is_rest:
            return GrpcChannel
        from serving.client.rest_http import RestSession

        return RestSession

    def predict(self, texts: Sequence[Text], pairs: Sequence[Text] | None = None) -> list[Prediction]:
        """What the model says of each text, in order; more than `batch_size` go as several requests at once.

        Bytes need not be UTF-8. No texts: no request. `pairs`: the second text of each, of a model that takes pairs.
        """
        deadline = Deadline.after(self._timeout)
        sent = list(batches(texts, pairs, self._batch_size))
        if len(sent) > 1:
            answers = in_order(partial(self._predict, deadline), sent, min(IN_FLIGHT, len(sent)))
        else:
            answers = (self._predict(deadline, batch) for batch in sent)
        return [prediction for answer in answers for prediction in answer]

    def predict_stream(
        self, texts: Iterable[Text], in_flight: int = IN_FLIGHT, pairs: Iterable[Text] | None = None
    ) -> Iterator[Prediction]:
        """What the model says of each of any number of texts, in order.

        Texts are taken as they are needed: `in_flight` batches are under way at most. Each has its own `timeout`.
        `pairs`: the second text of each, taken along with the first.
        """
        check_in_flight(in_flight)
        return self._stream(batches(texts, pairs, self._batch_size), in_flight)

    def _stream(self, sent: Iterator[Batch], in_flight: int) -> Iterator[Prediction]:
        for answer in in_order(self._predict_in_time, sent, in_flight):
            yield from answer

    def _predict_in_time(self, batch: Batch) -> list[Prediction]:
        return self._predict(Deadline.after(self._timeout), batch)

    def _predict(self, deadline: Deadline, batch: Batch) -> list[Prediction]:
        return self._send(self._calls.predict(self._target, *batch), deadline.left)

    def _send(self, call: GrpcCall[Answer] | RestCall[Answer], timeout: float) -> Answer:
        if self._closed:
            raise closed(self._where)
        try:
            return self._transport.send(call, timeout)
        except Exception as error:
            if self._closed:
                raise closed(self._where) from error
            raise

    def status(self) -> list[VersionStatus]:
        """How each version of the model is, or the one version that was chosen. A label does not narrow it."""
        return self._status(self._timeout)

    def _status(self, timeout: float) -> list[VersionStatus]:
        return self._send(self._calls.status(self._target), timeout)

    def metadata(self) -> Metadata:
        """The version that is asked, and its signatures."""
        return self._metadata(self._timeout)

    def _metadata(self, timeout: float) -> Metadata:
        return self._send(self._calls.metadata(self._target), timeout)

    def wait_until_available(self, timeout: float = 60.0) -> None:
        """Waits until the model (the version, or what the label stands for) is served.

        Raises:
            Unavailable: it is not within `timeout` seconds.
            LoadFailed: it never will be, because the server could not load it.
        """
        deadline = Deadline.after(timeout)
        reason = self._why_not_yet(deadline)
        while reason:
            if deadline.left <= POLL_SECONDS:
                raise never_available(self._where, timeout, reason)
            time.sleep(POLL_SECONDS)
            reason = self._why_not_yet(deadline, reason)

    def _why_not_yet(self, deadline: Deadline, before: str = "") -> str:
        seconds = min(deadline.left, PROBE_SECONDS)
        try:
            if not is_available(self._status(seconds), self._where):
                return NONE_YET
            if self._target.label is not None:
                self._metadata(seconds)
        except DeadlineExceeded as error:
            # A probe that the end of the waiting cut short says less than the one before it.
            return before if before and seconds < PROBE_SECONDS else error.what
        except NOT_YET as error:
            return error.what
        return ""

    def close(self) -> None:
        """Ends the connection; calls that are under way fail."""
        self._closed = True
        self._transport.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
