from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import trustme
from click.testing import CliRunner
from google.protobuf import text_format

from pipeline import serve
from pipeline.cli import main
from pipeline.config_file import task_names
from serving import launch
from serving.protos import messages
from tests.components.pusher.fake_model import write_fake_model

CONFIG_FILE = """
model_config_list {{
  config {{ name: "reviews" base_path: "{folder}" model_platform: "tensorflow" }}
  config {{ name: "questions" base_path: "/models/questions" model_platform: "tensorflow" }}
}}
"""


@pytest.fixture
def served(tmp_path) -> Path:
    """A folder of two versions."""
    for version in (3, 12):
        write_fake_model(tmp_path / "reviews" / str(version))
    return tmp_path / "reviews"


@pytest.fixture
def bertline(monkeypatch, tmp_path):
    """The command up to where it becomes the server, with TensorFlow Serving installed or not; what it was to run."""
    became: list[launch.ServerSettings] = []
    monkeypatch.setattr(serve, "become", became.append)
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, tensorflow_serving: bool = False) -> tuple[Any, launch.ServerSettings | None]:
        if tensorflow_serving:
            (programs / launch.TENSORFLOW_MODEL_SERVER).write_text("#!/bin/sh\n")
            (programs / launch.TENSORFLOW_MODEL_SERVER).chmod(0o755)
        port, rest_port = launch.free_ports()
        ports = [f"--port={port}", f"--rest-port={rest_port}"]
        result = CliRunner().invoke(main, ["serve", *ports, *map(str, arguments)])
        assert "Traceback" not in result.output
        return result, became[-1] if became else None

    return run


def test_a_folder_is_served_under_its_name(bertline, served):
    result, settings = bertline(served)
    assert result.exit_code == 0, result.output
    assert settings.model_name == "reviews"
    assert settings.base_path == served
    assert settings.host == "127.0.0.1"
    assert not settings.is_tensorflow_serving
    lines = result.output.splitlines()
    assert lines[0] == f"serving  reviews from {served}, version 12"
    assert "for development and tests" in lines[1]
    url = f"http://127.0.0.1:{settings.rest_port}/v1/models/reviews:predict"
    assert lines[-1] == f"""try      curl -d '{{"instances": ["a text"]}}' {url}"""


def test_a_task_is_served_from_its_push_folder_under_its_name(bertline, tmp_path):
    write_fake_model(tmp_path / "runs" / "demo" / "served" / "7")
    result, settings = bertline("demo")
    assert result.exit_code == 0, result.output
    assert settings.model_name == "demo"
    assert settings.base_path == tmp_path / "runs" / "demo" / "served"


def test_the_push_folder_of_a_run_is_served_under_the_tasks_name(bertline, tmp_path):
    write_fake_model(tmp_path / "runs" / "tickets" / "served" / "7")
    _, settings = bertline("runs/tickets/served")
    assert settings.model_name == "tickets"
    _, settings = bertline("runs/tickets/served", "--name=other")
    assert settings.model_name == "other"


def test_a_tasks_settings_can_be_overridden(bertline, served):
    result, settings = bertline("demo", "--set", f"push.folder={served}", "--name", "films")
    assert result.exit_code == 0, result.output
    assert (settings.model_name, settings.base_path) == ("films", served)


def test_a_model_config_file_is_served_as_it_is(bertline, served, tmp_path):
    file = tmp_path / "models.config"
    file.write_text(CONFIG_FILE.format(folder=served))
    result, settings = bertline(file)
    assert result.exit_code == 0, result.output
    assert settings.config_file == file
    assert settings.base_path is None
    assert result.output.splitlines()[:2] == [
        f"serving  reviews from {served}, version 12",
        "serving  questions from /models/questions",
    ]


def test_metrics_are_on(bertline, served):
    _, settings = bertline(served)
    config = text_format.Parse(settings.monitoring_config_file.read_text(), messages.MonitoringConfig())
    assert config.prometheus_config.path == "/monitoring/prometheus/metrics"


def test_options_reach_the_server(bertline, served):
    _, settings = bertline(served, "--no-batching", "--poll-seconds=5", "--access-log", "--rest-port=0")
    command = launch.command(settings)
    assert {"--enable_batching=false", "--file_system_poll_wait_seconds=5", "--access_log"} < set(command)
    assert "--rest_api_port=0" in command


def test_tensorflow_serving_is_run_where_every_interface_is_allowed(bertline, served):
    result, settings = bertline(served, "--host=0.0.0.0", tensorflow_serving=True)
    assert result.exit_code == 0, result.output
    assert settings.is_tensorflow_serving
    assert "server   TensorFlow Serving (" in result.output
    assert "127.0.0.1" in result.output.splitlines()[-1]


@pytest.mark.parametrize("host", [[], ["--host=127.0.0.1"], ["--host=10.0.0.7"]])
def test_tensorflow_serving_is_refused_on_less_with_both_remedies(bertline, served, host):
    result, settings = bertline(served, *host, tensorflow_serving=True)
    assert result.exit_code == 2
    assert settings is None
    assert "--host 0.0.0.0" in result.output
    assert "--development" in result.output


def test_ours_can_be_chosen_though_tensorflow_serving_is_there(bertline, served):
    result, settings = bertline(served, "--development", tensorflow_serving=True)
    assert result.exit_code == 0, result.output
    assert not settings.is_tensorflow_serving


