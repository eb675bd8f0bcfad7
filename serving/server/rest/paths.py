"""The URLs that TensorFlow Serving answers, and what each asks for."""

from __future__ import annotations

import dataclasses
import re
from urllib.parse import unquote

from tensorflow_serving.apis import model_pb2

from serving.server.errors import invalid_argument

# tensorflow_serving/model_servers/http_rest_api_util.cc has the same two forms.
_NAME = r"([^/:]+)"
_CHOICE = rf"(?:/versions/(\d+)|/labels/{_NAME})?"
_ANY = re.compile(r"/v1/.*", re.IGNORECASE | re.DOTALL)
_POST = re.compile(rf"/v1/models/{_NAME}{_CHOICE}:(classify|regress|predict)", re.IGNORECASE | re.ASCII)
_GET = re.compile(rf"/v1/models(?:/{_NAME})?{_CHOICE}(?:/(metadata))?", re.IGNORECASE | re.ASCII)
_LARGEST_VERSION = 2**63 - 1


class VersionOutOfRangeError(Exception):
    """A version that is no int64: TensorFlow Serving answers 400 without a body."""


@dataclasses.dataclass(frozen=True)
class Call:
    """What a URL asks for.

    Attributes:
        method: `predict`, `classify`, `regress`, `metadata` or `status`.
        model_spec: with the model's name (empty where the URL names none) and version or label.
    """

    method: str
    model_spec: model_pb2.ModelSpec


def is_api(path: str) -> bool:
    """Whether the path is one of the API at all; others do not exist."""
    return _ANY.fullmatch(path) is not None


def parse(http_method: str, path: str) -> Call:
    """What is asked for.

    Args:
        http_method: `GET`, `POST`.
        path: as it came, escapes and query string included: TensorFlow Serving takes the query for a part of it.

    Raises:
        ServingError: INVALID_ARGUMENT; the API has no such path, or not with this HTTP method.
        VersionOutOfRangeError: the version is larger than any.
    """
    form = {"POST": _POST, "GET": _GET}.get(http_method)
    match = form.fullmatch(path) if form else None
    # Case does not matter to the forms, and does to the method's name in them.
    if match is None or (http_method == "POST" and not match[4].islower()):
        raise invalid_argument(f"Malformed request: {http_method} {path}")
    name, version, label, method = match.groups()
    spec = model_pb2.ModelSpec(name=_decoded(name or ""))
    if version:
        spec.version.value = _number(version)
    if label:
        spec.version_label = _decoded(label)
    if http_method == "GET":
        method = "metadata" if method == "metadata" else "status"
    return Call(method, spec)


def _number(digits: str) -> int:
    significant = digits.lstrip("0") or "0"
    if len(significant) > len(str(_LARGEST_VERSION)) or int(significant) > _LARGEST_VERSION:
        raise VersionOutOfRangeError
    return int(significant)


def _decoded(text: str) -> str:
    return unquote(text, errors="replace")
