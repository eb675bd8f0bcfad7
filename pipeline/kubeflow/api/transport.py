"""The way of every request to the API: a time limit, a few new tries where they do no harm, and errors in words.

`kfp` sets no time limit on its requests, and kfp_server_api crashes on a certificate that it does not trust; both send
through urllib3's pool, whose place this takes.
"""

from __future__ import annotations

import json
from typing import Any

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationValueError,
    MaxRetryError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.util.retry import Retry

from pipeline.kubeflow.api.errors import IN_DOUBT, NotReachedError, refusal

_TRIES_AGAIN = 3
_FIRST_PAUSE = 0.2  # seconds, doubled by each new try
_LONGEST_CONNECT = 10.0  # seconds
_BROKEN = (500, 502, 503, 504)
_REDIRECTS = (301, 302, 303, 307, 308)


_Retry: Any = Retry  # urllib3 1 wraps it so that its type is lost


class Retries(_Retry):
    """urllib3's retries, but for what a new try does not mend: a certificate that is not trusted, a slow answer."""

    def increment(self, method: str | None = None, url: str | None = None, *args: Any, **settings: Any) -> Retries:
        """The retries that are left after one more. Raises the error where a new try would not help."""
        error: Any = settings.get("error")
        if isinstance(error, (SSLError, ReadTimeoutError)) or _is_late(error):
            raise error
        return super().increment(method, url, *args, **settings)


class Transport:
    """Stands where kfp_server_api keeps its `urllib3.PoolManager`, and answers as that does.

    Args:
        pools: what really sends.
        host: the API's address, for the errors.
        seconds: how long an answer may take.
    """

    def __init__(self, pools: urllib3.PoolManager, host: str, seconds: float) -> None:
        self._pools, self._host, self._seconds = pools, host, seconds
        self._timeout = urllib3.Timeout(connect=min(seconds, _LONGEST_CONNECT), read=seconds)
        self._retries = Retries(
            total=_TRIES_AGAIN,
            redirect=0,  # a redirect leads to a page to log in at, which a program cannot do
            status_forcelist=_BROKEN,
            allowed_methods=["GET"],
            backoff_factor=_FIRST_PAUSE,
            raise_on_redirect=False,
            raise_on_status=False,
        )

    def request(self, method: str, url: str, **settings: Any) -> Any:
        """urllib3's response, of a 2xx status. Raises NotReachedError or ApiError."""
        settings |= {"timeout": self._timeout, "retries": self._retries}
        what = f"{method} {url.partition('?')[0]}"
        try:
            response: Any = self._pools.request(method, url, **settings)
        except HTTPError as error:
            raise self._not_reached(error, what) from error
        if response.status in _REDIRECTS:
            raise self._redirected(response)
        if not 200 <= response.status < 300:
            raise refusal(what, response.status, response.data)
        self._check_is_json(response, what)
        return response

    def _not_reached(self, error: HTTPError, what: str) -> NotReachedError:
        cause: Any = error.reason if isinstance(error, MaxRetryError) and error.reason is not None else error
        if isinstance(cause, SSLError):
            return NotReachedError(
                f"the certificate of {self._host} is not trusted ({_sentence(cause)}); give who signed it by --ca or "
                "kubeflow.api.ca"
            )
        if isinstance(cause, LocationValueError):
            return NotReachedError(f"{self._host} is no address ({_sentence(cause)}); mend kubeflow.api.host")
        in_doubt = isinstance(cause, (ReadTimeoutError, ProtocolError)) and not what.startswith("GET ")
        if isinstance(cause, ReadTimeoutError):
            message = (
                f"{self._host} gave no answer within {self._seconds:g} s to {what}; raise "
                "kubeflow.api.timeout_seconds if the API is slow"
            )
        else:
            message = (
                f"the API of Kubeflow Pipelines at {self._host} cannot be reached ({_sentence(cause)}); look "
                "whether the address is right and its port-forward or proxy, if any, is running"
            )
        return NotReachedError(message + (IN_DOUBT if in_doubt else ""), may_pass=True, in_doubt=in_doubt)

    def _redirected(self, response: Any) -> NotReachedError:
        return NotReachedError(
            f"{self._host} sends elsewhere ({str(response.headers.get('location', '')).partition('?')[0]}): to log in, "
            "where a token is wanted (--token-env, --token-file), or to the API's real address (--host)"
        )

    def _check_is_json(self, response: Any, what: str) -> None:
        try:
            json.loads(response.data or b"{}")
        except ValueError as error:
            raise NotReachedError(
                f"{self._host} answers {what}, but not as the API of Kubeflow Pipelines does; give the address below "
                "which /apis/v2beta1 lies"
            ) from error


def _is_late(error: Any) -> bool:
    """Whether a connection did not come about in time; urllib3 1 calls one that was refused by a class below it."""
    return isinstance(error, ConnectTimeoutError) and not isinstance(error, NewConnectionError)


def _sentence(error: Any) -> str:
    """The reasons in an error of urllib3's, without the objects that it puts beside them."""
    reasons = [str(reason) for reason in error.args if isinstance(reason, (str, Exception))] or [str(error)]
    text = ": ".join(reason.rpartition(">: ")[2].rstrip(".") for reason in reasons)
    return " ".join(text.split())
