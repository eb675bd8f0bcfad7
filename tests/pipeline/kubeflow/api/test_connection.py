from __future__ import annotations

import base64
import json
import logging
import socket
import ssl
from typing import Any

import pytest
import trustme
import urllib3
from kfp.client import Client

from pipeline.kubeflow.api.connection import connect
from pipeline.kubeflow.api.errors import ApiError, NotReachedError
from pipeline.kubeflow.errors import KubeflowError
from pipeline.kubeflow.settings import Api
from tests.pipeline.kubeflow.api.standin import Cluster, serving

POD = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}


def api(cluster: Cluster, **settings) -> Api:
    return Api(host=cluster.url, **{"timeout_seconds": 5, **settings})


def refused(settings: Api, environment=None, **arguments) -> str:
    with pytest.raises(KubeflowError) as caught:
        connect(settings, environment=environment or {}, **arguments)
    return str(caught.value)


def test_an_api_that_answers(cluster):
    connection = connect(api(cluster), environment={})
    assert connection.host == cluster.url
    assert connection.run_url("1") == f"{cluster.url}/#/runs/details/1"
    assert connection.namespace is None
    assert [(r.method, r.path) for r in cluster.requests] == [("GET", "/apis/v2beta1/healthz")]
    assert "authorization" not in cluster.requests[0].headers


def test_the_address_of_the_environment_is_taken_where_there_is_no_other(cluster):
    assert connect(Api(), environment={"KFP_HOST": cluster.url}).host == cluster.url
    assert connect(api(cluster), environment={"KFP_HOST": "http://other"}).host == cluster.url

    assert connect(Api(), environment={"KF_PIPELINES_ENDPOINT": cluster.url}).host == cluster.url
    in_a_pod = {"KF_PIPELINES_ENDPOINT": cluster.url, "KUBERNETES_SERVICE_HOST": "10.0.0.1"}
    assert connect(Api(), environment=in_a_pod).host == cluster.url


def test_the_address_of_the_user_interface_may_be_another(cluster):
    elsewhere = {"KF_PIPELINES_UI_ENDPOINT": "kubeflow.example.org/"}
    connection = connect(api(cluster), environment=elsewhere)
    assert connection.run_url("1") == "http://kubeflow.example.org/#/runs/details/1"
    connection = connect(api(cluster, ui="https://ui.example.org/pipeline/"), environment=elsewhere)
    assert connection.schedule_url("1") == "https://ui.example.org/pipeline/#/recurringrun/details/1"


@pytest.fixture
def asked(monkeypatch):
    """What would be asked, and with which token; a healthy API answers."""
    asked: list[tuple[str, str | None]] = []

    def request(self, method, url, headers, **settings):
        asked.append((url, headers.get("authorization")))
        body: Any = b"{}"
        return urllib3.HTTPResponse(body, {"content-type": "application/json"}, status=200)

    monkeypatch.setattr("pipeline.kubeflow.api.transport.Transport.request", request)
    return asked


@pytest.mark.parametrize("host", ["http://ml-pipeline.kubeflow.svc:8888", "http://a.b.svc.cluster.local"])
def test_there_is_no_link_to_what_only_a_cluster_reaches(asked, host):
    connection = connect(Api(host=host), environment={"KFP_TOKEN": "word"})
    assert connection.run_url("1") is connection.schedule_url("1") is None
    assert asked == [(f"{host}/apis/v2beta1/healthz", "Bearer word")]
    assert connect(Api(host=host, ui="https://ui"), environment={}).run_url("1") == "https://ui/#/runs/details/1"


def test_no_address():
    assert "set kubeflow.api.host, --host or KFP_HOST" in refused(Api())


def test_an_address_without_its_scheme():
    assert "write http://localhost:8080 or https://localhost:8080" in refused(Api(), {"KFP_HOST": "localhost:8080"})


def test_in_a_pod_the_api_is_found_by_its_name(asked):
    connect(Api(), environment={**POD, "KFP_TOKEN": "word"})
    assert asked == [("http://ml-pipeline.kubeflow.svc.cluster.local:8888/apis/v2beta1/healthz", "Bearer word")]


def test_in_a_pod_the_token_is_its_own(asked, tmp_path):
    path = tmp_path / "token"
    connect(Api(), environment={**POD, "KF_PIPELINES_SA_TOKEN_PATH": str(path)})
    path.write_text("own")
    connect(Api(), environment={**POD, "KF_PIPELINES_SA_TOKEN_PATH": str(path)})
    connect(Api(host="https://other"), environment={**POD, "KF_PIPELINES_SA_TOKEN_PATH": str(path)})
    assert [token for _, token in asked] == [None, "Bearer own", None]


@pytest.mark.parametrize(
    "settings", [{"host": "https://ann:word@kubeflow"}, {"host": "https://a", "ui": "https://b@c"}]
)
def test_an_address_holds_no_password(asked, settings):
    message = refused(Api(**settings))
    assert "holds a user's name or password" in message
    assert "word@" not in message
    assert not asked


