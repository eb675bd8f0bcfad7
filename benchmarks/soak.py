"""Ten minutes of mixed load and trouble: `python -m benchmarks.soak` (see benchmarks/README.md).

Valid requests come all the time; every minute brings a hot swap, a version that cannot be loaded, and a storm of
requests that must be refused. Exits with 1 if a valid request failed.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from benchmarks import k6, machine, models, workloads
from benchmarks.environment import ROOT, BenchmarkError, program
from benchmarks.options import json_option
from benchmarks.peers import worker
from benchmarks.soaking import report, sampling, storm, versions
from benchmarks.soaking.report import Event
from components.errors import BertlineError
from serving import launch

_MODEL = "default"
_START_SECONDS = 120.0
_LONG_TEXTS, _SHORT_TEXTS = 150, 350
_WIDTH = 120

# Seconds into each minute. A swap takes its time before the bad version comes, on a loaded machine too.
_SWAP, _BAD, _STORM, _REMOVE = 5.0, 20.0, 30.0, 52.0
_MINUTE = 60.0

Tell = Callable[[str], None]
Action = Callable[[], str]


@dataclasses.dataclass(frozen=True)
class Settings:
    """How long, from how many clients, and how many valid requests a second."""

    minutes: float
    clients: int
    rate: float

    @property
    def seconds(self) -> float:
        """How long the load lasts."""
        return self.minutes * 60


@dataclasses.dataclass(frozen=True)
class Soaked:
    """Everything that was recorded."""

    summary: dict[str, Any]
    records: list[dict[str, Any]]
    samples: list[sampling.Sample]


@click.command()
@click.option("--model", type=click.Path(path_type=Path), help="A version's folder, or a push folder.")
@click.option("--minutes", type=click.FloatRange(min=0.1), default=10.0, show_default=True)
@click.option("--clients", type=click.IntRange(min=2), default=8, show_default=True, help="Half gRPC, half REST.")
@click.option(
    "--rate", type=click.FloatRange(min=0.1), default=12.0, show_default=True, help="Valid requests a second."
)
@json_option
@click.option("--plot", "plot_file", type=click.Path(path_type=Path), help="Also draw them to this PNG file.")
def main(
    model: Path | None, minutes: float, clients: int, rate: float, json_file: Path | None, plot_file: Path | None
) -> None:
    """Load our server with valid requests, and with trouble every minute.

    The model is that of `make demo`, unless another is given.
    """
    console = Console(width=_WIDTH)
    described = machine.describe()
    console.print(machine.line(described))
    try:
        soaked = soak(models.version(model), Settings(minutes, clients, rate), _progress())
        _write(soaked, described, json_file, plot_file)
    except (BenchmarkError, BertlineError, launch.LaunchError, worker.WorkerError) as error:
        raise click.ClickException(str(error)) from error
    _print(console, soaked.summary)
    sys.exit(1 if soaked.summary["failed"] else 0)


def soak(model: Path, settings: Settings, tell: Tell) -> Soaked:
    """Runs the server, the load and the trouble.

    Raises:
        BenchmarkError: the server died, or has no valid request on record.
        LaunchError: it did not start.
        WorkerError: the load ended before its time.
    """
    with tempfile.TemporaryDirectory(prefix="bertline-soak-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        versions_folder = versions.VersionFolder(folder / "served", model)
        versions_folder.swap()
        tell(f"starting the server with {model}")
        server = stack.enter_context(_serve(versions_folder.base, folder / "server.log"))
        pool = stack.enter_context(concurrent.futures.ThreadPoolExecutor(1))  # outlives the load that it waits for
        load = stack.enter_context(
            worker.start(Path(sys.executable), "benchmarks.soaking.load", ROOT, folder / "load.log")
        )
        sampler = stack.enter_context(sampling.Sampler(server.pid))
        sending = pool.submit(load.ask, "run", **_load_arguments(server, settings, folder))
        outcomes: storm.Outcomes = {}
        target = storm.Target(server.grpc_address, str(server.rest_address), _MODEL)
        events = list(_disturb(_schedule(versions_folder, target, outcomes, settings), sampler, sending, tell))
        records = sending.result()["records"]
    if not records:
        raise BenchmarkError("no valid request was sent; give it more minutes")
    return Soaked(report.summarise(records, sampler.samples, events, outcomes), records, sampler.samples)


def _serve(base: Path, log: Path) -> contextlib.AbstractContextManager[launch.RunningServer]:
    port, rest_port = launch.free_ports(2)
    settings = launch.ServerSettings(
        model_name=_MODEL,
        base_path=base,
        port=port,
        rest_port=rest_port,
        server=launch.DEVELOPMENT_SERVER,
        drain_seconds=10.0,
    )
    return launch.start(settings, log, _START_SECONDS)


def _load_arguments(server: launch.RunningServer, settings: Settings, folder: Path) -> dict[str, Any]:
    texts_file = folder / "texts.json"
    k6.write_texts([*workloads.reviews(_LONG_TEXTS).texts, *workloads.questions(_SHORT_TEXTS).texts], texts_file)
    return {
        "grpc_address": server.grpc_address,
        "rest_address": server.rest_address,
        "model": _MODEL,
        "texts_file": str(texts_file),
        "clients": settings.clients,
        "rate": settings.rate,
        "seconds": settings.seconds,
    }


def _schedule(
    folder: versions.VersionFolder, target: storm.Target, outcomes: storm.Outcomes, settings: Settings
) -> Iterator[tuple[float, Action]]:
    """What is done when, in seconds since the start."""
    actions: list[tuple[float, Action]] = [
        (_SWAP, folder.swap),
        (_BAD, folder.put_in_bad),
        (_STORM, lambda: storm.storm(target, outcomes)),
        (_REMOVE, folder.remove_old),
    ]
    minute = 0.0
    while minute < settings.seconds:
        yield from ((minute + at, action) for at, action in actions if minute + at < settings.seconds)
        minute += _MINUTE


def _disturb(
    schedule: Iterator[tuple[float, Action]],
    sampler: sampling.Sampler,
    sending: concurrent.futures.Future[worker.Answer],
    tell: Tell,
) -> Iterator[Event]:
    """Does what is due, until the schedule or the load ends.

    Raises:
        BenchmarkError: the server is gone.
    """
    for at, action in schedule:
        with contextlib.suppress(concurrent.futures.TimeoutError):
            sending.result(timeout=max(0.0, sampler.start + at - time.monotonic()))
            return
        if not sampler.alive:
            raise BenchmarkError(f"the server was gone {at:.0f} s after the start")
        began = time.monotonic() - sampler.start
        what = action()
        tell(f"{what}; {sampler.samples[-1].rss_mib:.0f} MiB")
        yield Event(began, what)


def _progress() -> Tell:
    console, start = Console(stderr=True, width=_WIDTH, highlight=False), time.monotonic()
    return lambda text: console.print(f"{time.monotonic() - start:4.0f} s  {text}", style="dim")


def _print(console: Console, summary: dict[str, Any]) -> None:
    for table in (report.malformed_table, report.requests_table, report.process_table):
        console.print(table(summary))
    for sentence in report.sentences(summary):
        console.print(sentence, highlight=False)


def _write(soaked: Soaked, described: dict[str, Any], json_file: Path | None, plot_file: Path | None) -> None:
    figures = {
        "machine": described,
        "summary": soaked.summary,
        "samples": [dataclasses.asdict(sample) for sample in soaked.samples],
        "records": soaked.records,
    }
    with tempfile.TemporaryDirectory() as folder:
        file = json_file or Path(folder) / "figures.json"
        file.write_text(json.dumps(figures) + "\n")
        if plot_file:
            _plot(file, plot_file)


def _plot(figures: Path, file: Path) -> None:
    command = [str(program("python")), "-m", "benchmarks.soaking.plot", str(figures.absolute()), str(file.absolute())]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise BenchmarkError(f"the plot could not be drawn:\n{done.stderr[-1000:]}")


if __name__ == "__main__":
    main()
