"""What Prometheus reads: TensorFlow Serving's metrics under TensorFlow Serving's names.

Dashboards and alerts made for TensorFlow Serving work on this server as they are. A name there is the path of a metric
with ":" for "/", latencies are histograms of microseconds, and a counter has no "_total" added to its name.
"""

from __future__ import annotations

import re

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SERVING = ":tensorflow:serving:"
_LOADING = ":tensorflow:cc:saved_model:"
# TensorFlow Serving's buckets: 10 µs times powers of 1.8 (tensorflow_serving/servables/tensorflow/util.cc), each bound
# written with six significant digits.
_LATENCY_BUCKETS = tuple(float(f"{10 * 1.8**power:.6g}") for power in range(33))
_EXAMPLE_BUCKETS = tuple(float(2**power) for power in range(15))
_MICROSECONDS = 1e6  # in a second

# Names of models come from clients too. Beyond so many that no model has, they share a label: a storm of invented names
# must not fill the memory.
_UNKNOWN_NAMES_KEPT = 100
_OTHER = "(other)"

# What prometheus_client adds to what TensorFlow Serving writes: "_total" on counters, series of creation times, and
# ".0" on bounds that are whole numbers.
_CREATED = re.compile(r"^(?:# (?:HELP|TYPE) )?[^\s{]*_created(?=[\s{]).*\n", re.MULTILINE)
_WHOLE_BOUND = re.compile(r'le="(\d+)\.0"')


class Metrics:
    """The metrics of one server. May be used from any thread.

    Attributes:
        in_flight: gauge of the requests that are being answered (ours alone; TensorFlow Serving has none).
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._loaded: set[str] = set()
        self._unknown: set[str] = set()
        self._requests = self._counter(
            f"{_SERVING}request_count", "The total number of requests.", "model_name", "status"
        )
        self._request_latency = self._latency(
            f"{_SERVING}request_latency", "From a request to its answer.", "model_name", "API", "entrypoint"
        )
        self._runtime_latency = self._latency(
            f"{_SERVING}runtime_latency", "In TensorFlow's runtime.", "model_name", "API", "runtime"
        )
        self._examples = Histogram(
            f"{_SERVING}request_example_counts",
            "Examples in a request to classify or regress.",
            ["model"],
            registry=self._registry,
            buckets=_EXAMPLE_BUCKETS,
        )
        self._example_total = self._counter(
            f"{_SERVING}request_example_count_total", "The total number of examples.", "model"
        )
        self._warmup_latency = self._latency(
            f"{_SERVING}model_warmup_latency", "Of a model's warm-up.", "model_path", "status"
        )
        self._load_attempts = self._counter(
            f"{_LOADING}load_attempt_count", "Attempts at loading a model.", "model_path", "status"
        )
        self._load_latency = self._counter(f"{_LOADING}load_latency", "Microseconds of loading a model.", "model_path")
        self.in_flight = Gauge(
            ":bertline:serving:requests_in_flight", "Requests being answered.", registry=self._registry
        )

    def exposition(self) -> bytes:
        """Everything in Prometheus' text format (`CONTENT_TYPE`)."""
        text = _CREATED.sub("", generate_latest(self._registry).decode())
        for name in (f"{_SERVING}request_count", f"{_LOADING}load_attempt_count", f"{_LOADING}load_latency"):
            text = re.sub(rf"^((?:# (?:HELP|TYPE) )?{name})_total\b", r"\1", text, flags=re.MULTILINE)
        return _WHOLE_BOUND.sub(r'le="\1"', text).encode()

    def request(self, model: str, method: str, entrypoint: str, status: str, seconds: float) -> None:
        """A request has been answered.

        Args:
            model: the name that was asked for, empty where the request named none.
            method: `Predict`, `Classify`, `Regress`; empty for REST's GETs.
            entrypoint: `GRPC` or `REST`.
            status: name of the gRPC code.
            seconds: from its arrival to its answer; counts only where the status is `OK`, as in TensorFlow Serving.
        """
        name = self._label(model)
        self._requests.labels(name, status).inc()
        if status == "OK":
            # TensorFlow Serving calls a method by its name in the URL where it came over REST.
            api = method.lower() if entrypoint == "REST" else method
            self._request_latency.labels(name, api, entrypoint).observe(seconds * _MICROSECONDS)

    def runtime(self, model: str, method: str, seconds: float) -> None:
        """TensorFlow has computed a request's answer, waiting in a batch queue included."""
        self._runtime_latency.labels(self._label(model), method, "TF1").observe(seconds * _MICROSECONDS)

    def examples(self, model: str, count: int) -> None:
        """A request to classify or regress had so many examples."""
        name = self._label(model)
        self._examples.labels(name).observe(count)
        self._example_total.labels(name).inc(count)

    def load(self, model: str, version: int, status: str, seconds: float) -> None:
        """A version has been loaded, warm-up included, or could not be.

        Args:
            model: its name.
            version: its number. `model_path` is name/version; where the folder lies is nothing for a metric's readers.
            status: `OK`, or anything else for a failure.
            seconds: that it took.
        """
        self._loaded.add(model)
        path = f"{model}/{version}"
        self._load_attempts.labels(path, "success" if status == "OK" else "fail").inc()
        self._load_latency.labels(path).inc(seconds * _MICROSECONDS)

    def warmup(self, model: str, version: int, status: str, seconds: float) -> None:
        """A version has answered its warm-up requests, or failed to: see `load`."""
        self._warmup_latency.labels(f"{model}/{version}", status).observe(seconds * _MICROSECONDS)

    def forget(self, model: str, version: int) -> None:
        """The version has ended, and is spoken of no more."""
        for series in (self._load_attempts, self._load_latency, self._warmup_latency):
            series.remove_by_labels({"model_path": f"{model}/{version}"})

    def _counter(self, name: str, documentation: str, *labels: str) -> Counter:
        return Counter(name, documentation, labels, registry=self._registry)

    def _latency(self, name: str, documentation: str, *labels: str) -> Histogram:
        return Histogram(
            name, f"{documentation} Microseconds.", labels, registry=self._registry, buckets=_LATENCY_BUCKETS
        )

    def _label(self, model: str) -> str:
        if model in self._loaded or model in self._unknown:
            return model
        if len(self._unknown) >= _UNKNOWN_NAMES_KEPT:
            return _OTHER
        self._unknown.add(model)
        return model
