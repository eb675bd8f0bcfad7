from __future__ import annotations

import pytest

from serving.client import AsyncClient, BadSetting, Client, Tls
from serving.client.address import parse_address


@pytest.mark.parametrize(
    ("given", "is_rest", "is_tls", "target"),
    [
        ("localhost:8500", False, False, "localhost:8500"),
        ("grpc://10.0.0.1:8500", False, False, "10.0.0.1:8500"),
        ("GRPCS://models.example:443/", False, True, "models.example:443"),
        ("[::1]:8500", False, False, "[::1]:8500"),
        ("http://localhost:8501", True, False, "http://localhost:8501"),
        ("https://models.example", True, True, "https://models.example"),
        ("https://models.example/team-a/", True, True, "https://models.example/team-a"),
    ],
)
def test_addresses(given, is_rest, is_tls, target):
    address = parse_address(given)
    assert (address.given, address.is_rest, address.is_tls, address.target) == (given, is_rest, is_tls, target)


@pytest.mark.parametrize(
    "given",
    [
        "", "localhost", ":8500", "localhost:", "localhost:port", "localhost:99999", "grpc://localhost", "ftp://host:21",
        "http://a..b:80", "a..b:80", "http://a b:80", "http://host\n:80", "http://" + "a" * 64, "\thost:80",
        "localhost:8500/v1", "user:word@host:8500", "http://", "http://host:8501?x=1", "[::1:8500",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_with_what_is(given):
    with pytest.raises(BadSetting, match="host:8500") as caught:
        parse_address(given)
    assert repr(given) in str(caught.value)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"version": 3, "label": "stable"}, "both version 3 and label 'stable'"),
        ({"version": -1}, "version -1"),
        ({"version": 2**63}, "version 9223372036854775808"),
        ({"label": ""}, "label"),
        ({"timeout": 0}, "timeout 0"),
        ({"timeout": float("nan")}, "timeout nan"),
        ({"timeout": float("inf")}, "timeout inf: give seconds above 0, at most 86400"),
        ({"timeout": 1e12}, "timeout 1"),
        ({"batch_size": 0}, "batch_size 0"),
        ({"retries": 5}, "retries 5"),
        ({"retries": -1}, "retries -1"),
        ({"tls": Tls()}, "tls is given for localhost:8500, which is not encrypted"),
    ],
)
def test_settings_that_cannot_work_are_refused(kind, settings, said):
    with pytest.raises(BadSetting, match=said):
        kind("localhost:8500", "demo", **settings)


def test_a_model_needs_a_name():
    with pytest.raises(ValueError, match="model"):
        Client("localhost:8500", "")


def test_a_host_that_http_alone_refuses():
    with pytest.raises(BadSetting, match="http://xn--:80"):
        Client("http://xn--:80", "demo")
