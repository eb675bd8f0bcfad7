"""The connection to the API: address, token and certificate, and `kfp.Client` with its habits taken away.

Left to itself, `kfp.Client` takes a namespace and a cookie from ~/.config/kfp/context.json, falls back on the cluster
that kubectl speaks with, opens a browser to log in, passes over proxies, asks an API that is not there five times, and
writes what it finds back to that file.
"""

from __future__ import annotations

import os
import ssl
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import urllib3
from kfp.client import Client
from typing_extensions import override

from pipeline.kubeflow.api.errors import NotReachedError
from pipeline.kubeflow.api.silence import quietly, silence
from pipeline.kubeflow.api.transport import Transport
from pipeline.kubeflow.errors import KubeflowError
from pipeline.kubeflow.settings import Api

_HOST_VARIABLES = ("KFP_HOST", "KF_PIPELINES_ENDPOINT")  # ours, and kfp's own
_UI_VARIABLE = "KF_PIPELINES_UI_ENDPOINT"  # kfp's own: where people look, if not at the API's address
_CREDENTIAL_VARIABLE = "KF_PIPELINES_SA_TOKEN_PATH"  # kfp's own: where a pod finds its token
_SYSTEM_NAMESPACE = "kubeflow"  # where Kubeflow itself runs
_IN_A_POD = "KUBERNETES_SERVICE_HOST"
_IN_CLUSTER_HOST = f"http://ml-pipeline.{_SYSTEM_NAMESPACE}.svc.cluster.local:8888"
_IN_CLUSTER = (".svc", ".svc.cluster.local")
_POD_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_POD_CREDENTIAL = Path("/var/run/secrets/kubeflow/pipelines/token")
_NOTHING = "none"  # kfp would look for one elsewhere where it gets none


@dataclass(frozen=True)
class Connection:
    """An API that has answered.

    Attributes:
        client: speaks with it.
        host: its address.
        ui: what the addresses of the user interface begin with, None where none is known.
        namespace: the user's, None where Kubeflow has one user.
        experiment: that runs belong to.
        service_account: that the pods of runs have, None for Kubeflow's own.
    """

    client: Client
    host: str
    ui: str | None
    namespace: str | None
    experiment: str
    service_account: str | None

    def run_url(self, run_id: str) -> str | None:
        """Where the user interface shows a run."""
        return self.ui and f"{self.ui}/#/runs/details/{run_id}"

    def schedule_url(self, schedule_id: str) -> str | None:
        """Where the user interface shows a schedule."""
        return self.ui and f"{self.ui}/#/recurringrun/details/{schedule_id}"


class _Client(Client):
    """`kfp.Client` that keeps nothing in, and takes nothing from, the user's home."""

    def __init__(self, **settings: Any) -> None:
        self.user_namespace = ""
        super().__init__(**settings)

    @override
    def _load_context_setting_or_default(self) -> None:
        # Not empty, or the client would now ask the API whose namespace it is, without any time limit.
        self._context_setting = {"namespace": _SYSTEM_NAMESPACE}

    @override
    def get_user_namespace(self) -> str:
        """The namespace of whoever asks, empty where Kubeflow has one user."""
        return self.user_namespace


def connect(settings: Api, token_file: Path | None = None, environment: Mapping[str, str] | None = None) -> Connection:
    """Connects to the API, and asks it whether it is there.

    Args:
        settings: the section `kubeflow.api`.
        token_file: where the token is read from, at every request, in place of the environment variable.
        environment: the process's own by default.

    Raises:
        KubeflowError: no address, token or certificate, or the API cannot be reached, refuses, or wants a namespace.
    """
    variables = os.environ if environment is None else environment
    host, is_found = _host(settings, variables)
    ui = settings.ui or variables.get(_UI_VARIABLE) or (None if _is_in_cluster(host) else host)
    _check_addresses(host, ui)
    token = None if token_file is not None else _token_of_environment(settings, variables)
    if is_found and token is None and token_file is None:
        token_file = _token_of_pod(variables)
    client = _client(settings, host, token, token_file)
    health = quietly(client.get_kfp_healthz)
    namespace = _namespace(settings) if health.multi_user else None
    client.user_namespace = namespace or ""
    return Connection(
        client, host, ui and _with_scheme(ui).rstrip("/"), namespace, settings.experiment, settings.service_account
    )


def _client(settings: Api, host: str, token: str | None, token_file: Path | None) -> _Client:
    if token_file is not None:
        token = _token_of_file(token_file)
    if token is not None:
        _check_is_secret(host)
    proxy = _proxy(host)
    with silence():
        client = _Client(
            host=host,
            namespace=_SYSTEM_NAMESPACE,
            existing_token=token or _NOTHING,
            proxy=proxy,
            ssl_ca_cert=_authority(settings),
        )
    rest: Any = client._run_api.api_client  # one for all services
    if token is None:
        del rest.configuration.api_key["authorization"]
    if token_file is not None:
        rest.configuration.refresh_api_key_hook = _refresh(token_file)
    pools = rest.rest_client.pool_manager
    if proxy is not None:
        pools.proxy_headers.update(_proxy_headers(proxy))
    rest.rest_client.pool_manager = Transport(pools, host, settings.timeout_seconds)
    return client


