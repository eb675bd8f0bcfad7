"""One workload on every peer: starts them on the same model and texts, measures them in turn, makes ratios of it."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import k6, models, rounds, table
from benchmarks.environment import ROOT, program
from benchmarks.peers import worker
from benchmarks.rounds import Measure, Measurement, Tell
from benchmarks.table import Claim
from benchmarks.workloads import Workload
from serving import launch

BATCH = 32  # what the server's batches hold at most, and the offline peers' always
NAME = "default"

SERVER = "our server"
OFFLINE = "offline, batches of 32"
ONE_AT_A_TIME = "server, one request at a time"
TOKENS = "TensorFlow, from tokens"
ONNX = "ONNX Runtime, from tokens"
OVERHEAD = "gRPC call above the call in process, ms"

_SERIAL = (sys.executable, "-m", "benchmarks.peers.serial_server")
_OVERHEAD_TEXTS = 50
_START_SECONDS = 120.0


@dataclasses.dataclass(frozen=True)
class Goals:
    """What the server is to reach on a workload: throughput as a multiple of a peer's, and milliseconds."""

    of_offline: float
    of_one_at_a_time: float
    overhead_ms: float = 3.0


LONG = Goals(of_offline=0.85, of_one_at_a_time=1.0)
SHORT = Goals(of_offline=0.65, of_one_at_a_time=2.0)


@dataclasses.dataclass(frozen=True)
class Settings:
    """How much is measured: rounds, clients at the same time, and the peers' threads."""

    rounds: int
    clients: int
    threads: int


@dataclasses.dataclass(frozen=True)
class Result:
    """A workload's measurements by peer and round, and what follows from them."""

    workload: Workload
    model: Path
    about: dict[str, Any]
    found: dict[str, list[Measurement]]
    claims: list[Claim]

    @property
    def rates(self) -> dict[str, list[float]]:
        """Texts a second, by peer and round."""
        return {name: _values(found) for name, found in self.found.items() if name != OVERHEAD}


@dataclasses.dataclass(frozen=True)
class _Peers:
    """What runs. `onnx` is None where ONNX Runtime's graph cannot be built of this encoder; `about` says why."""

    server: str
    one_at_a_time: str
    tensorflow: worker.Worker
    onnx: worker.Worker | None
    about: dict[str, Any]


def compare(workload: Workload, goals: Goals, model: Path, settings: Settings, tell: Tell) -> Result:
    """Runs the peers side by side.

    Raises:
        BenchmarkError: k6 is not there or failed, or a request did.
        LaunchError: a server did not start.
        WorkerError: a peer in process failed, or its scores are not the SavedModel's.
    """
    with tempfile.TemporaryDirectory(prefix="bertline-benchmark-") as name:
        folder = Path(name)
        texts_file = folder / "texts.json"
        k6.write_texts(workload.texts, texts_file)
        tell(f"{workload.name}: starting the peers with {model}")
        with _start(model, texts_file, settings, folder) as peers:
            measures = _measures(peers, texts_file, settings, folder)
            found = rounds.interleave(measures, settings.rounds, lambda text: tell(f"{workload.name}: {text}"))
    return Result(workload, model, peers.about, found, _claims(found, goals))


@contextlib.contextmanager
def _start(model: Path, texts_file: Path, settings: Settings, folder: Path) -> Iterator[_Peers]:
    base = models.serve_from(folder, model)
    with contextlib.ExitStack() as stack:
        tensorflow = stack.enter_context(
            worker.start(Path(sys.executable), "benchmarks.peers.tensorflow_worker", ROOT, folder / "tensorflow.log")
        )
        about: dict[str, Any] = {
            "tensorflow": tensorflow.ask(
                "load", model=str(model), texts_file=str(texts_file), batch_size=BATCH, threads=settings.threads
            )
        }
        onnx = stack.enter_context(_onnx(tensorflow, settings, folder, about))
        server = stack.enter_context(_serve(launch.DEVELOPMENT_SERVER, base, folder / "server.log"))
        one_at_a_time = stack.enter_context(_serve(_SERIAL, base, folder / "one_at_a_time.log"))
        yield _Peers(server.grpc_address, one_at_a_time.grpc_address, tensorflow, onnx, about)


def _serve(command: tuple[str, ...], base: Path, log: Path) -> contextlib.AbstractContextManager[launch.RunningServer]:
    [port] = launch.free_ports(1)
    settings = launch.ServerSettings(
        model_name=NAME, base_path=base, port=port, rest_port=0, drain_seconds=5.0, server=command
    )
    return launch.start(settings, log, _START_SECONDS)


@contextlib.contextmanager
def _onnx(
    tensorflow: worker.Worker, settings: Settings, folder: Path, about: dict[str, Any]
) -> Iterator[worker.Worker | None]:
    """ONNX Runtime with the model's weights and tokens, its scores compared; None where the encoder is not ours."""
    weights, tokens = str(folder / "weights.npz"), str(folder / "tokens.npz")
    tensorflow.ask("prepare_tokens", file=tokens)
    written = tensorflow.ask("write_weights", file=weights)
    if "unsupported" in written:
        about["onnxruntime"] = written
        yield None
        return
    with worker.start(program("python"), "benchmarks.peers.onnx_worker", ROOT, folder / "onnx.log") as onnx:
        about["onnxruntime"] = onnx.ask("load", weights=weights, tokens=tokens, threads=settings.threads)
        yield onnx


def _measures(peers: _Peers, texts_file: Path, settings: Settings, folder: Path) -> dict[str, Measure]:
    def load(address: str) -> Measurement:
        result = k6.predict(address, NAME, texts_file, settings.clients, folder)
        return Measurement(result.rate, dataclasses.asdict(result))

    def ask(peer: worker.Worker, command: str) -> Measurement:
        answer = peer.ask(command)
        return Measurement(answer["texts"] / answer["seconds"], answer)

    def overhead() -> Measurement:
        answer = peers.tensorflow.ask("overhead", address=peers.server, name=NAME, count=_OVERHEAD_TEXTS)
        return Measurement(answer["difference_ms"], answer)

    measures: dict[str, Measure] = {
        SERVER: lambda: load(peers.server),
        OFFLINE: lambda: ask(peers.tensorflow, "texts"),
        ONE_AT_A_TIME: lambda: load(peers.one_at_a_time),
        TOKENS: lambda: ask(peers.tensorflow, "tokens"),
    }
    if (onnx := peers.onnx) is not None:
        measures[ONNX] = lambda: ask(onnx, "tokens")
    return measures | {OVERHEAD: overhead}


def _claims(found: dict[str, list[Measurement]], goals: Goals) -> list[Claim]:
    values = {name: _values(measurements) for name, measurements in found.items()}
    claims = [
        table.ratio("our server / offline batches", values[SERVER], values[OFFLINE], goals.of_offline),
        table.ratio(
            "our server / one request at a time", values[SERVER], values[ONE_AT_A_TIME], goals.of_one_at_a_time
        ),
    ]
    if ONNX in values:
        claims.append(table.ratio("TensorFlow / ONNX Runtime, same tokens", values[TOKENS], values[ONNX]))
        claims.append(table.ratio("our server / ONNX Runtime from tokens", values[SERVER], values[ONNX]))
    overhead = Claim("gRPC call above the call in process", values[OVERHEAD], "ms", table.AT_MOST, goals.overhead_ms)
    return [*claims, overhead]


def _values(measurements: list[Measurement]) -> list[float]:
    return [measurement.value for measurement in measurements]
