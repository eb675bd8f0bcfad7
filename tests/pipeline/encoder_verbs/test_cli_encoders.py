"""The verbs as users call them."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import tarfile
import time

import pytest
from click.testing import CliRunner

from components.encoders import catalogue
from components.encoders.inspect import inspect_encoder
from components.errors import EncoderError
from pipeline.cli_encoders import encoders_group
from tests.components.fetch.servers import Host, serving
from tests.tiny_encoder import write_tiny_checkpoint


def run(*arguments):
    return CliRunner().invoke(encoders_group, [str(argument) for argument in arguments])


def test_list_names_every_encoder(capfd):
    result = run("list")
    assert result.exit_code == 0
    for entry in catalogue.entries():
        assert f" {entry.name} " in result.output
    assert "all-MiniLM-L6-v2" in result.output
    [albert] = [line for line in result.output.splitlines() if "albert_en_base" in line]
    assert albert.split() == ["albert_en_base", "12", "768", "12", "512", "11.7", "M", "uncased", "sentencepiece"]
    [heads] = [line for line in result.output.splitlines() if "talking-heads_base" in line]
    assert heads.split()[1:6] == ["12?", "768?", "12?", "512?", "?"]


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        (
            "albert_en_base",
            [
                "11,683,584 (computed",
                "12M (its paper)",
                "models/tensorflow/albert/tensorFlow2/en-base (unverified",
                "albert_en_preprocess/3",
            ],
        ),
        ("small_bert/bert_en_uncased_L-4_H-512_A-8", ["71.2 (SST-2 89.7)", "28,763,648", "30,522 pieces"]),
        ("bert_multi_cased_L-12_H-768_A-12", ["104 languages, cased, wordpiece (119,547 pieces)"]),
        ("talking-heads_base", ["12 (unverified", "not known"]),
        ("all-MiniLM-L6-v2", ["22.7 M", "512"]),
    ],
)
def test_show_tells_what_is_known(name, parts):
    result = run("show", name)
    assert result.exit_code == 0
    for part in (*parts, f"bertline encoders get {name}"):
        assert part in result.output


def test_show_of_what_has_no_name_names_what_was_meant():
    result = run("show", "albert_en_bas")
    assert result.exit_code == 2
    assert "(is albert_en_base meant?); `bertline" in result.output


def test_list_and_show_import_no_tensorflow():
    code = (
        "import sys; from pipeline.cli_encoders import encoders_group as group;"
        "group(['list'], standalone_mode=False); group(['show', 'electra_small'], standalone_mode=False);"
        "sys.exit(bool({'tensorflow', 'tf_keras', 'tfx', 'apache_beam'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], timeout=120, capture_output=True)
    assert done.returncode == 0, done.stderr


def test_get_downloads_and_says_what_it_is(tiny_encoder, tmp_path, monkeypatch):
    for proxy in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(proxy, raising=False)
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "hub"))
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        archive.add(tiny_encoder, arcname=".")
    with serving(Host(files={"/tiny/1?tf-hub-format=compressed": content.getvalue()})) as host:
        result = run("get", f"{host.url}/tiny/1")
        assert result.exit_code == 0, result.output
        for part in (str(tmp_path / "hub"), "2 layers, width 32, 28,480 parameters", "at most 128 tokens", "uncased"):
            assert part in result.output
        assert f"encoder.handle={host.url}/tiny/1" in result.output


def test_get_quotes_the_handle_that_it_prints(tiny_encoder, tmp_path):
    folder = tmp_path / "my encoder"
    folder.symlink_to(tiny_encoder)
    assert f"encoder.handle='{folder}'" in run("get", folder).output


def test_get_of_nothing_is_refused():
    result = run("get", "no-such-encoder")
    assert result.exit_code == 1
    assert "encoder.handle is 'no-such-encoder', which is no folder" in result.output


def test_convert_writes_an_encoder_and_names_the_next_command(tmp_path):
    source = write_tiny_checkpoint(tmp_path / "checkpoint", lower_case=False)
    result = run("convert", source, tmp_path / "new" / "my encoder")
    assert result.exit_code == 0, result.output
    info = inspect_encoder(tmp_path / "new" / "my encoder")
    assert (info.lower_case, info.layers, info.hidden_size) == (False, 2, 32)
    assert f"encoder.handle='{tmp_path}/new/my encoder'" in result.output
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["my encoder"]


def test_convert_touches_nothing_that_is_there(tmp_path):
    source = write_tiny_checkpoint(tmp_path / "checkpoint")
    (tmp_path / "there").mkdir()
    result = run("convert", source, tmp_path / "there")
    assert result.exit_code == 1
    assert "is there already; give a new folder" in result.output
    assert list((tmp_path / "there").iterdir()) == []


@pytest.mark.parametrize("error", [EncoderError("broken; do this"), OSError(28, "No space left on device")])
def test_convert_that_fails_leaves_nothing(tmp_path, monkeypatch, error):
    def fail(source, destination):
        destination.mkdir(parents=True)
        (destination / "saved_model.pb").write_text("half")
        raise error

    monkeypatch.setattr("components.encoders.convert.convert_checkpoint", fail)
    (tmp_path / "checkpoint").mkdir()
    result = run("convert", tmp_path / "checkpoint", tmp_path / "new")
    assert result.exit_code == 1
    assert "do this" in result.output or "cannot be written (No space left on device)" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]


def test_convert_of_a_checkpoint_whose_vocabulary_does_not_fit_leaves_nothing(tmp_path):
    source = write_tiny_checkpoint(tmp_path / "checkpoint")
    with (source / "vocab.txt").open("a") as vocab:
        vocab.write("more\n")
    result = run("convert", source, tmp_path / "new")
    assert result.exit_code == 1
    assert "pieces" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]


def test_convert_prints_what_it_is_and_nothing_else(tmp_path):
    source = write_tiny_checkpoint(tmp_path / "checkpoint")
    code = "from pipeline.cli_encoders import encoders_group; encoders_group()"
    command = [sys.executable, "-c", code, "convert", str(source), str(tmp_path / "new")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.stderr == ""
    assert done.stdout.splitlines()[0] == str(tmp_path / "new")
    assert len(done.stdout.splitlines()) == 5


def test_convert_that_is_ended_leaves_nothing(tmp_path):
    (tmp_path / "checkpoint").mkdir()
    code = (
        "import sys, time, types; from pathlib import Path;"
        "from pipeline.encoder_verbs.convert import convert\n"
        "def wait(source, destination): destination.mkdir(); time.sleep(60)\n"
        "sys.modules['components.encoders.convert'] = types.SimpleNamespace(convert_checkpoint=wait)\n"
        "convert(Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "checkpoint"), str(tmp_path / "new")]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob(".new.*.partial/encoder")) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    assert process.returncode != -signal.SIGTERM
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]
