"""A model that every test of the server's insides may read."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base path with version 1 of the echo model; tests leave it as it is."""
    from tests.serving.server.models import write_echo

    base = tmp_path_factory.mktemp("served") / "echo"
    write_echo(base, 1, warmups=["serving_default", "picky"])
    return base
