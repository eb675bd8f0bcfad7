"""Whether a model brings warm-up requests that fit it, and whether the server answered them before any user's.

https://www.tensorflow.org/tfx/serving/saved_model_warmup
"""

from __future__ import annotations

import re
from pathlib import Path

import tensorflow as tf
from google.protobuf import message
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis import prediction_log_pb2

from components.serving_check.check import Check
from components.trainer.warmup import WARMUP_FILE

BROUGHT = "warm-up requests"
REPLAYED = "warm-up"

_METRIC = re.compile(
    r'^:tensorflow:serving:model_warmup_latency_count\{.*?\bstatus="((?:[^"\\]|\\.)*)".*?\} (\S+)$', re.MULTILINE
)
_REMEDY = "write requests of the signatures that the model has into it when it is exported"


def check_brought(folder: str | Path) -> Check:
    """The check that the SavedModel brings requests, each for a signature that it has and with that one's inputs."""
    file = Path(folder) / WARMUP_FILE
    if not file.is_file():
        return _brought(None, f"the model brings no warm-up requests ({WARMUP_FILE}); {_REMEDY}")
    try:
        requests = _read(file)
        inputs = _inputs_by_signature(Path(folder))
    except (tf.errors.OpError, message.DecodeError, OSError) as error:
        return _brought(None, f"the model's warm-up requests cannot be read ({type(error).__name__}); {_REMEDY}")
    if not requests:
        return _brought(None, f"the model's file of warm-up requests holds none; {_REMEDY}")
    faults = list(dict.fromkeys(filter(None, (_fault(request, inputs) for request in requests))))
    if faults:
        return _brought(len(faults), f"the model's warm-up requests do not fit it: {'; '.join(faults)}; {_REMEDY}")
    return _brought(0, f"the model brings {len(requests)} warm-up requests, and all fit it")


def check_replayed(metrics: str) -> Check:
    """The check that a server's metrics, in Prometheus' text format, count a warm-up that ended well."""
    counts = {status: float(count) for status, count in _METRIC.findall(metrics)}
    faults = sorted(status.partition(":")[0] for status, count in counts.items() if count and status != "OK")
    if faults:
        return Check(REPLAYED, "failed", "replayed", "", False, f"the server's warm-up failed with {', '.join(faults)}")
    if not counts.get("OK"):
        told = "the server counts no warm-up, so the first user waits for it; see the model's warm-up requests"
        return Check(REPLAYED, "not replayed", "replayed", "", False, told)
    told = "the server answered the warm-up requests before it took any other"
    return Check(REPLAYED, "replayed", "replayed", "", True, told)


def _brought(faults: int | None, sentence: str) -> Check:
    return Check(BROUGHT, faults, 0, "faulty", faults == 0, sentence)


def _read(file: Path) -> list[prediction_log_pb2.PredictionLog]:
    records = tf.data.TFRecordDataset(str(file)).as_numpy_iterator()
    return [prediction_log_pb2.PredictionLog.FromString(record) for record in records]


def _inputs_by_signature(folder: Path) -> dict[str, set[str]]:
    model = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    return {name: set(signature.inputs) for name, signature in model.meta_graphs[0].signature_def.items()}


def _fault(log: prediction_log_pb2.PredictionLog, inputs: dict[str, set[str]]) -> str | None:
    """What is wrong with a request, or None."""
    if log.WhichOneof("log_type") != "predict_log":
        return f"one is no Predict request ({log.WhichOneof('log_type')})"
    request = log.predict_log.request
    signature = request.model_spec.signature_name or "serving_default"
    if signature not in inputs:
        return f"one is for the signature {signature}, which the model does not have"
    if set(request.inputs) != inputs[signature]:
        return f"one for {signature} has the inputs {sorted(request.inputs)}, not {sorted(inputs[signature])}"
    return None
