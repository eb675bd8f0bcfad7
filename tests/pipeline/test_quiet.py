from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# In a process of its own: the file descriptors themselves are moved.
NOISY = """
import logging, os, subprocess, sys
from pathlib import Path
from pipeline.quiet import logging_to
print("before")
try:
    with logging_to(Path(sys.argv[1])) as console:
        console.print("for the user")
        print("python noise")
        os.write(2, b"C++ noise\\n")
        subprocess.run(["sh", "-c", "echo child noise"], check=True)
        logging.getLogger("tfx").info("log line")
        raise ValueError("boom")
except ValueError:
    print("after")
os.write(2, b"stderr is back\\n")
"""


FULL = """
import os, sys
from pathlib import Path
from pipeline.quiet import logging_to
try:
    with logging_to(Path("/dev/full")) as console:
        print("noise")
        raise ValueError("boom")
except ValueError as error:
    print(error)
os.write(2, b"stderr is back\\n")
"""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_log_on_a_full_disk_hides_nothing_from_the_user():
    environment = os.environ | {"PYTHONUNBUFFERED": ""}  # so that the noise is still to be written at the end
    command = [sys.executable, "-c", FULL]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert (done.stdout, done.stderr) == ("boom\n", "stderr is back\n")


DEAF = """
import sys
from pathlib import Path
from pipeline.quiet import logging_to
with logging_to(Path(sys.argv[1])) as console:
    for number in range(20000):
        console.print(f"line {number}")
    print("still running")
Path(sys.argv[2]).write_text("came to its end")
"""


def test_a_reader_that_goes_away_does_not_end_the_run(tmp_path):
    log, end = tmp_path / "run.log", tmp_path / "end"
    with subprocess.Popen([sys.executable, "-c", DEAF, str(log), str(end)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
    assert process.returncode == 0
    assert end.read_text() == "came to its end"
    assert "still running" in log.read_text()


def test_markup_in_a_text_is_shown_as_it_is(tmp_path):
    code = (
        "import sys\nfrom pathlib import Path\nfrom pipeline.quiet import logging_to\n"
        "with logging_to(Path(sys.argv[1])) as console: console.print('/data/[/b]/[team]')"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "log")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "/data/[/b]/[team]\n"


def test_noise_goes_to_the_log_and_only_the_console_reaches_the_user(tmp_path):
    log = tmp_path / "logs" / "run.log"
    done = subprocess.run([sys.executable, "-c", NOISY, str(log)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["before", "for the user", "after"]
    assert done.stderr.splitlines()[-1] == "stderr is back"
    written = log.read_text()
    assert all(noise in written for noise in ("python noise", "C++ noise", "child noise", "INFO tfx: log line"))
    assert "for the user" not in written
