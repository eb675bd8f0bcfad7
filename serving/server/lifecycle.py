"""The life of one model's versions: looked for, loaded, warmed up, served, drained, unloaded.

As in TensorFlow Serving, a new version is loaded before an old one is let go, so that there is always one to answer;
and a version that cannot be loaded changes nothing for those that are served.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
from collections.abc import Iterable
from typing import Any, Protocol

from tensorflow_serving.apis import get_model_status_pb2

from serving.server import version_policy
from serving.server.servable import Servable

_LOG = logging.getLogger(__name__)
_ENDED_KEPT = 10  # versions that have ended and whose status can still be asked for

State = get_model_status_pb2.ModelVersionStatus.State
START, LOADING, AVAILABLE, UNLOADING, END = (
    State.Value(name) for name in ("START", "LOADING", "AVAILABLE", "UNLOADING", "END")
)


class Loader(Protocol):
    """Loads and unloads; neither keeps the event loop from answering requests.

    Attributes:
        turn: held while a version is loaded, so that two large models do not compete.
    """

    turn: asyncio.Lock
    max_retries: int
    retry_seconds: float

    async def load(self, model: str, version: int, folder: str) -> Servable:
        """The version, ready to answer. Raises whatever keeps it from being loaded."""
        ...

    async def unload(self, servable: Servable) -> None:
        """Frees a version that nobody uses any more."""
        ...

    def forget(self, model: str, version: int) -> None:
        """The version is spoken of no more."""
        ...


@dataclasses.dataclass(eq=False)
class Version:
    """A version and what has become of it.

    Attributes:
        aspired: whether it is to be served, by the policy and by what lies in the base path.
        error: why it could not be loaded; empty where it could.
        in_use: requests that are being answered by it.
    """

    number: int
    state: int = START
    aspired: bool = True
    error: str = ""
    servable: Servable | None = None
    in_use: int = 0
    changed: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)

    def release(self) -> None:
        """A request has been answered."""
        self.in_use -= 1
        self.changed.set()


class Lifecycle:
    """The versions of one model.

    Attributes:
        name: of the model.
        config: its ModelConfig, which may be exchanged: base path, policy and labels are read from it each time.
        versions: by number.
        removed: whether the model is no longer to be served.
    """

    def __init__(self, config: Any, loader: Loader, changed: asyncio.Event) -> None:
        """
        Args:
            config: ModelConfig.
            loader: of its versions.
            changed: set whenever a version begins or ends to be available.
        """
        self.name: str = config.name
        self.config = config
        self.versions: dict[int, Version] = {}
        self._loader, self._changed = loader, changed
        self.removed = False
        self._tasks: set[asyncio.Task[None]] = set()

    def available(self) -> list[Version]:
        """The versions that answer requests, ascending."""
        return sorted(
            (version for version in self.versions.values() if version.state == AVAILABLE),
            key=lambda version: version.number,
        )

    def aspired(self) -> list[Version]:
        """The versions that are to be served."""
        return [version for version in self.versions.values() if version.aspired]

    def settled(self) -> bool:
        """Whether all that is to be served is loaded, or has failed for good."""
        return all(version.state in (AVAILABLE, END) for version in self.aspired())

    async def poll(self) -> None:
        """Looks at the base path, and starts what has to be done about it."""
        config = self.config
        try:
            present = await asyncio.to_thread(version_policy.present_versions, config.base_path)
        except OSError as error:
            # A file system that is away for a moment is no reason to stop serving what is loaded.
            _LOG.error("%s: base path %s cannot be read: %s", self.name, config.base_path, error.strerror)
            return
        if self.removed or config is not self.config:
            return
        if not present:
            _LOG.warning("%s: no versions found under base path %s", self.name, config.base_path)
        self._aspire(version_policy.aspired_versions(present, config.model_version_policy))

    async def remove(self) -> None:
        """Ends all versions and waits until they have ended: the model is no longer to be served."""
        self.removed = True
        self._aspire([])
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _aspire(self, numbers: Iterable[int]) -> None:
        wanted = set(numbers)
        for number in sorted(wanted):
            version = self.versions.get(number)
            # A version that failed is tried again once it was gone in between.
            if version is None or (version.state == END and not version.aspired):
                self.versions[number] = Version(number)
                self._begin(self._load(self.versions[number]))
        for version in self.versions.values():
            # One that is being unloaded cannot be called back: it is loaded anew when it has ended.
            aspired = version.number in wanted and version.state != UNLOADING
            if version.aspired != aspired:
                version.aspired = aspired
                version.changed.set()
        self._let_go()

    def _let_go(self) -> None:
        """Unloads what is served and no longer aspired, unless nothing else could answer yet."""
        available = self.available()
        if any(version.aspired for version in available) or not self.aspired():
            for version in available:
                if not version.aspired:
                    version.state = UNLOADING
                    self._changed.set()
                    self._begin(self._unload(version))
        self._forget()

    def _forget(self) -> None:
        ended = sorted(number for number, each in self.versions.items() if each.state == END and not each.aspired)
        for number in ended[:-_ENDED_KEPT]:
            del self.versions[number]
            self._loader.forget(self.name, number)

    def _begin(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _load(self, version: Version) -> None:
        version.state = LOADING
        for attempt in range(1 + self._loader.max_retries):
            if attempt:
                await self._pause(version)
            async with self._loader.turn:
                # It may have waited long, and been taken away again in the meantime.
                if not version.aspired or await self._try_to_load(version):
                    break
        else:
            _LOG.error("%s/%s: given up", self.name, version.number)
        version.state = AVAILABLE if version.servable else END
        self._changed.set()
        self._let_go()

    async def _try_to_load(self, version: Version) -> bool:
        try:
            folder = version_policy.version_folder(self.config.base_path, version.number)
            version.servable = await self._loader.load(self.name, version.number, folder)
        except Exception as error:  # noqa: BLE001  whatever a damaged model raises; it is shown as the version's status
            version.error = f"{type(error).__name__}: {error}"
            _LOG.error("%s/%s: cannot be loaded: %s", self.name, version.number, version.error)
            return False
        version.error = ""
        _LOG.info("%s/%s: available", self.name, version.number)
        return True

    async def _pause(self, version: Version) -> None:
        """Until the next attempt is due, or the version is no longer aspired."""
        version.changed.clear()
        if not version.aspired:
            return
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(version.changed.wait(), self._loader.retry_seconds)

    async def _unload(self, version: Version) -> None:
        while version.in_use:
            version.changed.clear()
            await version.changed.wait()
        servable, version.servable = version.servable, None
        try:
            if servable:
                await self._loader.unload(servable)
        finally:
            version.state = END
        _LOG.info("%s/%s: unloaded", self.name, version.number)
        if not self.removed:
            await self.poll()  # it may be wanted again by now
