from __future__ import annotations

import http.server
import io
import tarfile
import threading

import pytest
import tensorflow_hub as hub

from components.encoders.handles import EMBEDDED
from components.encoders.inspect import inspect_encoder
from components.encoders.resolve import resolve_encoder
from components.errors import EncoderError


def pack(folder) -> bytes:
    """The folder as TF Hub sends it."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        archive.add(folder, arcname=".")
    return content.getvalue()


class Hub(http.server.BaseHTTPRequestHandler):
    """A hub: /good/1 sends an encoder, /moved/1 redirects to it, as tfhub.dev does to Kaggle."""

    archive = b""
    requests: list[str] = []

    def do_GET(self):
        self.requests.append(self.path)
        path, _, query = self.path.partition("?")
        if path == "/moved/1":
            self.send_response(302)
            self.send_header("Location", f"/good/1?{query}")
            self.end_headers()
            return
        body = {"/good/1": self.archive, "/half/1": self.archive[:2000], "/page/1": b"<html>hello</html>"}.get(path)
        if body is None or query != "tf-hub-format=compressed":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args, **kwargs):
        """Says nothing."""


@pytest.fixture(scope="module")
def server(tiny_encoder):
    Hub.archive = pack(tiny_encoder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def hub_cache(tmp_path, monkeypatch):
    for proxy in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "hub"))
    Hub.requests.clear()
    return tmp_path / "hub"


@pytest.mark.parametrize("path", ["/good/1", "/moved/1"])
def test_a_url_is_downloaded_once(server, hub_cache, tiny_encoder, path):
    folder = resolve_encoder(server + path)
    assert hub_cache in folder.parents
    assert folder.is_absolute()
    ours, expected = inspect_encoder(folder), inspect_encoder(tiny_encoder)
    assert (ours.vocab_size, ours.max_positions, ours.lower_case) == (expected.vocab_size, 128, True)
    assert len(hub.KerasLayer(str(folder), trainable=True).trainable_variables) == 39
    requests = len(Hub.requests)
    assert resolve_encoder(server + path) == folder
    assert len(Hub.requests) == requests


@pytest.mark.parametrize("path", ["/gone/1", "/half/1", "/page/1"])
def test_a_download_that_fails_names_the_address_the_cause_and_the_remedy(server, hub_cache, path):
    with pytest.raises(EncoderError, match=r"cannot be downloaded \(.+\); check the address") as refusal:
        resolve_encoder(server + path)
    assert server + path in str(refusal.value)
    assert refusal.value.__cause__ is not None


def test_a_server_that_is_not_there(hub_cache):
    with pytest.raises(EncoderError, match=r"cannot be downloaded .*refused"):
        resolve_encoder("http://127.0.0.1:9/encoder/1")


def test_other_addresses_are_refused_and_never_asked(monkeypatch):
    monkeypatch.setattr(hub, "resolve", lambda url: pytest.fail("it was asked"))
    with pytest.raises(EncoderError, match=r"encoder\.handle is http://tfhub\.dev/x/1, which is no https address"):
        resolve_encoder("http://tfhub.dev/x/1")


def test_a_folder_is_itself(tiny_encoder):
    assert resolve_encoder(str(tiny_encoder)) == tiny_encoder


def test_the_embedded_encoder_is_a_text_encoder(embedded_encoder):
    assert resolve_encoder(EMBEDDED) == embedded_encoder
    assert inspect_encoder(embedded_encoder).max_positions == 512


def test_anything_else_is_refused():
    with pytest.raises(EncoderError, match=r"encoder\.handle is 'bert'.*set it to"):
        resolve_encoder("bert")
