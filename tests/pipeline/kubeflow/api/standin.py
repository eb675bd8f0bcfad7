"""A local server that speaks the REST API of Kubeflow Pipelines, v2beta1, as far as bertline asks for it.

It keeps what it is given, records every request, and can be told to refuse, to be slow and to answer in small pages.
What it answers is checked against kfp_server_api's models, so that it speaks no field that the installed version does
not know.
"""

from __future__ import annotations

import base64
import email.parser
import email.policy
import json
import re
import ssl
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qs, unquote, urlsplit

import yaml
from kfp_server_api import models

BASE = "/apis/v2beta1"
NOW = "2026-01-02T03:04:05Z"
_LONGEST_DELAY = 5.0


@dataclass
class Request:
    """A request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass
class Trouble:
    """Answers to requests that match, in place of the right ones, so many times.

    The status 0 is no answer: the connection is cut. With `done`, what was asked for is done all the same.
    """

    method: str
    path: str
    status: int
    times: int
    message: str = "trouble"
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    done: bool = False


class RefusalError(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Cluster:
    """What is on the cluster, and how it behaves."""

    multi_user: bool = False
    token: str | None = None
    page_size: int = 100
    requests: list[Request] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    experiments: dict[str, dict[str, Any]] = field(default_factory=dict)
    pipelines: dict[str, dict[str, Any]] = field(default_factory=dict)
    versions: dict[str, dict[str, Any]] = field(default_factory=dict)
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    schedules: dict[str, dict[str, Any]] = field(default_factory=dict)
    course: list[dict[str, Any]] = field(default_factory=list)  # what a run looks like, look after look
    hidden_pipelines: set[str] = field(default_factory=set)  # names that others have taken
    slow: str | None = None  # a pattern of paths that are answered late
    released: threading.Event = field(default_factory=threading.Event)
    url: str = ""
    faults: list[BaseException] = field(default_factory=list)  # what went wrong in the stand-in, for the teardown

    def fail(self, method: str, path: str, status: int, times: int = 1, **settings: Any) -> None:
        self.troubles.append(Trouble(method, path, status, times, **settings))

    def asked(self, method: str, path: str) -> list[Request]:
        """The requests of that method whose path, below the base, matches."""
        return [r for r in self.requests if r.method == method and re.fullmatch(path, r.path.removeprefix(BASE))]

    def add_experiment(self, name: str, namespace: str = "", **extra: Any) -> str:
        key = str(uuid.uuid4())
        self.experiments[key] = {
            "experiment_id": key, "display_name": name, "created_at": NOW, "namespace": namespace,
            "storage_state": "AVAILABLE", **extra,
        }  # fmt: skip
        return key

    def add_pipeline(self, name: str, description: str = "", namespace: str = "") -> str:
        key = str(uuid.uuid4())
        self.pipelines[key] = {
            "pipeline_id": key, "display_name": name, "description": description, "created_at": NOW,
            "namespace": namespace,
        }  # fmt: skip
        return key

    def add_version(self, pipeline_id: str, name: str, description: str = "", spec: Any = None) -> str:
        key = str(uuid.uuid4())
        self.versions[key] = {
            "pipeline_id": pipeline_id, "pipeline_version_id": key, "display_name": name, "created_at": NOW,
            "description": description, "pipeline_spec": spec or {},
        }  # fmt: skip
        return key

    def add_run(self, name: str = "a run") -> str:
        key = str(uuid.uuid4())
        self.runs[key] = {"run_id": key, "display_name": name, "state": "PENDING", "created_at": NOW}
        return key

    def add_schedule(self, name: str, experiment_id: str, cron: str = "0 0 2 * * *") -> str:
        key = str(uuid.uuid4())
        self.schedules[key] = {
            "recurring_run_id": key, "display_name": name, "experiment_id": experiment_id, "status": "ENABLED",
            "mode": "ENABLE", "max_concurrency": "1", "no_catchup": True, "created_at": NOW,
            "trigger": {"cron_schedule": {"cron": cron}},
        }  # fmt: skip
        return key


@contextmanager
def serving(cluster: Cluster, tls: ssl.SSLContext | None = None) -> Iterator[Cluster]:
    """Serves the cluster's API on this machine inside the block; `cluster.url` is its address.

    What went wrong in the stand-in itself is raised at the end.
    """
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"cluster": cluster}))
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    cluster.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield cluster
    finally:
        cluster.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
    assert not cluster.faults, cluster.faults


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keeps what went wrong, but for a client that went away: some are meant to."""
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, (ConnectionError, ssl.SSLError)):
            cast("type[_Handler]", self.RequestHandlerClass).cluster.faults.append(error)


