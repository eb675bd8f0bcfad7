"""Certificates, for encrypted addresses (grpcs://, https://)."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import grpc

from serving.client.errors import BadSetting


@dataclass(frozen=True)
class Tls:
    """PEM files.

    Attributes:
        ca: certificates of who signs the server's; None: those that gRPC, or the system for REST, brings.
        certificate: the client's own, where the server wants one (mTLS).
        key: that certificate's key.
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


def ssl_context(tls: Tls) -> ssl.SSLContext:
    """What REST connects with.

    Raises:
        BadSetting: a file is missing or is no PEM, certificate and key do not belong together, or one lacks the other.
    """
    if (tls.certificate is None) != (tls.key is None):
        raise BadSetting("tls: certificate and key go together; give both or neither")
    context = _context_of(tls.ca)
    if tls.certificate and tls.key:
        _load_pair(context, tls.certificate, tls.key)
    return context


def grpc_credentials(tls: Tls) -> grpc.ChannelCredentials:
    """What gRPC connects with; raises what `ssl_context` does, as gRPC itself would only fail to connect."""
    ssl_context(tls)
    ca, certificate, key = (path.read_bytes() if path else None for path in (tls.ca, tls.certificate, tls.key))
    return grpc.ssl_channel_credentials(root_certificates=ca, private_key=key, certificate_chain=certificate)


def _context_of(ca: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as error:  # ssl.SSLError is one
        raise BadSetting(f"tls.ca {ca}: {error}; give a PEM file of certificates") from error


def _load_pair(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    def no_password() -> str:  # otherwise OpenSSL asks the terminal for one
        raise BadSetting(f"tls.key {key} is encrypted; give one without a password")

    try:
        context.load_cert_chain(certificate, key, password=no_password)
    except OSError as error:
        raise BadSetting(
            f"tls.certificate {certificate} and tls.key {key}: {error}; give PEM files that belong together"
        ) from error
