import asyncio
import shutil

import pytest

from serving.server.errors import ServingError
from serving.server.loading import ServableLoader
from serving.server.metrics import Metrics
from serving.server.options import Limits, Loading
from serving.server.warmup import WARMUP_FILE, WarmupError, read_warmup_requests
from tests.serving.server.models import write_warmups


@pytest.fixture
def copy(echo, tmp_path):
    return shutil.copytree(echo / "1", tmp_path / "1")


def load(folder, **settings):
    metrics = Metrics()
    loader = ServableLoader(Loading(**settings), Limits(), metrics)

    async def once():
        servable = await loader.load("echo", 1, str(folder))
        await loader.unload(servable)

    try:
        asyncio.run(once())
    finally:
        loader.close()
    return metrics.exposition().decode()


def test_warm_up_requests_are_answered_before_anybody_elses(echo):
    assert len(list(read_warmup_requests(str(echo / "1")))) == 2
    told = load(echo / "1")
    assert ':tensorflow:serving:model_warmup_latency_count{model_path="echo/1",status="OK"} 1' in told
    assert ':tensorflow:cc:saved_model:load_attempt_count{model_path="echo/1",status="success"} 1' in told


def test_no_warm_up_requests_are_no_error(copy):
    (copy / WARMUP_FILE).unlink()
    assert "model_warmup_latency_count" not in load(copy)


def test_a_warm_up_request_that_cannot_be_answered_keeps_the_version_out(copy):
    write_warmups(copy, ["no_such_signature"])
    with pytest.raises(ServingError, match='Serving signature key "no_such_signature" not found'):
        load(copy)
    assert "model_warmup_latency_count" not in load(copy, warm_up=False)


def test_damaged_warm_up_requests_are_told(copy):
    (copy / WARMUP_FILE).write_bytes(b"no records at all, but bytes enough for a header")
    with pytest.raises(WarmupError, match="warmup record"):
        load(copy)


def test_too_many_warm_up_requests_are_told(copy):
    write_warmups(copy, ["serving_default"] * 1001)
    with pytest.raises(WarmupError, match=r"exceeds the maximum \(1000\)"):
        load(copy)