def _host(settings: Api, environment: Mapping[str, str]) -> tuple[str, bool]:
    """The address of the API, and whether it was not given but is where every pod of a cluster finds it."""
    named = (environment.get(name) for name in _HOST_VARIABLES)
    host = settings.host or next((name for name in named if name), None)
    if host is None and _IN_A_POD in environment:
        return _IN_CLUSTER_HOST, True
    if host is None:
        raise KubeflowError(
            "there is no address of the API; set kubeflow.api.host, --host or KFP_HOST, such as http://localhost:8080 "
            "after kubectl port-forward -n kubeflow svc/ml-pipeline-ui 8080:80"
        )
    if not host.startswith(("http://", "https://")):
        raise KubeflowError(f"the address {host} lacks its scheme; write http://{host} or https://{host}")
    return host.rstrip("/"), False


def _check_addresses(host: str, ui: str | None) -> None:
    for name, address in (("host", host), ("ui", ui)):
        if address is not None and "@" in urlsplit(_with_scheme(address)).netloc:
            raise KubeflowError(
                f"kubeflow.api.{name} holds a user's name or password, which would be printed and logged; leave them "
                "out, and give a token by --token-env or --token-file"
            )


def _check_is_secret(host: str) -> None:
    """Refuses to send a token in the clear, but inside this machine or a cluster."""
    if not (host.startswith("https://") or _is_loopback(host) or _is_in_cluster(host)):
        raise KubeflowError(
            f"the token would be sent to {host} in the clear; write https://, or use kubectl port-forward and "
            "localhost, or inside the cluster a name that ends in .svc"
        )


def _is_loopback(host: str) -> bool:
    name = urlsplit(host).hostname or ""
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


def _is_in_cluster(host: str) -> bool:
    return (urlsplit(host).hostname or "").endswith(_IN_CLUSTER)


def _proxy(host: str) -> str | None:
    """The proxy of the environment (HTTPS_PROXY, HTTP_PROXY) that leads to the host, None where NO_PROXY has it."""
    address = urlsplit(host)
    if _is_loopback(host) or urllib.request.proxy_bypass(address.netloc):
        return None
    proxy = urllib.request.getproxies().get(address.scheme)
    return None if proxy is None else _with_scheme(proxy)


def _proxy_headers(proxy: str) -> dict[str, str]:
    address = urlsplit(proxy)
    if address.username is None:
        return {}
    return urllib3.make_headers(proxy_basic_auth=unquote(f"{address.username}:{address.password or ''}"))


def _authority(settings: Api) -> str | None:
    if settings.ca is None:
        return None
    try:
        ssl.create_default_context(cafile=settings.ca)
    except (OSError, ssl.SSLError) as error:
        raise KubeflowError(f"kubeflow.api.ca {settings.ca} holds no certificate ({error}); name a PEM file") from error
    return settings.ca


def _namespace(settings: Api) -> str:
    if settings.namespace is not None:
        return settings.namespace
    if _POD_NAMESPACE.is_file():
        return _POD_NAMESPACE.read_text(encoding="utf-8").strip()
    raise KubeflowError("this Kubeflow has several users; set yours by --namespace or kubeflow.api.namespace")


def _with_scheme(address: str) -> str:
    return address if "://" in address else f"http://{address}"


def _token_of_environment(settings: Api, environment: Mapping[str, str]) -> str | None:
    """The token in the variable that the settings name, None where the standard one is not set."""
    name = settings.token_env
    if name in environment:
        return _checked(environment[name], f"the variable {name}")
    if "token_env" not in settings.model_fields_set:
        return None
    raise KubeflowError(f"--token-env: the variable {name} is not set; export {name}=TOKEN, or leave the option out")


def _token_of_pod(environment: Mapping[str, str]) -> Path | None:
    """Where the pod's token for the API lies, None where it was given none."""
    path = Path(environment.get(_CREDENTIAL_VARIABLE) or _POD_CREDENTIAL)
    return path if path.is_file() else None


def _refresh(path: Path) -> Any:
    """What the client calls before every request: the kubelet replaces a pod's token before it expires."""

    def refresh(configuration: Any) -> None:
        configuration.api_key["authorization"] = _token_of_file(path)

    return refresh


def _token_of_file(path: Path) -> str:
    """The token that the file holds now. Raises NotReachedError where it holds none, as while it is being replaced."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NotReachedError(
            f"--token-file {path} cannot be read ({error}); name a file that holds a token", may_pass=True
        ) from error
    return _checked(text, f"--token-file {path}")


def _checked(text: str, origin: str) -> str:
    token = text.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise NotReachedError(
            f"{origin} holds no token: it must be one word of ASCII characters; put a fresh one there", may_pass=True
        )
    return token