class _Handler(BaseHTTPRequestHandler):
    cluster: Cluster

    def do_GET(self) -> None:
        self._answer()

    do_POST = do_DELETE = do_GET  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Says nothing."""

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        request = Request(
            self.command, unquote(parts.path), {key: values[-1] for key, values in parse_qs(parts.query).items()},
            {key.lower(): value for key, value in self.headers.items()}, self._body(raw),
        )  # fmt: skip
        cluster = self.cluster
        cluster.requests.append(request)
        if cluster.slow is not None and re.search(cluster.slow, request.path):
            cluster.released.wait(_LONGEST_DELAY)
        trouble = next(
            (t for t in cluster.troubles if t.times and t.method == request.method and re.search(t.path, request.path)),
            None,
        )
        if trouble is not None:
            trouble.times -= 1
            if trouble.done:
                _route(cluster, request)
            if trouble.status == 0:
                self.close_connection = True
                return None
            body = trouble.body if trouble.body is not None else _error(trouble.status, trouble.message)
            return self._send(trouble.status, body, trouble.headers)
        try:
            answer = _route(cluster, request)
        except RefusalError as refusal:
            return self._send(refusal.status, _error(refusal.status, str(refusal)))
        return self._send(200, json.dumps(answer).encode())

    def _body(self, raw: bytes) -> Any:
        kind = self.headers.get("content-type") or ""
        if kind.startswith("multipart/"):
            header = f"Content-Type: {kind}\r\n\r\n".encode()
            message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(header + raw)
            part: Any = next(iter(message.iter_parts()))  # type: ignore[attr-defined]
            return {"field": part.get_param("name", header="content-disposition"), "file": part.get_filename(),
                    "text": part.get_payload(decode=True).decode()}  # fmt: skip
        return json.loads(raw) if raw else None

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for key, value in {"content-type": "application/json", **(headers or {})}.items():
            self.send_header(key, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _error(status: int, message: str) -> bytes:
    """An error as grpc-gateway writes it."""
    return json.dumps({"error": message, "code": status, "message": message, "details": []}).encode()


def _route(cluster: Cluster, request: Request) -> Any:
    if cluster.token is not None and request.headers.get("authorization") != f"Bearer {cluster.token}":
        raise RefusalError(401, "Unauthenticated: no valid bearer token")
    path = request.path.removeprefix(BASE)
    for method, pattern, act in _ROUTES:
        match = re.fullmatch(pattern, path)
        if match is not None and method == request.method:
            return act(cluster, request, *match.groups())
    raise RefusalError(404, "Not Found")


def _health(cluster: Cluster, request: Request) -> Any:
    return _spoken("V2beta1GetHealthzResponse", {"multi_user": cluster.multi_user})


def _list(kind: str, plural: str, model: str, *own_keys: str):
    def act(cluster: Cluster, request: Request, *ids: str) -> Any:
        _check_namespace(cluster, request, kind)
        entries = list(getattr(cluster, kind).values())
        wanted = {key: request.query[key] for key in own_keys if key in request.query}
        if ids:
            wanted["pipeline_id"] = ids[0]
        if cluster.multi_user and kind in ("experiments", "pipelines"):
            wanted["namespace"] = request.query.get("namespace", "")
        for predicate in json.loads(request.query.get("filter") or "{}").get("predicates", []):
            assert predicate["operation"] in (1, "EQUALS")
            wanted[predicate["key"]] = predicate["stringValue"]
        found = [entry for entry in entries if all(_same(entry.get(key), value) for key, value in wanted.items())]
        return _page(cluster, request, found, plural, model)

    return act


def _same(left: Any, right: Any) -> bool:
    """As MySQL compares texts: without capitals."""
    return str(left or "").lower() == str(right).lower()


def _page(cluster: Cluster, request: Request, found: list[Any], plural: str, model: str) -> Any:
    token = request.query.get("page_token")
    start = int(base64.b64decode(token)) if token else 0
    end = start + min(cluster.page_size, int(request.query.get("page_size") or 10))
    answer: dict[str, Any] = {plural: [_spoken(model, entry) for entry in found[start:end]], "total_size": len(found)}
    if end < len(found):
        answer["next_page_token"] = base64.b64encode(str(end).encode()).decode()
    return answer


def _check_namespace(cluster: Cluster, request: Request, kind: str) -> None:
    namespace = request.query.get("namespace")
    if kind == "experiments" and namespace and not cluster.multi_user:
        raise RefusalError(400, "In single-user mode, ListExperiment cannot filter by namespace")
    if kind == "experiments" and not namespace and cluster.multi_user:
        raise RefusalError(400, "In multi-user mode, listing experiments needs a namespace")


def _make_experiment(cluster: Cluster, request: Request) -> Any:
    body = _heard("V2beta1Experiment", request.body)
    if any(_same(entry["display_name"], body["display_name"]) for entry in cluster.experiments.values()):
        raise RefusalError(409, f"Experiment {body['display_name']} already exists")
    key = cluster.add_experiment(body["display_name"], body.get("namespace", ""))
    return _spoken("V2beta1Experiment", cluster.experiments[key])


def _make_pipeline(cluster: Cluster, request: Request) -> Any:
    body = _heard("V2beta1Pipeline", request.body)
    name = body["display_name"]
    if name in cluster.hidden_pipelines or any(_same(p["display_name"], name) for p in cluster.pipelines.values()):
        raise RefusalError(409, f"The name {name} already exist. Please specify a new name")
    key = cluster.add_pipeline(name, body.get("description", ""), body.get("namespace", ""))
    return _spoken("V2beta1Pipeline", cluster.pipelines[key])


def _upload_version(cluster: Cluster, request: Request) -> Any:
    pipeline_id, name = request.query["pipelineid"], request.query["name"]
    if pipeline_id not in cluster.pipelines:
        raise RefusalError(400, "Failed to create a pipeline version")
    if any(v["pipeline_id"] == pipeline_id and _same(v["display_name"], name) for v in cluster.versions.values()):
        raise RefusalError(409, "Failed to create a pipeline version")
    assert request.body["field"] == "uploadfile"
    assert request.body["file"].endswith(".yaml")
    documents = list(yaml.safe_load_all(request.body["text"]))
    both = {"pipeline_spec": documents[0], "platform_spec": documents[1]} if len(documents) > 1 else documents[0]
    key = cluster.add_version(pipeline_id, name, request.query.get("description", ""), both)
    return _spoken("V2beta1PipelineVersion", cluster.versions[key])


def _make_run(cluster: Cluster, request: Request) -> Any:
    body = _heard("V2beta1Run", request.body)
    _check_references(cluster, body)
    key = cluster.add_run(body["display_name"])
    cluster.runs[key] |= {"experiment_id": body["experiment_id"]}
    return _spoken("V2beta1Run", cluster.runs[key])


def _check_references(cluster: Cluster, body: dict[str, Any]) -> None:
    version = body["pipeline_version_reference"]
    if version["pipeline_version_id"] not in cluster.versions or body["experiment_id"] not in cluster.experiments:
        raise RefusalError(404, "ResourceNotFoundError")


def _get_run(cluster: Cluster, request: Request, key: str) -> Any:
    if key not in cluster.runs:
        raise RefusalError(404, f"Failed to get a run: ResourceNotFoundError: Run {key} not found")
    if cluster.course:
        cluster.runs[key] |= cluster.course.pop(0)
    return _spoken("V2beta1Run", cluster.runs[key])


def _terminate(cluster: Cluster, request: Request, key: str) -> Any:
    cluster.runs[key]["state"] = "CANCELING"
    return {}


def _make_schedule(cluster: Cluster, request: Request) -> Any:
    body = _heard("V2beta1RecurringRun", request.body)
    _check_references(cluster, body)
    if not 1 <= int(body["max_concurrency"]) <= 10:
        raise RefusalError(400, "The max concurrency of the job is out of range. Support 1-10")
    key = str(uuid.uuid4())
    status = "ENABLED" if body["mode"] == "ENABLE" else "DISABLED"
    cluster.schedules[key] = body | {"recurring_run_id": key, "status": status, "created_at": NOW}
    cluster.schedules[key]["max_concurrency"] = str(body["max_concurrency"])  # an int64 in protobuf's JSON
    return _spoken("V2beta1RecurringRun", cluster.schedules[key])


def _get_schedule(cluster: Cluster, request: Request, key: str) -> Any:
    if key not in cluster.schedules:
        raise RefusalError(404, f"RecurringRun {key} not found")
    return _spoken("V2beta1RecurringRun", cluster.schedules[key])


def _switch(status: str, mode: str):
    def act(cluster: Cluster, request: Request, key: str) -> Any:
        cluster.schedules[key] |= {"status": status, "mode": mode}
        return {}

    return act


def _delete_schedule(cluster: Cluster, request: Request, key: str) -> Any:
    del cluster.schedules[key]
    return {}


_ROUTES: list[tuple[str, str, Any]] = [
    ("GET", "/healthz", _health),
    ("GET", "/experiments", _list("experiments", "experiments", "V2beta1Experiment")),
    ("POST", "/experiments", _make_experiment),
    ("GET", "/pipelines", _list("pipelines", "pipelines", "V2beta1Pipeline")),
    ("POST", "/pipelines", _make_pipeline),
    ("POST", "/pipelines/upload_version", _upload_version),
    ("GET", "/pipelines/([^/]+)/versions", _list("versions", "pipeline_versions", "V2beta1PipelineVersion")),
    ("POST", "/runs", _make_run),
    ("GET", "/runs/([^/:]+)", _get_run),
    ("POST", "/runs/([^/:]+):terminate", _terminate),
    ("GET", "/recurringruns", _list("schedules", "recurringRuns", "V2beta1RecurringRun", "experiment_id")),
    ("POST", "/recurringruns", _make_schedule),
    ("GET", "/recurringruns/([^/:]+)", _get_schedule),
    ("POST", "/recurringruns/([^/:]+):enable", _switch("ENABLED", "ENABLE")),
    ("POST", "/recurringruns/([^/:]+):disable", _switch("DISABLED", "DISABLE")),
    ("DELETE", "/recurringruns/([^/:]+)", _delete_schedule),
]


def _spoken(model: str, value: dict[str, Any]) -> dict[str, Any]:
    """The value, which has the fields of the model alone."""
    known = set(getattr(models, model).attribute_map.values())
    assert set(value) <= known, set(value) - known
    return value


def _heard(model: str, body: dict[str, Any]) -> dict[str, Any]:
    known = set(getattr(models, model).attribute_map.values())
    if not set(body) <= known:
        raise RefusalError(400, f"unknown fields {set(body) - known}")
    return body
