"""`python -m serving.server`: the development server, with TensorFlow Serving's flags."""

from __future__ import annotations

import os

# Before TensorFlow is imported, which tells of graphics cards that are not there; what matters is raised as well.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import asyncio
import logging
import sys
import warnings
from pathlib import Path
from typing import Any

import click

from serving.server.options import (
    LENGTH_CLASS_BOUNDS,
    Limits,
    Listening,
    Loading,
    ModelSource,
    Options,
    Parallelism,
)

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class _Bounds(click.ParamType):
    """Ascending numbers with commas between them."""

    name = "numbers"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        try:
            bounds = tuple(int(part) for part in value.split(",") if part)
        except ValueError:
            self.fail(f"'{value}' has something that is no number", param, ctx)
        if list(bounds) != sorted(set(bounds)) or any(bound < 1 for bound in bounds):
            self.fail(f"'{value}' does not rise", param, ctx)
        return bounds


def _flag(name: str, default: bool, text: str) -> Any:
    """TensorFlow Serving's booleans: --flag, --flag=true, --flag=false."""
    return click.option(
        f"--{name}", type=bool, is_flag=False, flag_value="true", default=default, show_default=True, help=text
    )


_LARGEST = 2**31 - 1  # what gRPC and TensorFlow take
_LARGEST_PORT = 65_535


def _number(name: str, default: float, text: str, least: float = 0, most: int = _LARGEST) -> Any:
    kind = click.FloatRange(least, most) if isinstance(default, float) else click.IntRange(int(least), most)
    return click.option(f"--{name}", type=kind, default=default, show_default=True, help=text)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@_number("port", 8500, "gRPC port; 0: no gRPC.", most=_LARGEST_PORT)
@_number("rest_api_port", 0, "REST port; 0: no REST.", most=_LARGEST_PORT)
@_number("rest_api_timeout_in_ms", 30000, "Time of a REST request at most.", least=1)
@click.option("--bind_address", default="127.0.0.1", show_default=True, help="Ours: where to listen.")
@click.option("--model_name", default="default", show_default=True)
@click.option("--model_base_path", default="", help="Folder with a sub-folder a version.")
@click.option("--model_config_file", type=_FILE, help="ModelServerConfig as text, instead of a name and base path.")
@_number("model_config_file_poll_wait_seconds", 0.0, "Between two looks at that file; 0: once.")
@click.option("--file_system_poll_wait_seconds", type=float, default=1.0, show_default=True)
@_flag("enable_batching", False, "Compute requests together.")
@click.option("--batching_parameters_file", type=_FILE, help="BatchingParameters as text.")
@click.option(
    "--length_class_bounds",
    type=_Bounds(),
    default=LENGTH_CLASS_BOUNDS,
    help="Ours: bytes of the longest text that divide requests into classes, which are batched apart.",
)
@click.option("--ssl_config_file", type=_FILE, help="SSLConfig as text; here for REST, too.")
@click.option("--monitoring_config_file", type=_FILE, help="MonitoringConfig as text.")
@_number("max_num_load_retries", 5, "Further attempts at loading a version.")
@_number("load_retry_interval_micros", 60_000_000, "Between two of them.")
@_flag("allow_version_labels_for_unavailable_models", False, "Labels may name versions that are not loaded yet.")
@_flag("enable_model_warmup", True, "Replay a version's warm-up requests before it is available.")
@_number("tensorflow_intra_op_parallelism", 0, "Threads; 0: TensorFlow's choice.")
@_number("tensorflow_inter_op_parallelism", 0, "Threads; 0: TensorFlow's choice.")
@_number("max_message_bytes", Limits.message_bytes, "Ours: size of a request at most.", least=1)
@_number("max_in_flight", Limits.requests_in_flight, "Ours: requests that wait or are computed at most.", least=1)
@_number("max_in_flight_bytes", Limits.bytes_in_flight, "Ours: bytes of those at most.", least=1)
@_number("max_request_rows", Limits.request_rows, "Ours: rows of a request at most.", least=1)
@_number("drain_seconds", 30.0, "Ours: time for the last answers at the end.")
@_flag("access_log", False, "Ours: a line for each request to a model, without texts.")
@click.version_option(package_name="bertline", message="bertline development server %(version)s")
def main(**flags: Any) -> None:
    """Serve SavedModels with TensorFlow Serving's wire, for development and tests."""
    warnings.filterwarnings("ignore", module=r"google\.")  # of the age of Python, at every start
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO, stream=sys.stderr)
    _check(flags)
    # TensorFlow takes seconds to import, which --help and a wrong flag need not wait for.
    from serving.server.config_files import ConfigFileError
    from serving.server.errors import ServingError
    from serving.server.server import DrainError, ListenError, serve

    logging.getLogger("serving.server").info(
        "bertline development server: for development and tests; in production run tensorflow_model_server"
    )
    try:
        asyncio.run(serve(_options(flags)))
    except (ConfigFileError, ListenError, ServingError) as error:
        raise click.ClickException(str(error)) from error
    except DrainError as error:
        logging.getLogger("serving.server").error("%s", error)
        os._exit(1)  # what computes on cannot be stopped otherwise


def _check(flags: dict[str, Any]) -> None:
    if bool(flags["model_config_file"]) == bool(flags["model_base_path"]):
        raise click.UsageError("give either --model_base_path or --model_config_file")
    if flags["model_base_path"] and not Path(flags["model_base_path"]).is_absolute():
        raise click.UsageError("--model_base_path must be an absolute path")
    if flags["batching_parameters_file"] and not flags["enable_batching"]:
        raise click.UsageError("--batching_parameters_file needs --enable_batching")
    if not flags["port"] and not flags["rest_api_port"]:
        raise click.UsageError("both ports are 0: there is nothing to serve on")


def _options(flags: dict[str, Any]) -> Options:
    from serving.server.config_files import read_batching, read_prometheus_path, read_tls

    bounds = flags["length_class_bounds"]
    return Options(
        source=ModelSource(
            config_file=flags["model_config_file"],
            config_poll_seconds=flags["model_config_file_poll_wait_seconds"],
            name=flags["model_name"],
            base_path=flags["model_base_path"],
        ),
        listening=Listening(
            address=flags["bind_address"],
            grpc_port=flags["port"],
            rest_port=flags["rest_api_port"],
            rest_timeout_seconds=flags["rest_api_timeout_in_ms"] / 1e3,
            tls=read_tls(flags["ssl_config_file"]),
            prometheus_path=read_prometheus_path(flags["monitoring_config_file"]),
        ),
        loading=Loading(
            poll_seconds=flags["file_system_poll_wait_seconds"],
            max_retries=flags["max_num_load_retries"],
            retry_seconds=flags["load_retry_interval_micros"] / 1e6,
            warm_up=flags["enable_model_warmup"],
            labels_for_unavailable=flags["allow_version_labels_for_unavailable_models"],
            batching=read_batching(flags["batching_parameters_file"], bounds) if flags["enable_batching"] else None,
            parallelism=Parallelism(flags["tensorflow_intra_op_parallelism"], flags["tensorflow_inter_op_parallelism"]),
        ),
        limits=Limits(
            message_bytes=flags["max_message_bytes"],
            requests_in_flight=flags["max_in_flight"],
            bytes_in_flight=flags["max_in_flight_bytes"],
            request_rows=flags["max_request_rows"],
        ),
        drain_seconds=flags["drain_seconds"],
        access_log=flags["access_log"],
    )


if __name__ == "__main__":
    main()
