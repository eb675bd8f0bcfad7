from __future__ import annotations

import threading

import pytest
from prometheus_client.parser import text_string_to_metric_families

from serving.server.metrics import Metrics


def exposed(metrics: Metrics) -> list[str]:
    return metrics.exposition().decode().splitlines()


def test_counts_each_request_under_tensorflow_servings_name():
    metrics = Metrics()
    metrics.request("sentiment", "Predict", "GRPC", "OK", 0.001)
    metrics.request("sentiment", "Predict", "REST", "OK", 0.001)
    metrics.request("sentiment", "Predict", "GRPC", "INVALID_ARGUMENT", 0.001)
    lines = exposed(metrics)
    assert "# TYPE :tensorflow:serving:request_count counter" in lines
    assert ':tensorflow:serving:request_count{model_name="sentiment",status="OK"} 2.0' in lines
    assert ':tensorflow:serving:request_count{model_name="sentiment",status="INVALID_ARGUMENT"} 1.0' in lines


def test_only_successes_have_a_latency_and_rest_calls_methods_as_in_the_url():
    metrics = Metrics()
    metrics.request("m", "Predict", "GRPC", "OK", 0.000_02)
    metrics.request("m", "Predict", "REST", "OK", 0.000_02)
    metrics.request("m", "Predict", "GRPC", "NOT_FOUND", 0.000_02)
    lines = exposed(metrics)
    assert ':tensorflow:serving:request_latency_count{API="Predict",entrypoint="GRPC",model_name="m"} 1.0' in lines
    assert ':tensorflow:serving:request_latency_count{API="predict",entrypoint="REST",model_name="m"} 1.0' in lines
    # 20 microseconds lie between the bounds 18 and 32.4.
    bucket = ':tensorflow:serving:request_latency_bucket{API="Predict",entrypoint="GRPC",le="%s",model_name="m"} %s'
    assert bucket % ("18", "0.0") in lines
    assert bucket % ("32.4", "1.0") in lines
    assert bucket % ("+Inf", "1.0") in lines


def test_bounds_are_written_as_tensorflow_serving_writes_them():
    metrics = Metrics()
    metrics.runtime("m", "Predict", 1.0)
    text = metrics.exposition().decode()
    assert 'le="708235"' in text
    assert 'le="1.27482e+06"' in text
    assert '.0",' not in text


def test_there_are_33_bounds_and_infinity():
    metrics = Metrics()
    metrics.runtime("m", "Predict", 1.0)
    buckets = [line for line in exposed(metrics) if "runtime_latency_bucket" in line]
    assert len(buckets) == 34
    assert 'runtime="TF1"' in buckets[0]


def test_loads_and_warm_ups_are_named_by_model_and_version():
    metrics = Metrics()
    metrics.load("m", 7, "OK", 2.0)
    metrics.load("m", 8, "LoadError", 1.0)
    metrics.warmup("m", 7, "OK", 0.5)
    lines = exposed(metrics)
    assert ':tensorflow:cc:saved_model:load_attempt_count{model_path="m/7",status="success"} 1.0' in lines
    assert ':tensorflow:cc:saved_model:load_attempt_count{model_path="m/8",status="fail"} 1.0' in lines
    assert ':tensorflow:cc:saved_model:load_latency{model_path="m/7"} 2e+06' in lines
    assert ':tensorflow:serving:model_warmup_latency_sum{model_path="m/7",status="OK"} 500000.0' in lines


def test_counts_examples():
    metrics = Metrics()
    metrics.examples("m", 3)
    metrics.examples("m", 5)
    lines = exposed(metrics)
    assert ':tensorflow:serving:request_example_count_total{model="m"} 8.0' in lines
    assert ':tensorflow:serving:request_example_counts_bucket{le="4",model="m"} 1.0' in lines


def test_shows_requests_in_flight():
    metrics = Metrics()
    metrics.in_flight.inc()
    assert ":bertline:serving:requests_in_flight 1.0" in exposed(metrics)


def test_shows_no_times_of_creation():
    metrics = Metrics()
    metrics.request("m", "Predict", "GRPC", "OK", 0.1)
    assert "_created" not in metrics.exposition().decode()


def test_invented_names_do_not_fill_the_memory():
    metrics = Metrics()
    for number in range(5000):
        metrics.request(f"invented {number}", "Predict", "GRPC", "NOT_FOUND", 0.1)
    metrics.load("late", 1, "OK", 1.0)
    metrics.request("late", "Predict", "GRPC", "OK", 0.1)
    lines = exposed(metrics)
    assert len(lines) < 300
    assert ':tensorflow:serving:request_count{model_name="(other)",status="NOT_FOUND"} 4900.0' in lines
    assert ':tensorflow:serving:request_count{model_name="late",status="OK"} 1.0' in lines


@pytest.mark.parametrize("name", ['"', "\\", "\n", "ä", "{x}", ""])
def test_names_with_special_characters_are_escaped(name):
    metrics = Metrics()
    metrics.request(name, "Predict", "GRPC", "OK", 0.1)
    families = {family.name: family for family in text_string_to_metric_families(metrics.exposition().decode())}
    assert families[":tensorflow:serving:request_count"].samples[0].labels["model_name"] == name


def test_is_valid_for_prometheus():
    metrics = Metrics()
    metrics.request("m", "Predict", "GRPC", "OK", 0.1)
    metrics.load("m", 1, "OK", 1.0)
    types = {family.name: family.type for family in text_string_to_metric_families(metrics.exposition().decode())}
    assert types[":tensorflow:serving:request_count"] == "counter"
    assert types[":tensorflow:serving:request_latency"] == "histogram"
    assert types[":tensorflow:cc:saved_model:load_attempt_count"] == "counter"


def test_counts_from_many_threads():
    metrics = Metrics()

    def count():
        for _ in range(200):
            metrics.request("m", "Predict", "GRPC", "OK", 0.1)

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ':tensorflow:serving:request_count{model_name="m",status="OK"} 1600.0' in exposed(metrics)


def test_a_version_that_has_ended_takes_its_series_with_it():
    metrics = Metrics()
    for version in (1, 12):
        metrics.load("m", version, "OK", 1.0)
        metrics.warmup("m", version, "OK", 1.0)
    metrics.load("m", 1, "LoadError", 1.0)
    metrics.forget("m", 1)
    text = metrics.exposition().decode()
    assert '"m/1"' not in text
    assert ':tensorflow:cc:saved_model:load_attempt_count{model_path="m/12",status="success"} 1' in text


def test_a_model_may_be_called_as_prometheus_calls_times_of_creation():
    metrics = Metrics()
    metrics.request("clients_created", "Predict", "GRPC", "OK", 0.1)
    assert 'request_count{model_name="clients_created",status="OK"} 1' in metrics.exposition().decode()