@pytest.mark.parametrize("host", ["http://kubeflow.example.org", "http://10.0.0.1:8888", "http://a.svc.example.org"])
def test_a_token_is_not_sent_in_the_clear(asked, tmp_path, host):
    path = tmp_path / "token"
    path.write_text("word")
    assert "in the clear; write https://" in refused(Api(host=host), {"KFP_TOKEN": "word"})
    assert "in the clear; write https://" in refused(Api(host=host), token_file=path)
    assert not asked
    connect(Api(host=host), environment={})
    connect(Api(host="http://[::1]:8888"), environment={"KFP_TOKEN": "word"})


def test_proxies_of_the_environment(cluster, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", cluster.url.replace("//", "//ann:w%40rd@"))
    monkeypatch.setenv("NO_PROXY", "near.example.org")
    connect(Api(host="http://kubeflow.example.org"), environment={})
    assert cluster.requests[0].headers["host"] == "kubeflow.example.org"
    assert cluster.requests[0].headers["proxy-authorization"] == f"Basic {base64.b64encode(b'ann:w@rd').decode()}"
    connect(api(cluster), environment={})
    assert cluster.requests[1].headers["host"] in cluster.url
    assert "cannot be reached" in refused(Api(host="http://near.example.org"))
    assert len(cluster.requests) == 2


def test_an_api_that_is_not_there():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    message = refused(Api(host=address))
    assert f"the API of Kubeflow Pipelines at {address} cannot be reached" in message
    assert "refused" in message
    assert "object at 0x" not in message


def test_a_machine_that_has_no_such_name():
    assert "cannot be reached" in refused(Api(host="http://nowhere.invalid"))


def test_the_token_comes_from_the_environment(cluster):
    cluster.token = "word"
    connect(api(cluster), environment={"KFP_TOKEN": "word"})
    connect(api(cluster, token_env="MINE"), environment={"MINE": " word\n"})
    assert {r.headers["authorization"] for r in cluster.requests} == {"Bearer word"}


def test_a_token_file_is_read_anew_at_every_request(cluster, tmp_path):
    path = tmp_path / "token"
    path.write_text("first\n")
    connection = connect(api(cluster), token_file=path, environment={"KFP_TOKEN": "another"})
    path.write_text("second\n")
    connection.client.get_kfp_healthz()
    assert cluster.requests[0].headers["authorization"] == "Bearer first"
    assert cluster.requests[-1].headers["authorization"] == "Bearer second"
    path.unlink()
    with pytest.raises(KubeflowError, match=r"--token-file .* cannot be read"):
        connection.client.get_kfp_healthz()


@pytest.mark.parametrize("token", ["", "  ", "two words", "t\u00f6ken", "line\nline"])
def test_a_token_that_is_none(cluster, token):
    assert "the variable KFP_TOKEN holds no token" in refused(api(cluster), {"KFP_TOKEN": token})
    assert not cluster.requests


def test_a_variable_that_was_asked_for_and_is_not_set(cluster):
    assert "--token-env: the variable MINE is not set" in refused(api(cluster, token_env="MINE"))


def test_a_wrong_token(cluster):
    cluster.token = "right"
    with pytest.raises(ApiError) as caught:
        connect(api(cluster), environment={"KFP_TOKEN": "wrong"})
    assert caught.value.status == 401
    assert "no valid bearer token" in str(caught.value)
    assert "--token-env" in str(caught.value)
    assert "wrong" not in str(caught.value).replace("missing, wrong", "")
    assert len(cluster.requests) == 1


def test_a_token_that_may_not(cluster):
    cluster.fail("GET", "healthz", 403, message="not allowed")
    message = refused(api(cluster), {"KFP_TOKEN": "word"})
    assert "403" in message
    assert "not allowed; whoever the token stands for may not do this" in message


def test_a_server_error_is_tried_again(cluster):
    cluster.fail("GET", "healthz", 503, times=3)
    connect(api(cluster), environment={})
    assert len(cluster.requests) == 4


def test_a_server_error_that_stays_is_told_after_a_few_tries(cluster):
    cluster.fail("GET", "healthz", 500, times=99, message="database is gone")
    with pytest.raises(ApiError, match=r"answered 500 .*: database is gone; the API server is in trouble") as caught:
        connect(api(cluster), environment={})
    assert caught.value.may_pass
    assert len(cluster.requests) == 4


def test_a_proxys_page_is_not_told(cluster):
    cluster.fail("GET", "healthz", 502, times=99, body=b"<html>Bad Gateway</html>")
    message = refused(api(cluster))
    assert "502" in message
    assert "html" not in message


def test_only_what_reads_is_tried_again(cluster, connection):
    cluster.fail("POST", "experiments", 503, times=99)
    with pytest.raises(ApiError, match="503"):
        connection.client.create_experiment("new")
    assert len(cluster.asked("POST", "/experiments")) == 1


def test_a_slow_answer(cluster):
    cluster.slow = "healthz"
    settings = api(cluster).model_copy(update={"timeout_seconds": 0.1})
    message = refused(settings)
    assert "gave no answer within 0.1 s to GET" in message
    assert "kubeflow.api.timeout_seconds" in message
    assert len(cluster.requests) == 1


def test_a_slow_answer_to_what_writes_may_have_been_done(cluster):
    connection = connect(api(cluster).model_copy(update={"timeout_seconds": 0.2}), environment={})
    cluster.slow = "terminate"
    with pytest.raises(NotReachedError, match="may have been done all the same"):
        connection.client.terminate_run(cluster.add_run())


def test_a_page_to_log_in_at(cluster):
    cluster.fail("GET", "healthz", 302, headers={"location": "https://login.example.org/?state=secret"})
    message = refused(api(cluster))
    assert "sends elsewhere (https://login.example.org/)" in message
    assert "secret" not in message
    assert len(cluster.requests) == 1


def test_a_server_that_is_another(cluster):
    cluster.fail("GET", "healthz", 200, body=b"<html>Welcome</html>", headers={"content-type": "text/html"})
    assert "not as the API of Kubeflow Pipelines does" in refused(api(cluster))


def test_an_address_with_a_wrong_path(cluster):
    settings = Api(host=f"{cluster.url}/elsewhere")
    assert "answered 404" in refused(settings)


def test_several_users_want_a_namespace(cluster):
    cluster.multi_user = True
    assert "set yours by --namespace" in refused(api(cluster))
    connection = connect(api(cluster, namespace="team"), environment={})
    assert connection.namespace == "team"
    assert connection.client.get_user_namespace() == "team"


def test_in_a_pod_the_namespace_is_its_own(cluster, tmp_path, monkeypatch):
    (tmp_path / "namespace").write_text("team\n")
    monkeypatch.setattr("pipeline.kubeflow.api.connection._POD_NAMESPACE", tmp_path / "namespace")
    cluster.multi_user = True
    assert connect(api(cluster), environment={}).namespace == "team"


def test_one_user_has_no_namespace(cluster):
    connection = connect(api(cluster, namespace="kubeflow"), environment={})
    assert connection.namespace is None
    assert connection.client.list_experiments().experiments in (None, [])


def test_what_another_left_in_the_home_is_not_taken(cluster, tmp_path, monkeypatch):
    context = tmp_path / "context.json"
    left = json.dumps({"namespace": "other", "client_authentication_cookie": "their=cookie"})
    context.write_text(left)
    monkeypatch.setattr(Client, "_LOCAL_KFP_CONTEXT", str(context))
    cluster.multi_user = True
    connection = connect(api(cluster, namespace="team"), environment={})
    connection.client.list_experiments()
    assert all("cookie" not in request.headers for request in cluster.requests)
    assert cluster.requests[-1].query["namespace"] == "team"
    assert context.read_text() == left


def test_nothing_is_printed_or_logged(cluster, capfd, recwarn):
    cluster.fail("GET", "healthz", 503, times=2)
    connect(api(cluster), environment={})
    assert capfd.readouterr() == ("", "")
    assert not [warning for warning in recwarn if "Kubeflow" in str(warning.message)]
    assert logging.root.manager.disable == logging.NOTSET


def test_a_browser_is_not_opened(cluster, tmp_path, monkeypatch):
    monkeypatch.setenv("KF_PIPELINES_IAP_OAUTH2_CLIENT_ID", "id")
    path = tmp_path / "token"
    path.write_text("word")
    connect(api(cluster), environment={})
    connect(api(cluster), token_file=path, environment={})
    assert [request.headers.get("authorization") for request in cluster.requests] == [None, "Bearer word"]


@pytest.mark.parametrize("token", [None, "word"])
def test_google_is_not_asked_for_a_token(asked, tmp_path, token):
    (tmp_path / "token").write_text("word")
    connect(Api(host="https://a.googleusercontent.com"), tmp_path / "token" if token else None, environment={})
    assert asked[0][1] == (token and f"Bearer {token}")


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def secure(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with serving(Cluster(), context) as cluster:
        yield cluster


def test_tls(secure, authority, tmp_path):
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    assert connect(api(secure, ca=str(path)), environment={}).host == secure.url


def test_a_certificate_that_is_not_trusted(secure):
    message = refused(api(secure))
    assert "is not trusted" in message
    assert "--ca" in message


def test_a_file_that_holds_no_certificate(cluster, tmp_path):
    path = tmp_path / "ca.pem"
    path.write_text("nothing")
    assert "holds no certificate" in refused(api(cluster, ca=str(path)))
    assert "holds no certificate" in refused(api(cluster, ca=str(tmp_path / "nowhere")))


def test_http_where_https_is_spoken(secure):
    assert "cannot be reached" in refused(Api(host=secure.url.replace("https", "http"), timeout_seconds=2))
