"""What the API of Kubeflow Pipelines answers, or leaves unanswered, in a sentence a user can act on."""

from __future__ import annotations

import json
from typing import Any

from pipeline.kubeflow.errors import KubeflowError

_REMEDIES = {
    401: "the token is missing, wrong or out of date; put a fresh one into the variable that --token-env names",
    403: "whoever the token stands for may not do this; ask for the right in that namespace, or give --namespace",
    404: "look whether it was deleted, and whether --host and --namespace are the right ones",
    429: "the API is asked too often; wait and try again",
}
_BROKEN = "the API server is in trouble; wait, or look at its log: kubectl -n kubeflow logs deploy/ml-pipeline"
_OTHERWISE = "mend what it names"
_LONGEST_MESSAGE = 600  # characters of an answer that are told


class ApiError(KubeflowError):
    """The API refused a request: `status` is HTTP's, `told` what it said of it."""

    def __init__(self, message: str, status: int, told: str = "") -> None:
        super().__init__(message)
        self.status, self.told = status, told

    @property
    def says_it_exists(self) -> bool:
        """Whether a name is taken: older API servers say so with 400 or 500 in place of 409."""
        return self.status == 409 or "already exist" in self.told.lower()

    @property
    def may_pass(self) -> bool:
        """Whether the same request may well succeed a little later."""
        return self.status >= 500 or self.status == 429


class NotReachedError(ApiError):
    """No answer of the API came, or none that is its own."""

    def __init__(self, message: str, may_pass: bool = True) -> None:
        super().__init__(message, 0)
        self._may_pass = may_pass

    @property
    def may_pass(self) -> bool:
        """Whether the same request may well succeed a little later."""
        return self._may_pass


def refusal(what: str, status: int, body: bytes) -> ApiError:
    """The error for an answer of HTTP status `status` to the request `what`, such as `GET http://host/path`."""
    told = _told(body)
    remedy = _BROKEN if status >= 500 else _REMEDIES.get(status, _OTHERWISE)
    return ApiError(f"Kubeflow answered {status} to {what}{f': {told}' if told else ''}; {remedy}", status, told)


def _told(body: bytes) -> str:
    """The message of an error: gRPC's status as JSON, the upload's own form, or a text."""
    text = body.decode("utf-8", errors="replace").strip()
    try:
        answer: Any = json.loads(text)
    except ValueError:
        return "" if text.startswith("<") else _shortened(text)  # a proxy's page says nothing
    if not isinstance(answer, dict):
        return _shortened(text)
    told = next((answer[key] for key in ("message", "error_message", "error") if answer.get(key)), "")
    return _shortened(str(told))


def _shortened(text: str) -> str:
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= _LONGEST_MESSAGE else f"{line[:_LONGEST_MESSAGE]}..."
