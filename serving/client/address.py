"""Where a server listens, and how it is spoken to."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from serving.client.errors import BadSetting

_REMEDY = "give host:8500 or grpc://host:8500, with TLS grpcs://host:8500; for REST http://host:8501 or https://host"
_SCHEME = re.compile(r"^([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_BLANK = re.compile(r"[\s\x00-\x1f\x7f]")  # some of which urlsplit drops
_PLAIN = {"grpc": False, "grpcs": True, "http": False, "https": True}


@dataclass(frozen=True)
class Address:
    """A parsed address.

    Attributes:
        given: as the caller wrote it.
        is_rest: whether REST is spoken, otherwise gRPC.
        is_tls: whether the connection is encrypted.
        host: its name or number, without brackets.
        target: host:port for gRPC; for REST the URL that `/v1/models` follows.
    """

    given: str
    is_rest: bool
    is_tls: bool
    host: str
    target: str

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine, which no proxy leads to."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host.rstrip(".") == "localhost"


def parse_address(address: str) -> Address:
    """Reads an address: `host:port` and `grpc://host:port`, `grpcs://...` (TLS), `http://...`, `https://...`.

    Raises:
        BadSetting: it is none of these, or has no port where one is needed.
    """
    found = _SCHEME.match(address)
    scheme = found.group(1).lower() if found else "grpc"
    if scheme not in _PLAIN:
        raise BadSetting(f"address {address!r}: {scheme}:// is unknown; {_REMEDY}")
    parts = _split(address if found else f"grpc://{address}", address)
    if scheme.startswith("http"):
        return Address(
            address, True, _PLAIN[scheme], str(parts.hostname), f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        )
    if parts.port is None or parts.path.strip("/"):
        raise BadSetting(f"address {address!r}: gRPC needs a host and a port, and nothing after them; {_REMEDY}")
    return Address(address, False, _PLAIN[scheme], str(parts.hostname), parts.netloc)


def _split(url: str, address: str):  # noqa: ANN202  (urllib's own name for it is private)
    try:
        parts = urlsplit(url)
        _ = parts.port  # a bad one is found only when it is asked for
        (parts.hostname or "").encode("idna")  # as sockets do, which would fail at the first call
    except ValueError as error:
        raise BadSetting(f"address {address!r}: {error}; {_REMEDY}") from error
    if not parts.hostname or parts.username or parts.query or parts.fragment or _BLANK.search(address):
        raise BadSetting(f"address {address!r} is no server's address; {_REMEDY}")
    return parts
