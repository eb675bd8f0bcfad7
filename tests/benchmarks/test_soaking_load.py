from __future__ import annotations

import asyncio
import time

import httpx
import pytest

from benchmarks.soaking import load
from benchmarks.soaking.load import Load, WrongAnswerError
from serving.protos import messages

TEXTS = [f"text {index}" for index in range(20)]


def run(call, seconds=0.2):
    loaded = Load(TEXTS, pause_seconds=0.001)
    asyncio.run(loaded.client("gRPC", call, seed=1, start=time.monotonic(), seconds=seconds))
    return loaded.records


def test_right_answers_are_no_failures():
    async def call(texts):
        return [float(text.split()[1]) for text in texts], 4

    records = run(call)
    assert records
    assert {(record["version"], record["error"]) for record in records} == {(4, None)}


def test_a_text_must_keep_its_score():
    scores = iter(range(1_000_000))

    async def call(texts):
        return [float(next(scores)) for _ in texts], 1

    assert any("had" in (record["error"] or "") for record in run(call, seconds=0.5))


@pytest.mark.parametrize("error", [httpx.ReadTimeout("slow"), WrongAnswerError("HTTP 500"), KeyError("scores")])
def test_what_goes_wrong_is_recorded_and_the_client_goes_on(error):
    async def call(texts):
        raise error

    records = run(call)
    assert len(records) > 1
    assert all(type(error).__name__ in record["error"] for record in records)


def test_a_missing_score_is_a_failure():
    async def call(texts):
        return [0.5] * (len(texts) - 1), 1

    assert all("scores for" in record["error"] for record in run(call))


def test_a_request_has_a_row_for_each_text():
    request = messages.PredictRequest.FromString(load.request_of("m", ["a", "ü"]).SerializeToString())
    assert request.model_spec.name == "m"
    assert list(request.inputs["text"].string_val) == [b"a", "ü".encode()]
    assert request.inputs["text"].tensor_shape.dim[0].size == 2


@pytest.mark.parametrize(
    "tensor",
    [
        messages.TensorProto(float_val=[0.25, 0.5]),
        messages.TensorProto(tensor_content=b"\x00\x00\x80\x3e\x00\x00\x00\x3f"),
    ],
)
def test_floats_are_read_however_they_are_written(tensor):
    assert load.floats(tensor) == [0.25, 0.5]
