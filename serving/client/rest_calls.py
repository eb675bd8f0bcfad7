"""The calls in TensorFlow Serving's REST: https://www.tensorflow.org/tfx/serving/api_rest."""

from __future__ import annotations

import base64
import json
from array import array
from collections.abc import Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

from serving.client.answers import Metadata, Prediction, Signature, TensorSpec, VersionStatus, predictions
from serving.client.calls import RestCall
from serving.client.target import Target


def predict(target: Target, texts: Sequence[bytes], pairs: Sequence[bytes] | None) -> RestCall[list[Prediction]]:
    """Scores of texts, by a signature that takes `text` (and `text_pair`) and gives `scores` and `predicted`; in column
    format.
    """
    columns = {"text": texts} | ({} if pairs is None else {"text_pair": pairs})
    inputs = {name: [_value(text) for text in column] for name, column in columns.items()}
    body = {"signature_name": target.signature, "inputs": inputs}
    encoded = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return RestCall(f"{_path(target)}:predict", encoded, partial(_read_predictions, len(texts)))


def metadata(target: Target) -> RestCall[Metadata]:
    """The model's version and signatures."""
    return RestCall(f"{_path(target)}/metadata", None, _read_metadata)


def status(target: Target) -> RestCall[list[VersionStatus]]:
    """How each version of the model is (of the one version, if the target names one)."""
    return RestCall(_path(target), None, _read_status)


def _path(target: Target) -> str:
    path = f"/v1/models/{quote(target.model, safe='')}"
    if target.version is not None:
        return f"{path}/versions/{target.version}"
    if target.label is not None:
        return f"{path}/labels/{quote(target.label, safe='')}"
    return path


def _value(text: bytes) -> str | dict[str, str]:
    """The text in JSON, in which bytes that are no UTF-8 go as base64."""
    try:
        return text.decode()
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(text).decode()}


def _read_predictions(texts: int, answer: Any) -> list[Prediction]:
    outputs = _get(answer, "outputs", dict)
    scores, predicted = (_get(outputs, name, list) for name in ("scores", "predicted"))
    return predictions(texts, [_scores(row) for row in scores], [_label(label) for label in predicted])


def _scores(row: Any) -> list[float]:
    """A row [labels] of float32: JSON holds the shortest decimal of each, not the value itself."""
    if not isinstance(row, list) or not row or not all(_is_number(score) for score in row):
        raise ValueError(f"{_shown(row)} came where a row of scores was expected")
    return array("f", row).tolist()


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _label(label: Any) -> str | list[bool]:
    if isinstance(label, list) and label and all(isinstance(holds, bool) for holds in label):
        return label
    if isinstance(label, str):
        return label
    raise ValueError(f"{_shown(label)} came where a label's name or a row of booleans was expected")


def _read_metadata(answer: Any) -> Metadata:
    spec = _get(answer, "model_spec", dict)
    signatures = _get(_get(_get(answer, "metadata", dict), "signature_def", dict), "signature_def", dict)
    read = {name: _signature(signature) for name, signature in signatures.items()}
    return Metadata(_get(spec, "name", str), int(_get(spec, "version", str)), read)


def _signature(signature: Any) -> Signature:
    inputs, outputs = (
        {name: _spec(info) for name, info in sorted(_get(signature, side, dict).items())}
        for side in ("inputs", "outputs")
    )
    return Signature(inputs, outputs)


def _spec(info: Any) -> TensorSpec:
    shape = _get(info, "tensor_shape", dict)
    sizes = tuple(int(_get(dim, "size", str)) for dim in shape.get("dim", []))
    return TensorSpec(_get(info, "dtype", str), None if shape.get("unknown_rank") else sizes)


def _read_status(answer: Any) -> list[VersionStatus]:
    return [_version(version) for version in _get(answer, "model_version_status", list)]


def _version(version: Any) -> VersionStatus:
    status = _get(version, "status", dict)
    return VersionStatus(
        int(_get(version, "version", str)),
        _get(version, "state", str),
        _get(status, "error_code", str),
        _get(status, "error_message", str),
    )


def _get(answer: Any, key: str, kind: type) -> Any:
    value = answer.get(key) if isinstance(answer, dict) else None
    if not isinstance(value, kind):
        raise ValueError(f"the answer has no {key!r} of the kind expected: {_shown(answer)}")
    return value


def _shown(answer: Any) -> str:
    text = json.dumps(answer)
    return text if len(text) <= 200 else f"{text[:200]}…"
