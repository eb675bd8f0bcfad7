"""A proxy of the environment leads to other machines, never to this one."""

from __future__ import annotations

import pytest

from serving.client import BadSetting
from serving.client.address import parse_address
from serving.client.grpc_channel import channel_options
from tests.serving.client.standin import rest_server

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "grpc_proxy")


@pytest.fixture
def proxy(monkeypatch):
    """Sets a proxy for everything."""
    for name in ("no_proxy", "NO_PROXY", *map(str.upper, PROXIES)):
        monkeypatch.delenv(name, raising=False)

    def use(url):
        for name in PROXIES:
            monkeypatch.setenv(name, url)

    return use


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_is_asked_directly(connect, address, proxy, free_port, host):
    proxy(f"http://127.0.0.1:{free_port}")
    assert len(connect(address.replace("127.0.0.1", host), retries=0).predict(["x"])) == 1


def test_another_machine_is_asked_through_it(connect, brain, proxy):
    with rest_server(brain) as port:
        proxy(f"http://127.0.0.1:{port}")
        connect("http://models.invalid:8501").predict(["x"])
    assert brain.specs == ["http://models.invalid:8501/v1/models/demo:predict"]


def test_a_proxy_that_http_cannot_use_is_refused(connect, proxy):
    proxy("socks5://127.0.0.1:1080")
    with pytest.raises(BadSetting, match=r"SOCKS.*all_proxy"):
        connect("http://models.invalid:8501").predict(["x"])


@pytest.mark.parametrize(
    ("given", "is_loopback"),
    [
        ("localhost:1", True), ("LOCALHOST.:1", True), ("127.0.0.1:1", True), ("127.8.9.1:1", True), ("[::1]:1", True),
        ("10.0.0.1:1", False), ("[::2]:1", False), ("localhost.example:1", False), ("0.0.0.0:1", False),
    ],
)  # fmt: skip
def test_what_this_machine_is(given, is_loopback):
    address = parse_address(given)
    assert address.is_loopback == is_loopback
    assert (("grpc.enable_http_proxy", 0) in channel_options(address, 4)) == is_loopback
