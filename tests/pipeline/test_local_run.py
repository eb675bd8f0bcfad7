from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from components.errors import BertlineError, ConfigError, DataError, EncoderError
from pipeline.config_file import load_config
from pipeline.engine import TfxEngine
from pipeline.local_run import run


def config(tmp_path, *overrides):
    data = tmp_path / "reviews.csv"
    if not data.exists():
        data.write_text("text,label\ngood,pos\nbad,neg\n")
    source = ["data.source=files", f"data.path={data}", f"pipeline.root={tmp_path}/runs"]
    return load_config("demo", [*source, *overrides])


def test_a_second_run_of_the_same_pipeline_is_refused_while_the_first_goes_on(tmp_path):
    settings = config(tmp_path)
    settings.pipeline.home.mkdir(parents=True)
    # A process of its own: the lock is between processes.
    hold = "import fasteners, sys; lock = fasteners.InterProcessLock(sys.argv[1]); lock.acquire(); print(1); input()"
    command = [sys.executable, "-c", hold, str(settings.pipeline.home / ".lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "1\n"
        with pytest.raises(ConfigError, match="another run of this pipeline is going on"):
            run(settings)
        other.communicate("\n")


@pytest.mark.parametrize(
    ("override", "error", "says"),
    [
        ("data.path=nowhere.csv", DataError, ["data.path", "nowhere.csv"]),
        ("data.text=review", DataError, ["reviews.csv", "'review'", "data.text", "'text', 'label'"]),
        ("schema=nowhere.pbtxt", ConfigError, ["schema is nowhere.pbtxt"]),
        ("labels.names=[bad, good]", ConfigError, ["labels.names", "schema imdb"]),
        ("encoder.handle=nowhere", EncoderError, ["encoder.handle", "nowhere"]),
    ],
)
def test_what_can_be_seen_at_once_is_refused_before_any_work(tmp_path, override, error, says):
    with pytest.raises(BertlineError) as refusal:
        run(config(tmp_path, override))
    assert isinstance(refusal.value, error)
    for words in says:
        assert words in str(refusal.value)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("key", ["pipeline.root", "push.folder"])
def test_a_folder_that_cannot_be_written_is_refused_before_any_work(tmp_path, key):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=rf"{key}: .* cannot be used"):
        run(config(tmp_path, f"{key}={tmp_path}/file"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_while_it_prepares_is_told_as_the_verdict(tmp_path, monkeypatch, number):
    monkeypatch.setattr(TfxEngine, "prepare", lambda *_: os.kill(os.getpid(), number) or time.sleep(10))
    outcome = run(config(tmp_path), tmp_path / "summary.json")
    assert outcome.sentence == "STOPPED because it was interrupted"
    assert json.loads((tmp_path / "summary.json").read_text())["reasons"] == ["it was interrupted"]
