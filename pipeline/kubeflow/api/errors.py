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
_GATEWAYS = (502, 503, 504)  # what a proxy before the API says, which may have got through to it
IN_DOUBT = "; it may have been done all the same: look before trying again"
_LONGEST_MESSAGE = 600  # characters of an answer that are told


class ApiError(KubeflowError):
    """The API refused a request.

    Attributes:
        status: HTTP's, 0 where no answer came.
        told: what it said of it.
        in_doubt: whether what was asked for may have been done all the same.
        may_pass: whether the same request may well succeed a little later.
    """

    def __init__(
        self, message: str, status: int = 0, told: str = "", may_pass: bool = False, in_doubt: bool = False
    ) -> None:
        super().__init__(message)
        self.status, self.told, self.may_pass, self.in_doubt = status, told, may_pass, in_doubt

    @property
    def says_it_exists(self) -> bool:
        """Whether a name is taken: older API servers say so with 400 or 500 in place of 409."""
        return self.status == 409 or "already exist" in self.told.lower()


class NotReachedError(ApiError):
    """No answer of the API came, or none that is its own."""


def refusal(what: str, status: int, body: bytes) -> ApiError:
    """The error for an answer of HTTP status `status` to the request `what`, such as `GET http://host/path`."""
    told = _told(body)
    in_doubt = status in _GATEWAYS and not what.startswith("GET ")
    remedy = _BROKEN if status >= 500 else _REMEDIES.get(status, _OTHERWISE)
    remedy += IN_DOUBT if in_doubt else ""
    said = f"Kubeflow answered {status} to {what}{f': {told}' if told else ''}; {remedy}"
    return ApiError(said, status, told, may_pass=status >= 500 or status == 429, in_doubt=in_doubt)


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
