"""Another process that holds a file, as if it were fetching it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_HOLD = """
import sys, fasteners
with fasteners.InterProcessLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held_elsewhere(target: Path) -> Iterator[Callable[[], None]]:
    """Another process holds the file until what is yielded is called, at the latest until the block ends."""
    target.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-c", _HOLD, str(target.with_name(f".{target.name}.lock"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        try:
            yield process.stdin.close
        finally:
            process.stdin.close()
            process.wait(30)
