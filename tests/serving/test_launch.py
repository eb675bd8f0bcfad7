from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from google.protobuf import text_format

from serving import launch
from serving.launch import LaunchError, ModelNotLoadedError, ServerSettings, command, start
from serving.protos import messages

ROOT = Path(__file__).parents[2]
FAKE = (sys.executable, "-m", "tests.serving.fake_server")


@pytest.fixture(autouse=True)
def _in_the_repo(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.fixture
def settings() -> ServerSettings:
    port, rest_port = launch.free_ports()
    return ServerSettings(
        "reviews", Path("/models/reviews"), port=port, rest_port=rest_port, drain_seconds=1, server=FAKE
    )


@pytest.fixture
def tensorflow_serving(tmp_path, monkeypatch) -> Path:
    """A program of that name on the PATH."""
    program = tmp_path / launch.TENSORFLOW_MODEL_SERVER
    program.write_text("#!/bin/sh\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path))
    return program


def behaving(settings: ServerSettings, behaviour: str) -> ServerSettings:
    return dataclasses.replace(settings, flags=(f"--behaviour={behaviour}",))


def is_alive(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError, FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_ours_is_run_where_tensorflow_serving_is_not_installed(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert launch.find_server() == list(launch.DEVELOPMENT_SERVER)
    assert launch.DEVELOPMENT_SERVER[0] == sys.executable


@pytest.mark.parametrize("flags", [[], ["-I"]])
def test_ours_is_run_and_not_what_lies_in_the_users_folder(tmp_path, flags):
    (tmp_path / "serving.py").write_text("raise SystemExit('taken for ours')")
    (tmp_path / "click.py").write_text("raise SystemExit('taken for a library')")
    program, *rest = launch.DEVELOPMENT_SERVER  # -I: the package is found though nothing outside says where
    run = subprocess.run([program, *flags, *rest, "--no_such"], capture_output=True, text=True, cwd=tmp_path)
    assert run.returncode == 2
    assert run.stderr.startswith("Usage: serving.server [OPTIONS]")


def test_tensorflow_serving_is_run_where_it_is_on_the_path(tensorflow_serving):
    assert launch.find_server() == [str(tensorflow_serving)]


def test_the_command_of_ours():
    settings = ServerSettings(
        "reviews", Path("/models"), port=1, rest_port=2, access_log=True, drain_seconds=5, server=("ours",),
        monitoring_config_file=Path("/m"), flags=("--max_in_flight=2",),
    )  # fmt: skip
    assert command(settings) == [
        "ours", "--port=1", "--rest_api_port=2", "--model_name=reviews", "--model_base_path=/models",
        "--file_system_poll_wait_seconds=1", "--enable_batching=true", "--monitoring_config_file=/m",
        "--bind_address=127.0.0.1", "--drain_seconds=5", "--access_log", "--max_in_flight=2",
    ]  # fmt: skip


def test_the_command_of_tensorflow_serving_has_no_flag_of_ours(tensorflow_serving):
    settings = ServerSettings(base_path=Path("/models"), access_log=True, batching=False, ssl_config_file=Path("/s"))
    assert settings.is_tensorflow_serving
    assert command(settings) == [
        str(tensorflow_serving), "--port=8500", "--rest_api_port=8501", "--model_name=default",
        "--model_base_path=/models", "--file_system_poll_wait_seconds=1", "--enable_batching=false",
        "--ssl_config_file=/s",
    ]  # fmt: skip


def test_a_config_file_stands_in_for_name_and_base_path():
    flags = command(ServerSettings(config_file=Path("/models.config"), poll_seconds=3, server=("ours",)))
    assert "--model_config_file=/models.config" in flags
    assert "--model_config_file_poll_wait_seconds=3" in flags
    assert "--allow_version_labels_for_unavailable_models=true" in flags
    assert not [flag for flag in flags if flag.startswith(("--model_name", "--model_base_path"))]


@pytest.mark.parametrize("both", [{}, {"base_path": Path("/m"), "config_file": Path("/c")}])
def test_what_is_served_is_said_once(both):
    with pytest.raises(ValueError, match="either base_path or config_file"):
        ServerSettings(**both)


def test_a_running_server_is_available_and_stops_at_the_end_of_the_block(settings, tmp_path):
    log = tmp_path / "server.log"
    with start(settings, log, timeout=30) as server:
        assert is_alive(server.pid)
        assert server.grpc_address == f"127.0.0.1:{settings.port}"
        assert server.rest_address == f"http://127.0.0.1:{settings.rest_port}"
        socket.create_connection(("127.0.0.1", settings.rest_port), 5).close()
    assert not is_alive(server.pid)
    assert "--model_name=reviews" in log.read_text()


def test_without_rest_there_is_no_address_of_it(settings, tmp_path):
    with start(dataclasses.replace(settings, rest_port=0), tmp_path / "log", timeout=30) as server:
        assert server.rest_address is None


def test_it_stops_though_the_block_fails(settings, tmp_path):
    with pytest.raises(KeyError), start(settings, tmp_path / "log", timeout=30) as server:
        raise KeyError("x")
    assert not is_alive(server.pid)


def test_a_server_that_will_not_end_is_killed_after_the_drain_time(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(launch, "_KILL_AFTER_DRAINING_SECONDS", 0.1)
    stubborn = dataclasses.replace(behaving(settings, "stubborn"), drain_seconds=0.2)
    with start(stubborn, tmp_path / "log", timeout=30) as server:
        assert is_alive(server.pid)
    assert not is_alive(server.pid)


def test_a_server_that_dies_is_told_with_its_last_words(settings, tmp_path):
    with (
        pytest.raises(LaunchError, match=r"(?s)ended with exit code 1 before it was ready.*  out of order: no such"),
        start(behaving(settings, "dying"), tmp_path / "log", timeout=30),
    ):
        pytest.fail("it is not running")


def test_a_program_that_is_not_there_is_told(settings, tmp_path):
    missing = dataclasses.replace(settings, server=("/nowhere/server",))
    with pytest.raises(LaunchError, match="ended with exit code"), start(missing, tmp_path / "log", timeout=30):
        pytest.fail("it is not running")


def test_a_server_that_never_gets_ready_is_told_and_stopped(settings, tmp_path):
    log = tmp_path / "log"
    with (
        pytest.raises(LaunchError, match=r"did not make the model 'reviews' available within 2 s"),
        start(behaving(settings, "loading"), log, timeout=2),
    ):
        pytest.fail("it is not ready")
    assert launch.is_free(settings.port)


def test_a_model_that_the_server_gave_up_is_told_at_once_with_the_servers_reason(settings, tmp_path):
    with (
        pytest.raises(ModelNotLoadedError, match=r"model 'reviews': version 1: .*no such operator.*\n  asked for"),
        start(behaving(settings, "given-up"), tmp_path / "log", timeout=60),
    ):
        pytest.fail("it has no model")


def test_a_server_that_refuses_to_say_how_the_model_is_is_told(settings, tmp_path):
    with (
        pytest.raises(LaunchError, match=r"(?s)does not say how the model is: .*PERMISSION_DENIED.*\n  asked for"),
        start(behaving(settings, "refusing"), tmp_path / "log", timeout=60),
    ):
        pytest.fail("nobody knows whether it has a model")


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1", "no..name"])
def test_a_host_that_is_another_is_told_as_such(settings, tmp_path, host):
    assert not launch.is_of_this_machine(host)
    elsewhere = dataclasses.replace(settings, host=host)
    with (
        pytest.raises(LaunchError, match=f"{host} is not an address of this machine"),
        start(elsewhere, tmp_path / "l"),
    ):
        pytest.fail("it listens elsewhere")


def test_a_port_that_is_taken_at_one_address_of_a_name_is_not_free():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert not launch.is_free(taken.getsockname()[1], "localhost")


@pytest.mark.skipif(not launch.is_of_this_machine("::1"), reason="this machine has no IPv6")
def test_an_ipv6_address_is_listened_at_and_told_in_brackets(settings, tmp_path):
    with start(dataclasses.replace(settings, host="::1"), tmp_path / "log", timeout=30) as server:
        assert server.grpc_address == f"[::1]:{settings.port}"
        assert server.rest_address == f"http://[::1]:{settings.rest_port}"
        assert not launch.is_free(settings.rest_port, "::1")
    assert "--bind_address=::1" in (tmp_path / "log").read_text()


@pytest.mark.parametrize(("host", "called_at"), [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("box.lan", "box.lan")])
def test_where_a_server_is_called(host, called_at):
    assert ServerSettings(base_path=Path("/m"), host=host).called_at == called_at


def test_a_taken_port_is_refused_before_anything_starts(settings, tmp_path):
    with (
        socket.create_server(("127.0.0.1", settings.port)),
        pytest.raises(LaunchError, match=f"port {settings.port} on 127.0.0.1 cannot be listened at"),
        start(settings, tmp_path / "log"),
    ):
        pytest.fail("two servers share a port")


def test_a_port_that_was_taken_while_the_server_started_is_told_as_such(settings, tmp_path, monkeypatch):
    free = iter([True, True, False])
    monkeypatch.setattr(launch, "is_free", lambda port, host: next(free))
    with (
        pytest.raises(launch.PortTakenError, match=f"port {settings.port}"),
        start(behaving(settings, "dying"), tmp_path / "log", timeout=30),
    ):
        pytest.fail("it is not running")


def test_a_server_dies_with_the_process_that_started_it(settings, tmp_path):
    code = (
        "import json, sys, time; from pathlib import Path; from serving.launch import ServerSettings, start\n"
        f"settings = ServerSettings('reviews', Path('/m'), port={settings.port}, rest_port=0, server={FAKE!r})\n"
        f"with start(settings, Path({str(tmp_path / 'log')!r}), 30) as server:\n"
        "    print(json.dumps(server.pid), flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = json.loads(parent.stdout.readline())
        assert is_alive(pid)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    deadline = time.monotonic() + 30
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(pid)


def test_ctrl_c_at_the_terminal_is_not_the_servers(settings, tmp_path):
    with start(settings, tmp_path / "log", timeout=30) as server:
        assert os.getpgid(server.pid) != os.getpgid(0)


def test_free_ports_differ_and_are_free():
    ports = launch.free_ports(5)
    assert len(set(ports)) == 5
    assert all(launch.is_free(port) for port in ports)


def test_the_last_words_are_the_logs_end(tmp_path):
    log = tmp_path / "log"
    log.write_bytes(b"\n".join(b"line %d" % number for number in range(10_000)) + b"\n\xff end")
    assert launch.last_words(log, 2) == "  line 9999\n  � end"
    log.write_text("")
    assert launch.last_words(log) == "  (it said nothing)"


def test_an_ssl_config_holds_the_pem_texts(tmp_path):
    for name in ("cert", "key", "ca"):
        (tmp_path / name).write_text(f'-----BEGIN "{name}"-----\nabc\\\n')
    config = text_format.Parse(launch.ssl_config(tmp_path / "cert", tmp_path / "key"), messages.SSLConfig())
    assert config.server_key == (tmp_path / "key").read_text()
    assert config.server_cert == (tmp_path / "cert").read_text()
    assert not config.client_verify
    mutual = launch.ssl_config(tmp_path / "cert", tmp_path / "key", tmp_path / "ca")
    config = text_format.Parse(mutual, messages.SSLConfig())
    assert config.custom_ca == (tmp_path / "ca").read_text()
    assert config.client_verify


def test_the_monitoring_config_is_one(tmp_path):
    config = text_format.Parse(launch.MONITORING_CONFIG, messages.MonitoringConfig())
    assert config.prometheus_config.enable
    assert config.prometheus_config.path == launch.METRICS_PATH


def test_it_is_light():
    code = (
        "import sys, serving.launch\n"
        "heavy = {'tensorflow', 'tfx', 'numpy', 'httpx', 'pandas'} & set(sys.modules)\nassert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
