"""Asks a running server what its users would ask, and compares the answers with the model's own."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence

import httpx
import psutil

from components import progress
from components.serving_check import latency, memory, parity, warmup
from components.serving_check.check import Check, at_most, failed
from components.serving_check.requests import hostile
from serving.client import Client, ServingError
from serving.launch import METRICS_PATH, RunningServer

GRPC, REST = "gRPC", "REST"
TRANSPORTS = (GRPC, REST)
PARITY = {GRPC: "gRPC parity", REST: "REST parity"}
P50, P99, MEMORY = "p50 latency", "p99 latency", "memory"

_CHUNK = 32  # texts in a request
_REQUEST_SECONDS = 30.0
_METRICS_SECONDS = 10.0

Predict = Callable[[Sequence[bytes], "Sequence[bytes] | None"], parity.Scores]
"""Texts, and their second texts if there are, to their scores [texts, labels], by a server. Raises ServingError."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is asked, and what passes at most: texts of the test split, and the configuration's section `serving`.

    `pairs`: the second text of each, where the model takes pairs.
    """

    texts: Sequence[bytes]
    max_p50_ms: float
    max_p99_ms: float
    max_memory_mb: float
    max_score_difference: float
    pairs: Sequence[bytes] | None = None

    @property
    def hostile(self) -> dict[str, tuple[bytes, bytes | None]]:
        """The texts that no reviewer writes, by their names."""
        return hostile(pair=self.pairs is not None)

    def part(self, start: int, stop: int) -> tuple[Sequence[bytes], Sequence[bytes] | None]:
        """Some of the texts, and their second texts."""
        return self.texts[start:stop], None if self.pairs is None else self.pairs[start:stop]

    @property
    def names(self) -> list[str]:
        """Of all checks that take a server with the model loaded."""
        return [PARITY[REST], *self.hostile, PARITY[GRPC], P50, P99, MEMORY, warmup.REPLAYED]


def ask(server: RunningServer, model_name: str, folder: str, plan: Plan) -> list[Check]:
    """Makes every check of `plan.names`.

    Args:
        server: with gRPC, REST and metrics.
        model_name: what it calls the model.
        folder: of the same SavedModel.
        plan: what is asked.
    """
    with _client(server.grpc_address, model_name) as by_grpc, _client(str(server.rest_address), model_name) as by_rest:
        predict = {GRPC: _scores_of(by_grpc), REST: _scores_of(by_rest)}
        advance = _Advance(2 * len(plan.texts) + len(plan.hostile))
        try:
            model = parity.InProcessModel(folder)
        except parity.ModelError as error:
            return failed(plan.names, f"the server loaded the model, but in this process that fails with {error}")
        expected = _expect(model, plan)
        return [
            _compare_together(predict[REST], expected, plan, advance),
            *_compare_hostile(predict, model, plan, advance),
            # After them, so that the latency is that of a server which has met them.
            *_compare_one_by_one(predict[GRPC], expected, plan, advance),
            _check_memory(server, plan),
            _check_warmup(server),
        ]


class _Advance:
    """Reports how many texts have been sent."""

    def __init__(self, total: int) -> None:
        self._done, self._total = 0, total

    def __call__(self, texts: int) -> None:
        self._done += texts
        progress.report(progress.Progress(self._done, self._total, "texts compared"))


def _client(address: str, model_name: str) -> Client:
    # No second attempt: what a server under no load refuses or loses is a fault.
    return Client(address, model_name, timeout=_REQUEST_SECONDS, retries=0)


def _scores_of(client: Client) -> Predict:
    return lambda texts, pairs: [prediction.scores for prediction in client.predict(texts, pairs)]


def _expect(model: parity.InProcessModel, plan: Plan) -> parity.Scores | str:
    """The model's own scores of the texts, or a sentence saying why there are none."""
    try:
        return model.score(plan.texts, plan.pairs)
    except parity.ModelError as error:
        return f"the model itself fails on texts of the test split with {error.kind}"


def _compare_together(predict: Predict, expected: parity.Scores | str, plan: Plan, advance: _Advance) -> Check:
    """Of the texts in batches."""
    try:
        served = [row for chunk in _chunks(plan, advance) for row in predict(*chunk)]
    except ServingError as error:
        return failed([PARITY[REST]], _refused(REST, error))[0]
    return _compare_real(REST, served, expected, plan)


