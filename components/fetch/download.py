"""Downloads a file: goes on where it was cut off, tries again, checks size and checksum, names it when it is right."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import tenacity

from components.errors import DataError
from components.fetch.addresses import is_loopback, shown
from components.fetch.archive_org import published
from components.fetch.catalogue import Official, WebFile
from components.fetch.checks import difference
from components.fetch.files import CHUNK, settle, writing
from components.fetch.partial import Partial
from components.progress import Progress, report

_TIMEOUT = httpx.Timeout(30.0, connect=10.0)  # seconds without a byte
_ATTEMPTS = 6
_WAIT = tenacity.wait_exponential(multiplier=0.5, max=10.0)  # seconds
_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")
_PARTIAL_CONTENT, _NOT_SATISFIABLE = 206, 416
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_REFUSALS = {
    401: "it wants a login; give a mirror or a path with --from",
    403: "it refuses; give a mirror or a path with --from",
    404: "there is no such file; give a mirror or a path with --from",
    410: "there is no such file any more; give a mirror or a path with --from",
}


class _AgainError(Exception):
    """What may well succeed at the next attempt."""


def download(file: WebFile, target: Path) -> Official:
    """Downloads the file to `target` and gives what it was compared with; often nothing is known.

    The folder is there, and nobody else writes to it.

    Raises:
        DataError: it cannot be had, is larger than it may be, is not the official one, or cannot be written.
    """
    partial = Partial(target, file.url)
    with _explained(file.url), _client(file.url) as client:
        official = file.official if file.item is None else published(client, file)
        with writing(target):
            _fetch(client, file, official.size, partial)
            problem = difference(partial.path, official, target.name)
            if problem is not None:
                partial.discard()
                raise DataError(
                    f"{shown(file.url)} {problem}: it is not the file that was published, and was removed; try again, "
                    "or give another mirror or a path with --from"
                )
    settle(partial.path, target)
    partial.forget_notes()
    return official


def _fetch(client: httpx.Client, file: WebFile, size: int | None, partial: Partial) -> None:
    passing = (httpx.TransportError, _AgainError)
    for attempt in tenacity.Retrying(
        stop=tenacity.stop_after_attempt(_ATTEMPTS),
        wait=_WAIT,
        retry=tenacity.retry_if_exception_type(passing),
        reraise=True,
    ):
        with attempt:
            _attempt(client, file, size, partial)


def _attempt(client: httpx.Client, file: WebFile, size: int | None, partial: Partial) -> None:
    headers = {"Accept-Encoding": "identity", **partial.request()}
    with client.stream("GET", file.url, headers=headers) as response:
        if response.status_code == _NOT_SATISFIABLE:
            _check_end(response, partial)
            return
        _check_status(response)
        start, total = _extent(response)
        if start not in (0, partial.size):
            partial.discard()
            raise _AgainError("the server sent another part than the one asked for")
        _check_size(file, size, total)
        _write(response, partial, start, total, file.largest)


def _check_status(response: httpx.Response) -> None:
    status = response.status_code
    if status in _PASSING:
        raise _AgainError(f"the server answers {status} {response.reason_phrase}")
    if status not in (200, _PARTIAL_CONTENT):
        remedy = _REFUSALS.get(status, "give a mirror or a path with --from")
        address = shown(str(response.url))
        raise DataError(f"{response.url.host} answers {status} {response.reason_phrase}: {remedy} ({address})")


def _check_end(response: httpx.Response, partial: Partial) -> None:
    """Asked for what follows the end: either nothing is missing, or what is there is of another file."""
    _, total = _content_range(response)
    if total != partial.size:
        partial.discard()
        raise _AgainError("what was there was no part of the file")


def _extent(response: httpx.Response) -> tuple[int, int | None]:
    """The first byte that the answer holds, and the bytes of the whole file where the server tells."""
    if response.status_code == _PARTIAL_CONTENT:
        return _content_range(response)
    length = response.headers.get("Content-Length", "")
    return 0, int(length) if length.isdecimal() else None


def _content_range(response: httpx.Response) -> tuple[int, int | None]:
    match = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if match is None:
        return -1, None
    return int(match[1] or 0), None if match[2] == "*" else int(match[2])


def _check_size(file: WebFile, size: int | None, total: int | None) -> None:
    if total is not None and size is not None and total != size:
        raise DataError(
            f"{shown(file.url)} has {total:,} bytes, but the file that was published has {size:,}; give another "
            "mirror or a path with --from"
        )
    if total is not None and total > file.largest:
        raise _too_large(file.url, file.largest)


def _write(response: httpx.Response, partial: Partial, start: int, total: int | None, largest: int) -> None:
    began, done, reported = time.monotonic(), start, start
    pieces = response.iter_raw()  # as they come: of pieces of a fixed size, a cut would lose what is gathered so far
    with partial.path.open("ab" if start else "wb") as written:
        partial.note(response.headers)  # now that nothing is left of what older notes speak of
        for chunk in pieces:
            done += len(chunk)
            if done > largest:
                raise _too_large(str(response.url), largest)
            written.write(chunk)
            if done == total or done - reported >= CHUNK:
                reported = done
                _report(done, total, (done - start) / max(time.monotonic() - began, 1e-3))
    if total is not None and done != total:
        raise _AgainError(f"the connection ended after {done:,} of {total:,} bytes")


def _report(done: int, total: int | None, bytes_per_second: float) -> None:
    report(Progress(done, total, "bytes", {"MB/s": bytes_per_second / 1e6}))


def _too_large(url: str, largest: int) -> DataError:
    return DataError(f"{shown(url)} is larger than {largest:,} bytes, which the file is not; check the address")


def _client(url: str) -> httpx.Client:
    """Follows redirects, but to no service of this machine and from https to no open address, unless one was given.

    Raises:
        DataError: the environment names a proxy or certificates that are none.
    """
    hooks: dict[str, list[Any]] = {"request": [_redirects_from(url)]}
    try:
        return httpx.Client(follow_redirects=True, timeout=_TIMEOUT, event_hooks=hooks)
    except (OSError, ValueError, ImportError, httpx.InvalidURL) as error:  # ImportError: a SOCKS proxy without socksio
        raise DataError(
            f"{shown(url)} cannot be downloaded, since no connection can be set up ({error}); check SSL_CERT_FILE, "
            "SSL_CERT_DIR and the proxies HTTPS_PROXY, HTTP_PROXY and ALL_PROXY, or give a path with --from"
        ) from error


def _redirects_from(url: str) -> Callable[[httpx.Request], None]:
    given = urlsplit(url)
    may_be_here, may_be_open = is_loopback(given.hostname or ""), given.scheme == "http"

    def check(request: httpx.Request) -> None:
        here, leads = is_loopback(request.url.host), f"{shown(url)} leads to {shown(str(request.url))}"
        if here and not may_be_here:
            raise DataError(f"{leads}, which is this machine; give another mirror with --from")
        if request.url.scheme != "https" and not (may_be_open or here):
            raise DataError(f"{leads}, which is not encrypted; give another mirror with --from")

    return check


@contextmanager
def _explained(url: str) -> Iterator[None]:
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, _AgainError) as error:
        raise DataError(
            f"{shown(url)} cannot be downloaded ({str(error) or type(error).__name__}); check the network and the "
            "address and try again (what is there already is kept), or give a mirror or a path with --from"
        ) from error
