"""Where the benchmarks' own environment stands: k6, ONNX Runtime and matplotlib, apart from the pipeline's stack."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".venv-benchmarks"


class BenchmarkError(Exception):
    """A benchmark cannot be run; the text says what to do."""


def program(name: str) -> Path:
    """A program of the benchmarks' environment.

    Raises:
        BenchmarkError: it is not there.
    """
    path = FOLDER / "bin" / name
    if not path.exists():
        raise BenchmarkError(f"{path} is not there; make the benchmarks' environment with `make bench-setup`")
    return path
