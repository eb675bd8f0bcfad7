from __future__ import annotations

import pytest
import tenacity

from components.fetch import download, kaggle
from tests.components.fetch.servers import Host, serving


@pytest.fixture(autouse=True)
def _no_waiting_and_no_proxy(monkeypatch):
    for module in (download, kaggle):
        monkeypatch.setattr(module, "_WAIT", tenacity.wait_none())
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def host():
    with serving(Host()) as running:
        yield running
