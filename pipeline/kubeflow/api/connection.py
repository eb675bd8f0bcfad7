"""The connection to the API: address, token and certificate, and `kfp.Client` with its habits taken away.

Left to itself, `kfp.Client` takes a namespace and a cookie from ~/.config/kfp/context.json, falls back on the cluster
that kubectl speaks with, asks an API that is not there five times, and writes what it finds back to that file.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kfp.client import Client
from kfp.client.token_credentials_base import TokenCredentialsBase
from typing_extensions import override

from pipeline.kubeflow.api.silence import quietly, silence
from pipeline.kubeflow.api.token import token_of_environment, token_of_file
from pipeline.kubeflow.api.transport import Transport
from pipeline.kubeflow.errors import KubeflowError
from pipeline.kubeflow.settings import Api

HOST_VARIABLE = "KFP_HOST"
_UI_VARIABLE = "KF_PIPELINES_UI_ENDPOINT"  # kfp's own: where people look, if not at the API's address
_SYSTEM_NAMESPACE = "kubeflow"  # where Kubeflow itself runs
_IN_A_POD = "KUBERNETES_SERVICE_HOST"
_IN_CLUSTER_HOST = f"http://ml-pipeline.{_SYSTEM_NAMESPACE}.svc.cluster.local:8888"
_IAP_VARIABLE = "KF_PIPELINES_IAP_OAUTH2_CLIENT_ID"
_POD_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


@dataclass(frozen=True)
class Connection:
    """An API that has answered.

    Attributes:
        client: speaks with it.
        host: its address.
        ui: what the addresses of the user interface begin with.
        namespace: the user's, None where Kubeflow has one user.
        experiment: that runs belong to.
        service_account: that the pods of runs have, None for Kubeflow's own.
    """

    client: Client
    host: str
    ui: str
    namespace: str | None
    experiment: str
    service_account: str | None

    def run_url(self, run_id: str) -> str:
        """Where the user interface shows a run."""
        return f"{self.ui}/#/runs/details/{run_id}"

    def schedule_url(self, schedule_id: str) -> str:
        """Where the user interface shows a schedule."""
        return f"{self.ui}/#/recurringrun/details/{schedule_id}"


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


class _FileToken(TokenCredentialsBase):
    """The token of a file, read anew for every request: the kubelet replaces it before it expires."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @override
    def refresh_api_key_hook(self, config: Any) -> None:
        """Puts the token into the client's configuration."""
        config.api_key["authorization"] = token_of_file(self._path)


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
    client = _client(settings, token_file, variables)
    rest: Any = client._run_api.api_client  # one for all services
    host = _with_scheme(rest.configuration.host)
    rest.rest_client.pool_manager = Transport(rest.rest_client.pool_manager, host, settings.timeout_seconds)
    health = quietly(client.get_kfp_healthz)
    namespace = _namespace(settings) if health.multi_user else None
    client.user_namespace = namespace or ""
    ui = variables.get(_UI_VARIABLE, host).rstrip("/")
    return Connection(client, host, _with_scheme(ui), namespace, settings.experiment, settings.service_account)


def _client(settings: Api, token_file: Path | None, environment: Mapping[str, str]) -> _Client:
    token = token_of_environment(settings, environment) if token_file is None else token_of_file(token_file)
    host = settings.host or environment.get(HOST_VARIABLE) or None
    _check_host(host, environment)
    if token is None and environment.get(_IAP_VARIABLE):
        raise KubeflowError(
            f"{_IAP_VARIABLE} is set, but bertline opens no browser; get a token, and name it by --token-env"
        )
    if host is None and token is not None:
        host = _IN_CLUSTER_HOST  # with a token and no host, kfp would ask localhost
    with silence():
        return _Client(
            host=host,
            namespace=_SYSTEM_NAMESPACE,
            existing_token=token if token_file is None else None,
            credentials=None if token_file is None else _FileToken(token_file),
            ssl_ca_cert=_authority(settings),
        )


def _check_host(host: str | None, environment: Mapping[str, str]) -> None:
    if host is None and _IN_A_POD not in environment:
        raise KubeflowError(
            "there is no address of the API; set kubeflow.api.host, --host or KFP_HOST, such as http://localhost:8080 "
            "after kubectl port-forward -n kubeflow svc/ml-pipeline-ui 8080:80"
        )
    if host is not None and not host.startswith(("http://", "https://")):
        raise KubeflowError(f"the address {host} lacks its scheme; write http://{host} or https://{host}")


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


def _with_scheme(host: str) -> str:
    return host if host.startswith(("http://", "https://", "/")) else f"http://{host}"
