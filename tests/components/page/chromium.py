"""A page as a real browser shows it, by the browser's own debugging protocol."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import subprocess
from pathlib import Path
from typing import Any

import aiohttp

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_COMPLAINTS = frozenset({"Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown"})
_SECONDS = 60


def looked_at(
    page: Path, profile: Path, width: int, ask: str, media: str = "screen"
) -> tuple[Any, list[dict[str, Any]]]:
    """What the page answers to a JavaScript expression, so wide on a screen or in print; the browser's complaints."""
    assert CHROMIUM is not None
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-port=0"]
    command = [CHROMIUM, *options, f"--user-data-dir={profile}", "about:blank"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as browser:
        try:
            return asyncio.run(asyncio.wait_for(_look(page, profile, width, ask, media), _SECONDS))
        finally:
            browser.terminate()


async def _look(page: Path, profile: Path, width: int, ask: str, media: str) -> tuple[Any, list[dict[str, Any]]]:
    port = await _port(profile)
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
            targets = await answer.json(content_type=None)
        address = next(target["webSocketDebuggerUrl"] for target in targets if target["type"] == "page")
        async with session.ws_connect(address, max_msg_size=0) as socket:
            tab = _Tab(socket)
            for domain in ("Page", "Log", "Runtime"):
                await tab.call(f"{domain}.enable")
            screen = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": True}
            await tab.call("Emulation.setDeviceMetricsOverride", **screen)
            await tab.call("Emulation.setEmulatedMedia", media=media)
            await tab.call("Page.navigate", url=page.as_uri())
            await tab.event("Page.loadEventFired")
            answered = await tab.call("Runtime.evaluate", expression=ask, returnByValue=True)
            return answered["result"]["value"], [said for said in tab.said if said["method"] in _COMPLAINTS]


async def _port(profile: Path) -> int:
    file = profile / "DevToolsActivePort"
    while True:
        with contextlib.suppress(FileNotFoundError, IndexError, ValueError):
            return int(file.read_text().splitlines()[0])
        await asyncio.sleep(0.1)


class _Tab:
    def __init__(self, socket: Any) -> None:
        self._socket, self._calls = socket, 0
        self.said: list[dict[str, Any]] = []

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._calls += 1
        await self._socket.send_json({"id": self._calls, "method": method, "params": parameters})
        while (message := await self._socket.receive_json()).get("id") != self._calls:
            self.said.append(message)
        return message["result"]

    async def event(self, method: str) -> None:
        while all(said["method"] != method for said in self.said):
            self.said.append(await self._socket.receive_json())
