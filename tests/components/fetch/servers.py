"""A host of files that answers as the real ones do, and as badly as they may."""

from __future__ import annotations

import dataclasses
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclasses.dataclass
class Host:
    """What the server has, and how it behaves; every request is kept."""

    files: dict[str, bytes] = dataclasses.field(default_factory=dict)
    headers: dict[str, str] = dataclasses.field(default_factory=lambda: {"ETag": '"1"'})
    redirects: dict[str, str] = dataclasses.field(default_factory=dict)
    statuses: list[int] = dataclasses.field(default_factory=list)  # answered first, one a request
    cuts: list[int] = dataclasses.field(default_factory=list)  # bytes after which a connection ends, one a request
    ranges: bool = True
    length: bool = True
    forbidden: Callable[[str, dict[str, str]], int | None] = lambda path, headers: None
    requests: list[tuple[str, dict[str, str]]] = dataclasses.field(default_factory=list)
    url: str = ""

    def asked(self, header: str) -> list[str | None]:
        """The header of every request for a file."""
        return [headers.get(header) for _, headers in self.requests]


@contextmanager
def serving(host: Host) -> Iterator[Host]:
    """Serves on 127.0.0.1 for as long as the block takes."""
    handler = type("Handler", (_Handler,), {"host": host})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    host.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


class _Handler(BaseHTTPRequestHandler):
    host: Host
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        host = self.host
        host.requests.append((self.path, dict(self.headers)))
        status = host.statuses.pop(0) if host.statuses else host.forbidden(self.path, dict(self.headers))
        if status is not None:
            self._answer(status, b"{}", {})
        elif self.path in host.redirects:
            self._answer(302, b"", {"Location": host.redirects[self.path]})
        elif self.path not in host.files:
            self._answer(404, b"{}", {})
        else:
            self._send(host.files[self.path])

    def _send(self, content: bytes) -> None:
        host, asked = self.host, re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        headers = {**host.headers, **({"Accept-Ranges": "bytes"} if host.ranges else {})}
        unchanged = self.headers.get("If-Range") in (None, host.headers.get("ETag"), host.headers.get("Last-Modified"))
        if asked is None or not host.ranges or not unchanged:
            self._answer(200, content, headers)
        elif int(asked[1]) >= len(content):
            self._answer(416, b"", {"Content-Range": f"bytes */{len(content)}"})
        else:
            start = int(asked[1])
            place = f"bytes {start}-{len(content) - 1}/{len(content)}"
            self._answer(206, content[start:], {**headers, "Content-Range": place})

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if self.host.length or status >= 300:
            self.send_header("Content-Length", str(len(body)))
        else:
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        if status < 300 and self.host.cuts:
            body = body[: self.host.cuts.pop(0)]
            self.close_connection = True
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing is printed."""
