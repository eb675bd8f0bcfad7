from __future__ import annotations

import hashlib

import pytest

from components.fetch.addresses import fingerprint, is_loopback, shown, without_secrets


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("https://bob:s3cr3t@example.org:8443/a/train.csv?sig=abc#x", "https://example.org:8443/a/train.csv"),
        ("https://bob:p@ss@example.org/train.csv", "https://example.org/train.csv"),
        ("https://example.org/a@b.csv", "https://example.org/a@b.csv"),
        ("https://bob:s3cr3t@[::1/train.csv?sig=abc", "https://..."),
        ("ftp://bob:s3cr3t@/x", "ftp:///x"),
    ],
)
def test_no_secret_of_an_address_is_shown(url, public):
    assert shown(url) == public


def test_files_are_told_apart_and_passwords_are_not_kept():
    url = "https://example.org/get?file=train.csv"
    assert fingerprint(url) == hashlib.sha256(url.encode()).hexdigest()
    assert fingerprint("https://bob:s3cr3t@example.org/get?file=train.csv") == fingerprint(url)
    assert fingerprint("https://example.org/get?file=test.csv") != fingerprint(url)


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.9.9.9", "0.0.0.0", "127.1", "2130706433"),
        *("::1", "::", "::ffff:127.0.0.1"),
    ],
)
def test_this_machine_has_many_names(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "example.org", "localhost.example.org", "10.0.0.1", "::2", "93.184.216.34"])
def test_other_machines(host):
    assert not is_loopback(host)


def test_a_configuration_is_kept_without_the_secrets_of_its_addresses():
    config = {
        "data": {"path": "https://me:secret@example.com/a.csv?token=1", "serving": None},
        "samples": ["ask http://x.org/?q=1 about it", "https://example.com/{SPAN}.csv"],
        "push": {"folder": "/srv/models"},
    }
    assert without_secrets(config) == {
        "data": {"path": "https://example.com/a.csv", "serving": None},
        "samples": ["ask http://x.org/?q=1 about it", "https://example.com/{SPAN}.csv"],
        "push": {"folder": "/srv/models"},
    }
