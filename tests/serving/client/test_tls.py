from __future__ import annotations

import contextlib
import ssl
from types import SimpleNamespace

import grpc
import pytest
import trustme

from serving.client import BadSetting, Client, Tls, Unavailable
from tests.serving.client.standin import grpc_server, rest_server


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    """PEM files: who signs, a server's, a client's, and a stranger's who signs too."""
    folder = tmp_path_factory.mktemp("pki")
    authority, stranger = trustme.CA(), trustme.CA()
    server, client = authority.issue_cert("localhost"), authority.issue_cert("me@example.org")
    files = {
        "ca": authority.cert_pem,
        "stranger": stranger.cert_pem,
        "server": server.cert_chain_pems[0],
        "server_key": server.private_key_pem,
        "client": client.cert_chain_pems[0],
        "client_key": client.private_key_pem,
    }
    for name, pem in files.items():
        pem.write_to_path(folder / f"{name}.pem")
    return SimpleNamespace(**{name: folder / f"{name}.pem" for name in files})


def grpc_address(brain, pki, is_mutual):
    pair = [(pki.server_key.read_bytes(), pki.server.read_bytes())]
    roots = pki.ca.read_bytes() if is_mutual else None
    return "grpcs", grpc_server(brain, grpc.ssl_server_credentials(pair, roots, is_mutual))


def rest_address(brain, pki, is_mutual):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki.server, pki.server_key)
    if is_mutual:
        context.load_verify_locations(pki.ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return "https", rest_server(brain, context)


@pytest.fixture(params=[grpc_address, rest_address], ids=["grpc", "rest"])
def listen(request, brain, pki):
    """Starts a server; gives its address."""
    with contextlib.ExitStack() as stack:

        def start(is_mutual=False):
            scheme, server = request.param(brain, pki, is_mutual)
            return f"{scheme}://localhost:{stack.enter_context(server)}"

        yield start


def test_the_servers_certificate_is_checked_and_accepted(listen, connect, pki):
    assert len(connect(listen(), tls=Tls(ca=pki.ca)).predict(["x"])) == 1


@pytest.mark.parametrize("ca", ["stranger", None])
def test_a_server_that_nobody_known_vouches_for_is_refused(listen, connect, pki, ca, brain):
    tls = Tls(ca=getattr(pki, ca)) if ca else None
    with pytest.raises(Unavailable, match=r"(?i)certificate|ssl"):
        connect(listen(), tls=tls, retries=0).predict(["x"])
    assert brain.calls == 0


def test_a_client_shows_its_certificate(listen, connect, pki):
    tls = Tls(pki.ca, pki.client, pki.client_key)
    assert len(connect(listen(is_mutual=True), tls=tls).predict(["x"])) == 1


def test_a_client_without_a_certificate_is_refused_where_one_is_wanted(listen, connect, pki, brain):
    with pytest.raises(Unavailable):
        connect(listen(is_mutual=True), tls=Tls(pki.ca), retries=0).predict(["x"])
    assert brain.calls == 0


@pytest.mark.parametrize("scheme", ["grpcs", "https"])
@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"ca": "nowhere"}, "tls.ca"),
        ({"ca": "server_key"}, "tls.ca"),
        ({"certificate": "client"}, "go together"),
        ({"key": "client_key"}, "go together"),
        ({"certificate": "client", "key": "server_key"}, "belong together"),
        ({"certificate": "nowhere", "key": "client_key"}, "tls.certificate"),
    ],
)
def test_files_that_cannot_work_are_refused_before_any_call(pki, scheme, files, said):
    paths = {name: getattr(pki, file, pki.ca.parent / "nowhere.pem") for name, file in files.items()}
    with pytest.raises(BadSetting, match=said):
        Client(f"{scheme}://localhost:1", "demo", tls=Tls(**paths))


def test_a_key_with_a_password_is_refused_without_asking_for_it(pki, tmp_path):
    from cryptography.hazmat.primitives import serialization as forms

    key = forms.load_pem_private_key(pki.client_key.read_bytes(), None)
    locked = tmp_path / "locked.pem"
    locked.write_bytes(
        key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.BestAvailableEncryption(b"secret"))
    )
    with pytest.raises(BadSetting, match="password"):
        Client("grpcs://localhost:1", "demo", tls=Tls(pki.ca, pki.client, locked))
