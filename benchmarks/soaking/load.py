"""Valid requests at a moderate rate from several clients, by gRPC and REST: none of them may fail. A worker process."""

from __future__ import annotations

import array
import asyncio
import base64
import json
import math
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import grpc
import httpx

from benchmarks.peers import worker
from serving.protos import messages

GRPC, REST = "gRPC", "REST"

_DEADLINE_SECONDS = 10.0
_ROWS = (1, 1, 1, 2, 8)  # texts a request: mostly one
_SAME = 1e-3  # every version is the same model, whose scores differ in float32's last digits with the batch
_SEED = 7_321
_DT_STRING = 7

# What a call gives: each text's first score, and the version that computed them where the protocol tells.
Call = Callable[[Sequence[str]], Awaitable[tuple[list[float], int | None]]]


class WrongAnswerError(Exception):
    """An answer came, and it is not the right one."""


class Load:
    """Clients that each send, wait for the answer, check it and pause, and a record of every request.

    Args:
        texts: what is sent.
        pause_seconds: of a client between two requests, on average; the pauses are exponential.
    """

    def __init__(self, texts: Sequence[str], pause_seconds: float) -> None:
        self.records: list[dict[str, Any]] = []
        self._texts = texts
        self._pause = pause_seconds
        self._scores: dict[str, float] = {}

    async def client(self, kind: str, call: Call, seed: int, start: float, seconds: float) -> None:
        """Sends until the time is over. `start` is of time.monotonic()."""
        chance = random.Random(seed)
        while (begin := time.monotonic()) < start + seconds:
            texts = chance.sample(self._texts, chance.choice(_ROWS))
            version, error = await self._send(call, texts)
            took = time.monotonic() - begin
            self.records.append(
                {"at": begin - start, "kind": kind, "ms": took * 1e3, "version": version, "error": error}
            )
            await asyncio.sleep(chance.expovariate(1 / self._pause))

    async def _send(self, call: Call, texts: Sequence[str]) -> tuple[int | None, str | None]:
        """The version that answered, and what went wrong."""
        try:
            scores, version = await call(texts)
            self._check(texts, scores)
        except grpc.RpcError as error:
            return None, f"{error.code().name}: {error.details()}"  # pyright: ignore[reportAttributeAccessIssue]
        except (httpx.HTTPError, WrongAnswerError, KeyError, ValueError) as error:
            return None, f"{type(error).__name__}: {error}"
        return version, None

    def _check(self, texts: Sequence[str], scores: Sequence[float]) -> None:
        if len(scores) != len(texts):
            raise WrongAnswerError(f"{len(scores)} scores for {len(texts)} texts")
        for text, score in zip(texts, scores, strict=True):
            known = self._scores.setdefault(text, score)
            if not math.isclose(score, known, abs_tol=_SAME):
                raise WrongAnswerError(f"score {score:g}, where the same text had {known:g} before")


def grpc_call(channel: grpc.aio.Channel, model: str) -> Call:
    """Predict by gRPC."""
    predict = channel.unary_unary(
        "/tensorflow.serving.PredictionService/Predict",
        request_serializer=messages.PredictRequest.SerializeToString,
        response_deserializer=messages.PredictResponse.FromString,
    )

    async def call(texts: Sequence[str]) -> tuple[list[float], int | None]:
        response = await predict(request_of(model, texts), timeout=_DEADLINE_SECONDS)
        values = floats(response.outputs["scores"])
        return values[:: max(1, len(values) // len(texts))], response.model_spec.version.value

    return call


def rest_call(client: httpx.AsyncClient, model: str) -> Call:
    """Predict by REST, in the row format."""

    async def call(texts: Sequence[str]) -> tuple[list[float], int | None]:
        response = await client.post(f"/v1/models/{model}:predict", json={"instances": list(texts)})
        if response.status_code != httpx.codes.OK:
            raise WrongAnswerError(f"HTTP {response.status_code}: {response.text[:200]}")
        return [row["scores"][0] for row in response.json()["predictions"]], None

    return call


def request_of(model: str, texts: Sequence[str]) -> Any:
    """A PredictRequest for these texts."""
    request = messages.PredictRequest()
    request.model_spec.name = model
    tensor = request.inputs["text"]
    tensor.dtype = _DT_STRING
    tensor.tensor_shape.dim.add(size=len(texts))
    tensor.string_val.extend(text.encode() for text in texts)
    return request


def floats(tensor: Any) -> list[float]:
    """A float tensor's values, whichever way they are written."""
    if not tensor.tensor_content:
        return list(tensor.float_val)
    return list(array.array("f", tensor.tensor_content))


async def _grpc_client(load: Load, address: str, model: str, **arguments: Any) -> None:
    async with grpc.aio.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1)]) as channel:
        await load.client(GRPC, grpc_call(channel, model), **arguments)


async def _rest_client(load: Load, address: str, model: str, **arguments: Any) -> None:
    async with httpx.AsyncClient(base_url=address, timeout=_DEADLINE_SECONDS) as client:
        await load.client(REST, rest_call(client, model), **arguments)


async def _run(load: Load, addresses: tuple[str, str], model: str, clients: int, seconds: float) -> None:
    """Half the clients by gRPC, half by REST, each with a connection of its own."""
    start = time.monotonic()
    kinds = (_grpc_client, _rest_client)
    runs = (
        kinds[index % 2](load, addresses[index % 2], model, seed=_SEED + index, start=start, seconds=seconds)
        for index in range(clients)
    )
    await asyncio.gather(*runs)


def run(
    grpc_address: str, rest_address: str, model: str, texts_file: str, clients: int, rate: float, seconds: float
) -> worker.Answer:
    """Sends valid requests for so many seconds, at `rate` a second of all clients together while answers are quick.

    Returns `records`: seconds since the start, kind, milliseconds, version and error of every request.
    """
    texts = [base64.b64decode(text).decode() for text in json.loads(Path(texts_file).read_text())]
    load = Load(texts, pause_seconds=clients / rate)
    asyncio.run(_run(load, (grpc_address, rest_address), model, clients, seconds))
    return {"records": load.records}


def main() -> None:
    """Answers commands until standard input ends."""
    worker.serve({"run": run})


if __name__ == "__main__":
    main()
