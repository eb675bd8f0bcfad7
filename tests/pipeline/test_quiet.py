from __future__ import annotations

import subprocess
import sys

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


def test_noise_goes_to_the_log_and_only_the_console_reaches_the_user(tmp_path):
    log = tmp_path / "logs" / "run.log"
    done = subprocess.run([sys.executable, "-c", NOISY, str(log)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["before", "for the user", "after"]
    assert done.stderr.splitlines()[-1] == "stderr is back"
    written = log.read_text()
    assert all(noise in written for noise in ("python noise", "C++ noise", "child noise", "INFO tfx: log line"))
    assert "for the user" not in written
