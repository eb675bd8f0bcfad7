"""TLS of both sides, by the one file that TensorFlow Serving takes for gRPC."""

from __future__ import annotations

import ssl
import tempfile

import grpc

from serving.server.options import Tls


def grpc_credentials(tls: Tls) -> grpc.ServerCredentials:
    """What the gRPC port is opened with."""
    return grpc.ssl_server_credentials(
        [(tls.server_key, tls.server_cert)],
        root_certificates=tls.custom_ca or None,
        require_client_auth=tls.client_verify,
    )


def rest_context(tls: Tls) -> ssl.SSLContext:
    """What the REST port is opened with. Raises ssl.SSLError where the PEM texts are none, or make no pair."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # The library reads certificate and key from files alone.
    with tempfile.NamedTemporaryFile() as file:  # which only its owner can read
        file.write(tls.server_key + b"\n" + tls.server_cert)
        file.flush()
        context.load_cert_chain(file.name, password=lambda: "")  # or an encrypted key would be asked for at a terminal
    if tls.client_verify:
        context.load_verify_locations(cadata=tls.custom_ca.decode())
        context.verify_mode = ssl.CERT_REQUIRED
    return context
