"""Starts a model server as a process of its own, waits until it answers, and stops it.

The server is TensorFlow Serving's `tensorflow_model_server` where that is on the PATH, else ours (`serving.server`),
which takes the same flags and a few more. Light: neither TensorFlow nor anything of the pipeline is imported here.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from google.protobuf import text_format

from serving.client import Client, LoadFailed, ServingError, Tls, Unavailable
from serving.protos import messages

TENSORFLOW_MODEL_SERVER = "tensorflow_model_server"
# Not by `-m`, which puts the working folder before everything: a `serving.py` in it would be run in our place. The
# package is taken from where this module lies, installed or not; the rest is looked for where Python does.
_RUN_DEVELOPMENT_SERVER = (
    "import sys; sys.path[:] = filter(None, sys.path); "
    f"sys.path.insert(0, {str(Path(__file__).absolute().parents[1])!r}); import serving; del sys.path[0]; "
    "from serving.server.__main__ import main; main(prog_name='serving.server')"
)
DEVELOPMENT_SERVER = (sys.executable, "-c", _RUN_DEVELOPMENT_SERVER)
LOOPBACK = "127.0.0.1"
ANY_INTERFACE = "0.0.0.0"  # noqa: S104 (it is what TensorFlow Serving binds; named to be refused, or chosen explicitly)

# Addresses that stand for all of a machine's, and those of them that it reaches itself by.
_LOOPBACK_OF = {ANY_INTERFACE: LOOPBACK, "::": "::1"}

# Text of a MonitoringConfig: metrics at TensorFlow Serving's own path.
METRICS_PATH = "/monitoring/prometheus/metrics"
MONITORING_CONFIG = f'prometheus_config {{ enable: true path: "{METRICS_PATH}" }}\n'

_POLL_SECONDS = 0.1
_STATUS_SECONDS = 1.0
_KILL_AFTER_DRAINING_SECONDS = 5.0
_LOG_LINES = 15
_LOG_TAIL_BYTES = 16_384

# Runs in the child before the server takes its place: the kernel kills it when the thread that started it is gone
# (prctl(2), PR_SET_PDEATHSIG = 1). Not a `preexec_fn`, which may deadlock in a process with threads.
_DIES_WITH_PARENT = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, int(signal.SIGKILL))
if os.getppid() != int(sys.argv[1]): sys.exit("the process that started this server is gone")
os.execvp(sys.argv[2], sys.argv[2:])
"""


class LaunchError(Exception):
    """A server could not be started, died, or did not get ready; the text says why and what to do."""


class PortTakenError(LaunchError):
    """A port cannot be listened at."""


class ModelNotLoadedError(LaunchError):
    """The server runs, and says that it cannot load the model."""


@dataclasses.dataclass(frozen=True)
class ServerSettings:
    """What a server serves, and how. Paths are given to the server as they are.

    Attributes:
        model_name: the model's name; with `config_file`, that of the model which `start` waits for.
        base_path: folder with a numbered sub-folder a version. Either this or `config_file` is given.
        config_file: text of a ModelServerConfig.
        host: address that is listened at; TensorFlow Serving knows only all of them.
        port, rest_port: of gRPC and REST; 0 turns it off.
        batching: whether requests are computed together.
        batching_parameters_file: text of a BatchingParameters.
        ssl_config_file: text of an SSLConfig (see `ssl_config`).
        monitoring_config_file: text of a MonitoringConfig, such as MONITORING_CONFIG.
        poll_seconds: how often versions are looked for.
        access_log: a line a request, without texts (ours alone).
        drain_seconds: what requests under way are given to end in.
        flags: further ones, as they are.
        server: the command that is run, for want of which `find_server` is asked.
    """

    model_name: str = "default"
    base_path: Path | None = None
    config_file: Path | None = None
    host: str = LOOPBACK
    port: int = 8500
    rest_port: int = 8501
    batching: bool = True
    batching_parameters_file: Path | None = None
    ssl_config_file: Path | None = None
    monitoring_config_file: Path | None = None
    poll_seconds: int = 1
    access_log: bool = False
    drain_seconds: float = 30.0
    flags: tuple[str, ...] = ()
    server: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if (self.base_path is None) == (self.config_file is None):
            raise ValueError("give either base_path or config_file")

    @property
    def program(self) -> tuple[str, ...]:
        """The server's command, without flags."""
        return self.server or tuple(find_server())

    @property
    def is_tensorflow_serving(self) -> bool:
        """Whether the server is TensorFlow Serving's own, which knows fewer flags than ours."""
        return Path(self.program[0]).name == TENSORFLOW_MODEL_SERVER

    @property
    def called_at(self) -> str:
        """The address to call the server at: one of those that it listens at, if it listens at all. As URLs have it."""
        return f"[{self.reached_at}]" if ":" in self.reached_at else self.reached_at

    @property
    def reached_at(self) -> str:
        """The same as sockets have it: one of IPv6 has no brackets."""
        return _LOOPBACK_OF.get(self.host, self.host)

    @property
    def rest_scheme(self) -> str:
        """TensorFlow Serving secures gRPC alone, ours both."""
        return "https" if self.ssl_config_file and not self.is_tensorflow_serving else "http"