def _compare_one_by_one(
    predict: Predict, expected: parity.Scores | str, plan: Plan, advance: _Advance
) -> Iterator[Check]:
    """Of each text alone, and how long that takes."""
    served: dict[int, Sequence[float]] = {}

    def request(number: int) -> None:
        served[number] = predict(*plan.part(number, number + 1))[0]

    ceilings = latency.Latency(plan.max_p50_ms, plan.max_p99_ms)
    try:
        measured = latency.measure(request, range(len(plan.texts)), ceilings)
    except ServingError as error:
        yield from failed([PARITY[GRPC], P50, P99], _refused(GRPC, error))
        return
    advance(len(plan.texts))
    of_served = expected if isinstance(expected, str) else [expected[number] for number in served]
    yield _compare_real(GRPC, list(served.values()), of_served, plan)
    told = "" if measured.texts == len(plan.texts) else f" (time ran out after {_of_all(measured.texts, plan)})"
    yield at_most(P50, measured.p50_ms, plan.max_p50_ms, "ms", "serving.max_p50_ms", f"{P50}{told}")
    yield at_most(P99, measured.p99_ms, plan.max_p99_ms, "ms", "serving.max_p99_ms", f"{P99}{told}")


def _compare_real(transport: str, served: parity.Scores, expected: parity.Scores | str, plan: Plan) -> Check:
    if isinstance(expected, str):
        return failed([PARITY[transport]], expected)[0]
    return _difference(PARITY[transport], f"{_of_all(len(served), plan)} by {transport}", served, expected, plan)


def _of_all(count: int, plan: Plan) -> str:
    return f"{count} of {len(plan.texts)} texts"


def _chunks(plan: Plan, advance: _Advance) -> Iterator[tuple[Sequence[bytes], Sequence[bytes] | None]]:
    for start in range(0, len(plan.texts), _CHUNK):
        chunk = plan.part(start, start + _CHUNK)
        yield chunk
        advance(len(chunk[0]))


def _compare_hostile(
    predict: Mapping[str, Predict], model: parity.InProcessModel, plan: Plan, advance: _Advance
) -> Iterator[Check]:
    """Every text must be answered: a server computes requests together, so a text that fails takes others with it."""
    for what, (text, pair) in plan.hostile.items():
        asked = [text], None if pair is None else [pair]
        try:
            expected = model.score(*asked) * len(TRANSPORTS)
            served = [row for transport in TRANSPORTS for row in predict[transport](*asked)]
        except parity.ModelError as error:
            yield from failed([what], f"{what}: the model itself fails with {error}")
        except ServingError as error:
            yield from failed([what], f"{what}: the server does not answer: {error}")
        else:
            yield _difference(what, what, served, expected, plan)
        advance(1)


def _difference(name: str, of: str, served: parity.Scores, expected: parity.Scores, plan: Plan) -> Check:
    difference = parity.largest_difference(served, expected)
    what = f"the largest difference of a served score from the model's own ({of})"
    return at_most(name, difference, plan.max_score_difference, "", "serving.max_score_difference", what)


def _check_memory(server: RunningServer, plan: Plan) -> Check:
    try:
        held = memory.resident_mb(server.pid)
    except psutil.NoSuchProcess:
        return failed([MEMORY], "the server ended while it was asked")[0]
    return at_most(MEMORY, held, plan.max_memory_mb, "MB", "serving.max_memory_mb")


def _check_warmup(server: RunningServer) -> Check:
    try:
        # trust_env: a proxy that the environment names must not be asked for an address of this machine.
        answer = httpx.get(f"{server.rest_address}{METRICS_PATH}", timeout=_METRICS_SECONDS, trust_env=False)
        answer.raise_for_status()
    except httpx.HTTPError as error:
        told = f"the server's metrics cannot be read ({type(error).__name__}), so nobody knows whether it warmed up"
        return failed([warmup.REPLAYED], told)[0]
    return warmup.check_replayed(answer.text)


def _refused(transport: str, error: ServingError) -> str:
    # Without the server's own words, which might quote a text.
    kind = error.code.name if error.code else type(error).__name__
    return f"the server fails on texts of the test split by {transport} with {kind}"
