from __future__ import annotations

import subprocess
import sys

import pytest

from components.errors import PushError
from pipeline.only_run import only_run


def test_one_at_a_time_and_the_next_after_it(tmp_path):
    home = tmp_path / "a" / "home"
    second = "import pathlib\nfrom pipeline.only_run import only_run\n"
    second += f"with only_run(pathlib.Path({str(home)!r}), 'a.b'): pass"
    with only_run(home, "pipeline.root"):
        told = subprocess.run([sys.executable, "-c", second], capture_output=True, text=True, check=False)
        assert told.returncode == 1
        assert f"is going on in {home}; wait for it, or set a.b to another folder" in told.stderr
    with pytest.raises(ZeroDivisionError), only_run(home, "pipeline.root"):
        raise ZeroDivisionError
    assert subprocess.run([sys.executable, "-c", second], check=False).returncode == 0


def test_a_folder_that_cannot_be_used(tmp_path):
    (tmp_path / "file").touch()
    told = pytest.raises(PushError, match=r"^home: .*file cannot be used \(File exists\); set it to a folder")
    with told, only_run(tmp_path / "file", "home", PushError):
        raise AssertionError
