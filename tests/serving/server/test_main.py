import pytest
from click.testing import CliRunner

from serving.server.__main__ import main


def refusal(*flags) -> str:
    result = CliRunner().invoke(main, flags)
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    return result.output


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ([], "give either --model_base_path or --model_config_file"),
        (["--model_base_path=models"], "must be an absolute path"),
        (["--model_base_path=/m", "--port=0"], "both ports are 0"),
        (["--model_base_path=/m", "--model_config_file=/none"], "does not exist"),
        (["--model_base_path=/m", "--batching_parameters_file=setup.py"], "needs --enable_batching"),
        (["--model_base_path=/m", "--length_class_bounds=10,5"], "does not rise"),
        (["--model_base_path=/m", "--length_class_bounds=10,x"], "no number"),
        (["--model_base_path=/m", "--max_in_flight=0"], "not in the range"),
        (["--model_base_path=/m", "--enable_batching=perhaps"], "not a valid boolean"),
        (["--no_such_flag"], "No such option"),
        (["--model_base_path=/m", "--rest_api_port=99999"], "not in the range 0<=x<=65535"),
        (["--model_base_path=/m", "--max_message_bytes=3221225472"], "not in the range"),
    ],
)
def test_wrong_flags_are_told_at_once(flags, told):
    assert told in refusal(*flags)


def test_a_port_that_is_taken_is_told(echo, tmp_path):
    import socket
    import subprocess

    from serving.launch import DEVELOPMENT_SERVER

    with socket.create_server(("127.0.0.1", 0)) as taken:
        for flag in ("--port={} --rest_api_port=0", "--port=0 --rest_api_port={}"):
            arguments = flag.format(taken.getsockname()[1]).split()
            command = [*DEVELOPMENT_SERVER, "--model_name=echo", f"--model_base_path={echo}", *arguments]
            result = subprocess.run(command, capture_output=True, text=True, timeout=100)
            assert result.returncode == 1
            assert "Error: cannot listen on 127.0.0.1:" in result.stderr
            assert "Traceback" not in result.stderr
