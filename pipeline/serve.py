"""`bertline serve`: finds what is to be served, and becomes the server.

Where TensorFlow Serving is installed it is run, else our development server; both are told the same.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click
from google.protobuf import text_format

from components import model_folder
from components.errors import ConfigError
from pipeline.config_file import load_config, task_names
from pipeline.home import SERVED
from serving import launch
from serving.protos import messages

_GRAPH = "saved_model.pb"
_TASK_SUFFIXES = (".yaml", ".yml")


@dataclasses.dataclass(frozen=True)
class Target:
    """What is served: `models` are names and the folders of their versions. With a `config_file` there may be many."""

    models: tuple[tuple[str, Path], ...]
    config_file: Path | None = None


@dataclasses.dataclass(frozen=True)
class Choices:
    """The options of `bertline serve` (see there)."""

    host: str | None
    port: int
    rest_port: int
    certificate: Path | None
    key: Path | None
    client_ca: Path | None
    batching: bool
    poll_seconds: int
    access_log: bool
    development: bool


def serve(
    target: str, name: str | None, choices: Choices, overrides: Sequence[str] = (), layers: Sequence[str] = ()
) -> NoReturn:
    """Prints what is served and where, and becomes the server.

    Raises:
        ConfigError: there is nothing to serve, or the choices do not go together.
    """
    found = find_target(target, name, overrides, layers)
    ssl_text = ssl_config(choices)
    settings = server_settings(found, choices, ssl_config_file=in_memory("ssl", ssl_text) if ssl_text else None)
    click.echo(describe(found, settings))
    become(settings)


def find_target(target: str, name: str | None, overrides: Sequence[str] = (), layers: Sequence[str] = ()) -> Target:
    """What a user's word for a target stands for: a task, a folder of versions, or a model config file.

    Args:
        target: a task's name or YAML file, a folder, or a file in TensorFlow Serving's model config format.
        name: what the model is to be called; None for the task's or the folder's own name.
        overrides: of the task's settings.
        layers: files laid over the task.

    Raises:
        ConfigError: there is no such thing, or nothing to serve in it.
    """
    path = Path(target)
    if target in task_names() or path.suffix in _TASK_SUFFIXES:
        return _task(target, name, overrides, layers)
    if overrides or layers:
        raise ConfigError(f"--set and --with change a task's settings, but {target} is no task; leave them out")
    if path.is_dir():
        return _folder(path.absolute(), name)
    if path.is_file():
        return _config_file(path.absolute(), name)
    raise ConfigError(
        f"nothing to serve called {target}: give a task ({', '.join(task_names())}) or its YAML file, a folder of "
        "versions, or a model config file of TensorFlow Serving"
    )


def server_settings(target: Target, choices: Choices, ssl_config_file: Path | None = None) -> launch.ServerSettings:
    """What the server is told.

    Raises:
        ConfigError: the choices do not go together, or not with the server that is installed; or a port is taken.
    """
    server = launch.DEVELOPMENT_SERVER if choices.development else tuple(launch.find_server())
    name, folder = target.models[0]
    settings = launch.ServerSettings(
        model_name=name,
        base_path=None if target.config_file else folder,
        config_file=target.config_file,
        host=choices.host or launch.LOOPBACK,
        port=choices.port,
        rest_port=choices.rest_port,
        batching=choices.batching,
        ssl_config_file=ssl_config_file,
        monitoring_config_file=in_memory("monitoring", launch.MONITORING_CONFIG),
        poll_seconds=choices.poll_seconds,
        access_log=choices.access_log,
        server=server,
    )
    if settings.is_tensorflow_serving:
        _check_tensorflow_serving(settings)
    _check_ports(settings)
    return settings


def describe(target: Target, settings: launch.ServerSettings) -> str:
    """The few lines that a user needs: what is served, by which server, where, and how to ask it."""
    rest = f"{settings.rest_scheme}://{settings.called_at}:{settings.rest_port}"
    url = f"{rest}/v1/models/{settings.model_name}:predict"
    lines = [("serving", f"{name} from {_told(folder)}") for name, folder in target.models]
    lines.append(("server", _server_in_words(settings)))
    if settings.port:
        lines.append(("gRPC", f"{settings.called_at}:{settings.port}{' (TLS)' if settings.ssl_config_file else ''}"))
    if settings.rest_port:
        in_the_clear = settings.ssl_config_file and settings.rest_scheme == "http"
        authority = " --cacert CERTIFICATE" if settings.rest_scheme == "https" else ""
        lines += [
            ("REST", url + (" (no TLS: TensorFlow Serving has none here; --rest-port 0)" if in_the_clear else "")),
            ("metrics", f"{rest}{launch.METRICS_PATH}"),
            ("try", f'curl{authority} -d \'{{"instances": ["a text"]}}\' {url}'),
        ]
    return "\n".join(f"{label:<8} {text}" for label, text in lines)


def ssl_config(choices: Choices) -> str | None:
    """Text of the server's SSLConfig, None without a certificate. Raises ConfigError where a part is missing."""
    if choices.certificate is None and choices.key is None:
        if choices.client_ca is not None:
            raise ConfigError("--client-ca asks clients for certificates, which takes --certificate and --key as well")
        return None
    if choices.certificate is None or choices.key is None:
        given, missing = ("--key", "--certificate") if choices.key else ("--certificate", "--key")
        raise ConfigError(f"{given} is given without {missing}; TLS takes both")
    try:
        return launch.ssl_config(choices.certificate, choices.key, choices.client_ca)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"a file of the TLS options cannot be read as PEM text: {error}") from error


