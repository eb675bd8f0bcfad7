"""What may be shown, kept and reached of an address: none of the secrets in it, and no service of this machine."""

from __future__ import annotations

import hashlib
import ipaddress
import re
import socket
from typing import Any
from urllib.parse import urlsplit

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")


def shown(url: str) -> str:
    """The address for messages: without the user, the password and the query, which may hold signatures and tokens."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return f"{url.partition('://')[0]}://..."
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def without_secrets(value: Any) -> Any:
    """A JSON value, as a configuration is one, with every address in it as it may be shown."""
    if isinstance(value, dict):
        return {key: without_secrets(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_secrets(item) for item in value]
    return shown(value) if isinstance(value, str) and _ADDRESS.fullmatch(value) else value


def fingerprint(url: str) -> str:
    """SHA-256 of the address without the user and the password: what tells files apart, and betrays no secret."""
    parts = urlsplit(url)
    public = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return hashlib.sha256(public.encode()).hexdigest()


def is_loopback(host: str) -> bool:
    """Whether the host is this machine, by its number in any notation or by a name of RFC 6761, 6.3.

    No name is looked up: one that somebody's name server points at this machine is not known as such.
    """
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    number = _number(name)
    return number is not None and (number.is_loopback or number.is_unspecified)


def _number(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        number = ipaddress.ip_address(name)
    except ValueError:
        return _short_number(name)
    mapped = number.ipv4_mapped if isinstance(number, ipaddress.IPv6Address) else None
    return mapped or number


def _short_number(name: str) -> ipaddress.IPv4Address | None:
    """127.1 and 2130706433 are 127.0.0.1, too."""
    try:
        return ipaddress.IPv4Address(socket.inet_aton(name))
    except OSError:
        return None