@dataclasses.dataclass(frozen=True)
class RunningServer:
    """A server that answers. `grpc_address` and `rest_address` are such as `serving.client` takes; None where off."""

    grpc_address: str
    rest_address: str | None
    pid: int
    log: Path


def find_server() -> list[str]:
    """The command of the server to run: tensorflow_model_server where it is on the PATH, else ours."""
    found = shutil.which(TENSORFLOW_MODEL_SERVER)
    return [found] if found else list(DEVELOPMENT_SERVER)


def command(settings: ServerSettings) -> list[str]:
    """The server's whole command line; flags of ours only where the server is ours."""
    ours = () if settings.is_tensorflow_serving else _flags_of_ours(settings)
    return [*settings.program, *_common_flags(settings), *ours, *settings.flags]


def ssl_config(certificate: Path, key: Path, client_ca: Path | None = None) -> str:
    """Text of an SSLConfig, as TensorFlow Serving's --ssl_config_file holds it: the PEM texts themselves.

    Whoever writes it to a file must keep that as private as the key. With `client_ca` clients must show a certificate
    of that authority. Raises OSError where a file cannot be read.
    """
    config = messages.SSLConfig(server_cert=certificate.read_text(), server_key=key.read_text())
    if client_ca is not None:
        config.custom_ca = client_ca.read_text()
        config.client_verify = True
    return text_format.MessageToString(config)


def free_ports(count: int = 2, host: str = LOOPBACK) -> list[int]:
    """Different ports that nobody listens at now. Raises OSError where `host` is not an address of this machine."""
    family, address = _addresses(host)[0]
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket(family)) for _ in range(count)]
        for each in sockets:
            each.bind(address)
        return [each.getsockname()[1] for each in sockets]


def is_of_this_machine(host: str) -> bool:
    """Whether a server can listen at the address, or at one that the name stands for."""
    try:
        return any(_can_listen(family, address) for family, address in _addresses(host))
    except (OSError, UnicodeError):  # the name stands for nothing, or is none
        return False


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether nobody listens at the port, at an address of this machine.

    gRPC's servers share a port in silence (SO_REUSEPORT), so this must be asked before one is started. Raises OSError
    where the name stands for nothing.
    """
    ours = [(family, address) for family, address in _addresses(host) if _can_listen(family, address)]
    return all(_can_listen(family, (address[0], port, *address[2:])) for family, address in ours)


def _addresses(host: str) -> list[tuple[int, tuple[Any, ...]]]:
    """The family and the socket address, with the port 0, of each address that a host has. Raises OSError."""
    return [(family, address) for family, _, _, _, address in socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)]


def _can_listen(family: int, address: tuple[Any, ...]) -> bool:
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError:
            return False
    return True


@contextlib.contextmanager
def start(
    settings: ServerSettings, log: Path, timeout: float = 60.0, tls: Tls | None = None
) -> Iterator[RunningServer]:
    """Runs a server for as long as the block takes. It never outlives the thread that started it.

    Args:
        settings: what to serve; gRPC must be on.
        log: file that all the server's output is appended to.
        timeout: seconds until the model must be available.
        tls: certificates to ask a server with `ssl_config_file` whether it is.

    Raises:
        PortTakenError: a port cannot be listened at, which another one may.
        ModelNotLoadedError: the server gave the model up.
        LaunchError: the server died, or did not get ready in time; with its last words.
    """
    _check_ports(settings)
    with log.open("ab") as output:
        process = subprocess.Popen(
            _dying_with_parent(command(settings)),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C at a terminal is for who started the server, who then stops it
        )
    server = RunningServer(_grpc_address(settings), _rest_address(settings), process.pid, log)
    try:
        _wait_until_available(process, server, settings, timeout, tls)
        yield server
    finally:
        _stop(process, settings.drain_seconds)


def last_words(log: Path, lines: int = _LOG_LINES) -> str:
    """The last lines of a server's log, indented; a sentence where there are none."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _LOG_TAIL_BYTES))
        tail = file.read().decode(errors="replace").splitlines()[-lines:]
    return "\n".join(f"  {line}" for line in tail if line.strip()) or "  (it said nothing)"


