"""What the server is told on its command line; the flags are TensorFlow Serving's, and a few of ours."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

# Bounds of the longest text of a request in bytes: requests of one class are batched together, so that a short text
# is never padded to a long one's length. Each bound is half as much again as the one before; from about 4 kB on,
# texts are longer than what a BERT reads.
LENGTH_CLASS_BOUNDS = (32, 48, 72, 108, 162, 243, 365, 547, 820, 1230, 1845, 2768, 4152)


@dataclasses.dataclass(frozen=True)
class Batching:
    """TensorFlow Serving's batching parameters, as far as they apply here.

    Attributes:
        max_batch_size: rows that are computed at once.
        batch_timeout_micros: how long a free thread waits for a batch to fill. 0: not at all, so that batches form
            only while all threads are busy, and a lone request waits for nobody.
        num_batch_threads: batches computed at the same time.
        max_enqueued_batches: full batches that may wait in each queue.
        length_class_bounds: see `LENGTH_CLASS_BOUNDS`.
    """

    max_batch_size: int = 32
    batch_timeout_micros: int = 0
    num_batch_threads: int = os.cpu_count() or 1
    max_enqueued_batches: int = 64
    length_class_bounds: tuple[int, ...] = LENGTH_CLASS_BOUNDS


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a client can make the server hold at most; beyond it a request is refused with RESOURCE_EXHAUSTED."""

    message_bytes: int = 4 << 20
    requests_in_flight: int = 256
    bytes_in_flight: int = 256 << 20
    request_rows: int = 1024


@dataclasses.dataclass(frozen=True)
class Tls:
    """What TensorFlow Serving's SSLConfig holds: PEM texts."""

    server_key: bytes
    server_cert: bytes
    custom_ca: bytes
    client_verify: bool


@dataclasses.dataclass(frozen=True)
class Parallelism:
    """Threads of each model's session; 0 leaves the number to TensorFlow."""

    intra_op: int = 0
    inter_op: int = 0


@dataclasses.dataclass(frozen=True)
class Loading:
    """How versions are looked for and loaded.

    Attributes:
        poll_seconds: between two looks at the versions' folders; 0 looks once, at the start.
        max_retries: further attempts at loading a version.
        retry_seconds: between two attempts.
        warm_up: whether a version answers its warm-up requests before it is available.
        labels_for_unavailable: whether a label may name a version that is not loaded.
    """

    poll_seconds: float = 1.0
    max_retries: int = 5
    retry_seconds: float = 60.0
    warm_up: bool = True
    labels_for_unavailable: bool = False
    batching: Batching | None = None
    parallelism: Parallelism = Parallelism()


@dataclasses.dataclass(frozen=True)
class Listening:
    """Where the server listens. A port of 0 leaves that side out."""

    address: str = "127.0.0.1"
    grpc_port: int = 8500
    rest_port: int = 0
    rest_timeout_seconds: float = 30.0
    tls: Tls | None = None
    prometheus_path: str | None = None


@dataclasses.dataclass(frozen=True)
class ModelSource:
    """Which models are served: a file in TensorFlow Serving's format, or one model by name and base path."""

    config_file: Path | None = None
    config_poll_seconds: float = 0.0
    name: str = "default"
    base_path: str = ""


@dataclasses.dataclass(frozen=True)
class Options:
    """The whole command line."""

    source: ModelSource
    listening: Listening = Listening()
    loading: Loading = Loading()
    limits: Limits = Limits()
    drain_seconds: float = 30.0
    access_log: bool = False
