"""The text files that TensorFlow Serving is configured with: models, batching, TLS, monitoring."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import Any

from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from serving.protos import messages
from serving.server import tls
from serving.server.options import Batching, ModelSource, Tls

PLATFORM = "tensorflow"
DEFAULT_PROMETHEUS_PATH = "/monitoring/prometheus/metrics"


class ConfigFileError(Exception):
    """A file that cannot be read or does not say what it must; the text names file, place and remedy."""


def read_models(source: ModelSource) -> model_server_config_pb2.ModelServerConfig:
    """The models to serve.

    Raises:
        ConfigFileError: the file cannot be read or parsed.
    """
    if source.config_file is not None:
        return _read(source.config_file, model_server_config_pb2.ModelServerConfig())
    config = model_server_config_pb2.ModelServerConfig()
    model = config.model_config_list.config.add()
    model.name, model.base_path, model.model_platform = source.name, source.base_path, PLATFORM
    return config


def read_batching(path: Path | None, length_class_bounds: tuple[int, ...]) -> Batching:
    """TensorFlow Serving's BatchingParameters; what the file leaves out, or no file at all, means our defaults.

    Raises:
        ConfigFileError: the file cannot be read, or holds a number that makes no sense.
    """
    given = messages.BatchingParameters()
    if path is not None:
        _read(path, given)
    fields = ("max_batch_size", "batch_timeout_micros", "num_batch_threads", "max_enqueued_batches")
    values = {field: getattr(given, field).value for field in fields if given.HasField(field)}
    for field, value in values.items():
        least = 0 if field == "batch_timeout_micros" else 1
        if value < least:
            raise ConfigFileError(f"{path}: {field} is {value}; set it to {least} or more")
    return Batching(**values, length_class_bounds=length_class_bounds)


def read_tls(path: Path | None) -> Tls | None:
    """TensorFlow Serving's SSLConfig, None where there is no file.

    Raises:
        ConfigFileError: the file cannot be read, or lacks a key or certificate that fits.
    """
    if path is None:
        return None
    given = _read(path, messages.SSLConfig())
    for field in ("server_key", "server_cert"):
        if not getattr(given, field):
            raise ConfigFileError(f"{path}: {field} is missing; give its PEM text")
    if given.client_verify and not given.custom_ca:
        raise ConfigFileError(f"{path}: client_verify needs custom_ca, the PEM text of who signed the clients")
    read = Tls(given.server_key.encode(), given.server_cert.encode(), given.custom_ca.encode(), given.client_verify)
    try:
        tls.rest_context(read)
    except (ssl.SSLError, ValueError) as error:
        raise ConfigFileError(
            f"{path}: server_key, server_cert and custom_ca must be PEM texts, the key that of the certificate and not "
            f"encrypted: {error}"
        ) from error
    return read


def read_prometheus_path(path: Path | None) -> str | None:
    """Where TensorFlow Serving's MonitoringConfig has Prometheus read metrics, None where it does not.

    Raises:
        ConfigFileError: the file cannot be read.
    """
    if path is None:
        return None
    prometheus = _read(path, messages.MonitoringConfig()).prometheus_config
    return (prometheus.path or DEFAULT_PROMETHEUS_PATH) if prometheus.enable else None


def _read(path: Path, message: Any) -> Any:
    """Parses a text file into the proto message, and returns it."""
    try:
        return text_format.Parse(Path(os.fspath(path)).read_text(encoding="utf-8"), message)
    except OSError as error:
        raise ConfigFileError(f"{path} cannot be read: {error.strerror}; give another file") from error
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise ConfigFileError(f"{path} is no {message.DESCRIPTOR.name} in text form: {error}") from error