def _common_flags(settings: ServerSettings) -> Iterator[str]:
    """The flags that both servers take, in TensorFlow Serving's names."""
    yield f"--port={settings.port}"
    yield f"--rest_api_port={settings.rest_port}"
    if settings.base_path is not None:
        yield f"--model_name={settings.model_name}"
        yield f"--model_base_path={settings.base_path}"
    yield f"--file_system_poll_wait_seconds={settings.poll_seconds}"
    yield f"--enable_batching={'true' if settings.batching else 'false'}"
    for flag in ("batching_parameters_file", "ssl_config_file", "monitoring_config_file"):
        if path := getattr(settings, flag):
            yield f"--{flag}={path}"
    if settings.config_file is not None:
        yield f"--model_config_file={settings.config_file}"
        yield f"--model_config_file_poll_wait_seconds={settings.poll_seconds}"
        # Of a file that is read at the start no version is loaded yet, and a label in it would be refused.
        yield "--allow_version_labels_for_unavailable_models=true"


def _flags_of_ours(settings: ServerSettings) -> Iterator[str]:
    yield f"--bind_address={settings.host}"
    yield f"--drain_seconds={settings.drain_seconds:g}"
    if settings.access_log:
        yield "--access_log"


def _check_ports(settings: ServerSettings) -> None:
    if not settings.port:
        raise ValueError("port is 0, but readiness is asked for by gRPC; give free_ports()[0]")
    if not is_of_this_machine(settings.host):
        raise LaunchError(f"{settings.host} is not an address of this machine; listen at {LOOPBACK}, or at one that is")
    for port in filter(None, (settings.port, settings.rest_port)):
        if not is_free(port, settings.host):
            raise PortTakenError(
                f"port {port} on {settings.host} cannot be listened at: it is taken, or may not be used; name another"
            )


def _dying_with_parent(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", _DIES_WITH_PARENT, str(os.getpid()), *arguments]


def _grpc_address(settings: ServerSettings) -> str:
    scheme = "grpcs://" if settings.ssl_config_file else ""
    return f"{scheme}{settings.called_at}:{settings.port}"


def _rest_address(settings: ServerSettings) -> str | None:
    return f"{settings.rest_scheme}://{settings.called_at}:{settings.rest_port}" if settings.rest_port else None


def _wait_until_available(
    process: subprocess.Popen, server: RunningServer, settings: ServerSettings, timeout: float, tls: Tls | None
) -> None:
    deadline = time.monotonic() + timeout
    with Client(server.grpc_address, settings.model_name, retries=0, tls=tls) as client:
        while not _is_available(client, settings, server.log):
            if process.poll() is not None:
                _check_ports(settings)  # somebody may have got one between the first look and the server's own
                raise LaunchError(
                    f"{_told(settings)} ended with exit code {process.returncode} before it was ready; mend what its "
                    f"log says:\n{last_words(server.log)}"
                )
            if time.monotonic() > deadline:
                raise LaunchError(
                    f"{_told(settings)} did not make the model '{settings.model_name}' available within {timeout:g} s; "
                    f"its log may say why:\n{last_words(server.log)}"
                )
            time.sleep(_POLL_SECONDS)


def _is_available(client: Client, settings: ServerSettings, log: Path) -> bool:
    """Whether everything listens, and a version answers.

    Raises ModelNotLoadedError where every version was given up, LaunchError where the server does not say.
    """
    # Before the client is used: a connection that was refused is tried again only after a growing pause.
    if not all(_accepts(settings.reached_at, port) for port in (settings.port, settings.rest_port) if port):
        return False
    try:
        client.wait_until_available(_STATUS_SECONDS)
    except LoadFailed as error:
        raise ModelNotLoadedError(f"{error}; the server's log says more:\n{last_words(log)}") from error
    except Unavailable:
        return False
    except ServingError as error:
        raise LaunchError(
            f"the server does not say how the model is: {error}; its log may say why:\n{last_words(log)}"
        ) from error
    return True


def _accepts(host: str, port: int) -> bool:
    """Whether somebody listens at the port."""
    try:
        socket.create_connection((host, port), _STATUS_SECONDS).close()
    except OSError:
        return False
    return True


def _told(settings: ServerSettings) -> str:
    program = ("serving.server",) if settings.program == DEVELOPMENT_SERVER else settings.program
    return f"the server ({' '.join(map(str, program))})"


def _stop(process: subprocess.Popen, drain_seconds: float) -> None:
    """Asks the server to end, and ends its whole process group where it does not."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(drain_seconds + _KILL_AFTER_DRAINING_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