def become(settings: launch.ServerSettings) -> NoReturn:
    """Replaces this process by the server."""
    command = launch.command(settings)
    sys.stdout.flush()
    os.execv(command[0], command)  # noqa: S606 (a list of arguments, no shell)


def in_memory(name: str, text: str) -> Path:
    """A file that only this process, and what it becomes, can read: a key is never written to the disk."""
    descriptor = os.memfd_create(name, 0)  # no flag: it must outlive execv
    os.write(descriptor, text.encode())
    return Path(f"/proc/self/fd/{descriptor}")


def _task(target: str, name: str | None, overrides: Sequence[str], layers: Sequence[str]) -> Target:
    config = load_config(target, overrides, layers)
    folder = config.push_folder
    if not _servable_versions(folder):
        raise ConfigError(f"nothing is served yet in {folder}: run `bertline run {target}` first")
    return Target(((name or config.pipeline.name, folder),))


def _folder(folder: Path, name: str | None) -> Target:
    if (folder / _GRAPH).is_file():
        raise ConfigError(f"{folder} is one version of a model; give the folder above it, {folder.parent}")
    if not _servable_versions(folder):
        raise ConfigError(
            f"no versions in {folder}: TensorFlow Serving reads sub-folders whose names are numbers, with a SavedModel "
            "in each; give such a folder"
        )
    # A pipeline's own push folder is ROOT/NAME/served.
    own_name = folder.parent.name if folder.name == SERVED else folder.name
    return Target(((name or own_name, folder),))


def _servable_versions(folder: Path) -> list[int]:
    present = model_folder.versions(folder)
    return [version for version in present if (model_folder.version_folder(folder, version) / _GRAPH).is_file()]


def _config_file(file: Path, name: str | None) -> Target:
    if name is not None:
        raise ConfigError(f"--name is given, but {file} names its models itself; leave it out")
    try:
        config = text_format.Parse(file.read_text(encoding="utf-8"), messages.ModelServerConfig())
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{file} is no model config file ({' '.join(str(error).split())}); write it as "
            "model_config_list { config { name: 'reviews' base_path: '/models/reviews' model_platform: 'tensorflow' } }"
        ) from error
    models = tuple((model.name, Path(model.base_path)) for model in config.model_config_list.config)
    if not models:
        raise ConfigError(f"{file} lists no model; add one to its model_config_list")
    return Target(models, file)


def _check_tensorflow_serving(settings: launch.ServerSettings) -> None:
    program = settings.program[0]
    if settings.host != launch.ANY_INTERFACE:
        raise ConfigError(
            f"{program} listens on every interface of this machine and on no other choice; allow that with "
            "--host 0.0.0.0, or run our development server, which keeps to this machine, with --development"
        )
    if settings.access_log:
        raise ConfigError(f"{program} writes no access log; leave --access-log out, or add --development")


def _check_ports(settings: launch.ServerSettings) -> None:
    if not settings.port and not settings.rest_port:
        raise ConfigError("--port and --rest-port are both 0, so nobody could ask anything; give one")
    if settings.port == settings.rest_port:
        raise ConfigError(f"--port and --rest-port are both {settings.port}; give two")
    if not launch.is_of_this_machine(settings.host):
        raise ConfigError(
            f"--host: {settings.host} is not an address of this machine; leave it out to listen at {launch.LOOPBACK}"
        )
    for option, port in (("--port", settings.port), ("--rest-port", settings.rest_port)):
        if port and not launch.is_free(port, settings.host):
            raise ConfigError(
                f"{option}: {settings.host} port {port} cannot be listened at: another server has it, or it is not "
                "allowed; choose another"
            )


def _server_in_words(settings: launch.ServerSettings) -> str:
    if settings.is_tensorflow_serving:
        return f"TensorFlow Serving ({settings.program[0]})"
    return "bertline's development server: for development and tests; in production run TensorFlow Serving"


def _told(folder: Path) -> str:
    versions = _servable_versions(folder)
    return f"{folder}, version {max(versions)}" if versions else str(folder)
