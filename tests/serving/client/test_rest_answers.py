"""What only REST can go wrong with."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from serving import client


@pytest.fixture
def answering(request):
    """The address of a server whose every answer is `request.param`: HTTP status and body."""
    status, body = request.param

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format, *arguments):  # noqa: A002
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


UNREADABLE = {
    "no JSON": b"<html>hello</html>",
    "not UTF-8": b'"\xff"',
    "no object": b"[1]",
    "row format": b'{"predictions": [[0.5]]}',
    "no rows": b'{"outputs": {"scores": 0.5, "predicted": ["pos"]}}',
    "no numbers": b'{"outputs": {"scores": [["high"]], "predicted": ["pos"]}}',
    "booleans": b'{"outputs": {"scores": [[true]], "predicted": ["pos"]}}',
    "an empty row": b'{"outputs": {"scores": [[]], "predicted": ["pos"]}}',
    "too large a number": b'{"outputs": {"scores": [[1' + b"0" * 400 + b']], "predicted": ["pos"]}}',
    "a number for a label": b'{"outputs": {"scores": [[0.5]], "predicted": [1]}}',
}


@pytest.mark.parametrize("answering", [(200, body) for body in UNREADABLE.values()], ids=UNREADABLE, indirect=True)
def test_what_is_no_prediction(connect, answering):
    with pytest.raises(client.UnexpectedAnswer) as caught:
        connect(answering).predict(["x"])
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    ("answering", "kind", "said"),
    [
        ((404, b"<html>no such page</html>"), client.NotFound, "no such page"),
        ((413, b""), client.TooLarge, "HTTP 413"),
        ((429, b"slow down"), client.Overloaded, "slow down"),
        ((502, b"<html>gateway</html>"), client.Unavailable, "gateway"),
        ((301, b""), client.Internal, "HTTP 301"),
        ((418, b'{"error": 3}'), client.Internal, "HTTP 418: 3"),
    ],
    indirect=["answering"],
)
def test_what_a_gateway_says(connect, answering, kind, said):
    with pytest.raises(kind, match=said) as caught:
        connect(answering).predict(["x"])
    assert type(caught.value) is kind


@pytest.mark.parametrize("answering", [(200, b'{"outputs": {"scores": [[NaN]], "predicted": ["neg"]}}')], indirect=True)
def test_a_score_that_is_no_number_is_passed_on(connect, answering):
    [prediction] = connect(answering).predict(["x"])
    assert prediction.score != prediction.score
