"""What every room's tests share."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from components.encoders.handles import EMBEDDED


@pytest.fixture(scope="session", autouse=True)
def heeds_interrupts() -> None:
    """A shell starts what runs in the background with Ctrl-C turned off, which the processes of tests would inherit."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A 2-layer, 32-wide, randomly initialised encoder as a SavedModel."""
    from tests.tiny_encoder import write_tiny_encoder

    return write_tiny_encoder(tmp_path_factory.mktemp("encoders") / "tiny")


@pytest.fixture(scope="session")
def embedded_encoder() -> Path:
    """The embedded MiniLM as a SavedModel, converted once into the user's cache."""
    from components.encoders.resolve import resolve_encoder

    return Path(resolve_encoder(EMBEDDED))
