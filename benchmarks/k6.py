"""Runs k6 (https://k6.io), the load generator, and reads what it measured."""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.environment import ROOT, BenchmarkError, program

SCRIPT = Path(__file__).with_name("k6") / "predict.js"
PROTOSET = ROOT / "serving" / "protos" / "wire.binpb"

_SECONDS = 320  # the script ends by itself after 5 minutes


@dataclasses.dataclass(frozen=True)
class Load:
    """What a closed loop of Predict calls measured.

    Attributes:
        texts: how many were sent, each once.
        failed: how many of them were not answered with scores.
        seconds: from the first call's start to the last one's end.
        p50, p99: milliseconds that a call took, as the client saw it.
        processor_seconds: what k6 itself used of the machine, its start included.
    """

    texts: int
    failed: int
    seconds: float
    p50: float
    p99: float
    processor_seconds: float

    @property
    def rate(self) -> float:
        """Texts a second."""
        return self.texts / self.seconds


def write_texts(texts: Sequence[bytes], file: Path) -> None:
    """Writes texts as the script reads them: a JSON list, in base64 as protobuf's JSON has bytes."""
    file.write_text(json.dumps([base64.b64encode(text).decode("ascii") for text in texts]))


def predict(address: str, model: str, texts_file: Path, clients: int, folder: Path) -> Load:
    """Sends every text of the file once, one a request, from so many clients that each wait for their answer.

    Args:
        address: "host:port" of gRPC without TLS.
        model: the model's name at the server.
        texts_file: what `write_texts` wrote.
        clients: how many send at the same time.
        folder: where k6's figures go.

    Raises:
        BenchmarkError: k6 is not there, failed, or did not send every text.
    """
    result = folder / "k6.json"
    result.unlink(missing_ok=True)
    settings = {
        "TEXTS": texts_file,
        "PROTOSET": PROTOSET,
        "ADDRESS": address,
        "MODEL": model,
        "CLIENTS": clients,
        "RESULT": result,
    }
    command = [str(program("k6")), "run", "--quiet", "--no-color", str(SCRIPT)]
    environment = {**os.environ, "K6_NO_USAGE_REPORT": "true", **{name: str(value) for name, value in settings.items()}}
    before = _children_seconds()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_SECONDS)
    if done.returncode or not result.exists():
        raise BenchmarkError(f"k6 failed with exit code {done.returncode}:\n{done.stderr[-2000:]}")
    load = read(json.loads(result.read_text()), _children_seconds() - before)
    if load.failed:
        raise BenchmarkError(f"{load.failed} of {load.texts} requests to {address} failed:\n{done.stderr[-2000:]}")
    return load


def read(metrics: dict[str, Any], processor_seconds: float) -> Load:
    """Makes a Load of the script's metrics."""
    values = {name: metric["values"] for name, metric in metrics.items()}
    return Load(
        texts=values["iterations"]["count"],
        failed=values.get("predict_failed", {"count": 0})["count"],
        seconds=(values["ended_at_ms"]["max"] - values["started_at_ms"]["min"]) / 1e3,
        p50=values["predict_ms"]["p(50)"],
        p99=values["predict_ms"]["p(99)"],
        processor_seconds=processor_seconds,
    )


def _children_seconds() -> float:
    """Processor seconds of the child processes that have ended."""
    times = os.times()
    return times.children_user + times.children_system