def test_an_access_log_is_ours_alone(bertline, served):
    result, _ = bertline(served, "--host=0.0.0.0", "--access-log", tensorflow_serving=True)
    assert result.exit_code == 2
    assert "writes no access log" in result.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere"], f"nothing to serve called nowhere: give a task ({', '.join(task_names())})"),
        (["nowhere.yaml"], "no configuration nowhere.yaml"),
        (["demo"], "run `bertline run demo` first"),
        (["empty"], "no versions in"),
        (["reviews/12"], "is one version of a model; give the folder above it"),
        (["reviews", "--set", "a.b=c"], "--set and --with change a task's settings, but reviews is no task"),
        (["text.config"], "text.config is no model config file"),
        (["none.config"], "lists no model"),
        (["models.config", "--name=x"], "names its models itself"),
        (["reviews", "--key=text.config"], "--key is given without --certificate"),
        (["reviews", "--certificate=text.config"], "--certificate is given without --key"),
        (["reviews", "--client-ca=text.config"], "takes --certificate and --key as well"),
        (["reviews", "--certificate=binary", "--key=binary"], "cannot be read as PEM text"),
        (["reviews", "--port=0", "--rest-port=0"], "nobody could ask anything"),
        (["reviews", "--port=4711", "--rest-port=4711"], "--port and --rest-port are both 4711"),
        (["reviews", "--port=70000"], "70000 is not in the range"),
        (["reviews", "--host=no.such.host.invalid"], "--host: no.such.host.invalid is not an address of this machine"),
        (["reviews", "--host=192.0.2.1"], "--host: 192.0.2.1 is not an address of this machine"),
    ],
)
def test_what_cannot_be_served_is_one_clear_error(bertline, served, tmp_path, arguments, says):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.config").write_text("Once upon a time")
    (tmp_path / "none.config").write_text("")
    (tmp_path / "models.config").write_text(CONFIG_FILE.format(folder=served))
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    result, settings = bertline(*arguments)
    assert result.exit_code == 2, result.output
    assert settings is None
    assert says in result.output


@pytest.mark.skipif(not launch.is_of_this_machine("::1"), reason="this machine has no IPv6")
def test_an_ipv6_address_is_told_in_brackets(bertline, served):
    result, settings = bertline(served, "--host=::1")
    assert result.exit_code == 0, result.output
    assert f"http://[::1]:{settings.rest_port}/v1/models/reviews:predict" in result.output


def test_a_taken_port_is_refused(bertline, served):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result, settings = bertline(served, f"--port={port}")
    assert result.exit_code == 2
    assert settings is None
    assert f"--port: 127.0.0.1 port {port} cannot be listened at" in result.output


@pytest.fixture
def tls_options(tmp_path) -> list[str]:
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return [f"--certificate={tmp_path}/cert.pem", f"--key={tmp_path}/key.pem", f"--client-ca={tmp_path}/ca.pem"]


def test_certificates_reach_the_server_without_a_file_on_the_disk(bertline, served, tmp_path, tls_options):
    result, settings = bertline(served, *tls_options)
    assert result.exit_code == 0, result.output
    assert settings.ssl_config_file.parts[:4] == ("/", "proc", "self", "fd")
    config = text_format.Parse(settings.ssl_config_file.read_text(), messages.SSLConfig())
    assert config.server_key == (tmp_path / "key.pem").read_text()
    assert config.client_verify
    assert "PRIVATE KEY" not in result.output
    assert f"https://127.0.0.1:{settings.rest_port}/" in result.output
    assert "(TLS)" in result.output


def test_that_tensorflow_servings_rest_stays_in_the_clear_is_said(bertline, served, tls_options):
    result, _ = bertline(served, *tls_options, "--host=0.0.0.0", tensorflow_serving=True)
    assert "no TLS: TensorFlow Serving has none here; --rest-port 0" in result.output


def test_finding_what_to_serve_imports_no_tensorflow(served):
    code = (
        "import sys\nfrom pipeline import serve\nfrom pipeline.cli import main\n"
        "serve.become = lambda settings: None\n"
        f"try: main(['serve', {str(served)!r}, '--port=0', '--rest-port=18999'])\n"
        "except SystemExit as end: assert end.code == 0, end.code\n"
        "heavy = {'tensorflow', 'tfx', 'apache_beam', 'pandas', 'numpy'} & set(sys.modules)\nassert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_the_command_becomes_a_server_that_answers(tmp_path):
    from tests.components.pusher.tiny_model import LengthModel, write_model

    write_model(tmp_path / "reviews" / "1", LengthModel())
    port, rest_port = launch.free_ports()
    command = [sys.executable, "-m", "pipeline", "serve", str(tmp_path / "reviews"), "--development"]
    log = tmp_path / "log"
    with log.open("wb") as output:
        arguments = [*command, f"--port={port}", f"--rest-port={rest_port}"]
        process = subprocess.Popen(arguments, stdout=output, stderr=output, cwd=Path(__file__).parents[2])
    try:
        answer = _ask(f"http://127.0.0.1:{rest_port}/v1/models/reviews:predict", process, log)
    finally:
        process.terminate()
        assert process.wait(60) == 0, log.read_text()
    assert answer["predictions"][0]["scores"] == [pytest.approx(0.6)]
    assert os.fsdecode(log.read_bytes()).startswith("serving  reviews from ")


def _ask(url: str, process: subprocess.Popen, log: Path) -> dict[str, Any]:
    """The answer as soon as there is one."""
    request = urllib.request.Request(url, json.dumps({"instances": ["a text"]}).encode())
    for _ in range(300):
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)
        except OSError:  # noqa: PERF203
            assert process.poll() is None, log.read_text()
            time.sleep(0.2)
    pytest.fail(log.read_text())
