"""The few that come first of many, whatever the order in which they come."""

from __future__ import annotations

import bisect
from collections.abc import Callable
from typing import NamedTuple

from components.exploration.excerpts import Excerpt


class Key(NamedTuple):
    """What decides. Of texts that are the same but for spaces and case (equal `identity`) only the first is kept."""

    rank: int
    identity: bytes
    text: bytes


class Best:
    """Keeps the excerpts whose keys are the lowest."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._keys: list[Key] = []
        self._excerpts: list[Excerpt] = []

    def offer(self, key: Key, make: Callable[[], Excerpt]) -> None:
        """Keeps what `make` gives, if it is one of the few; else `make` is not called."""
        if len(self._keys) == self._size and key >= self._keys[-1]:
            return
        same = next((place for place, kept in enumerate(self._keys) if kept.identity == key.identity), None)
        if same is not None:
            if self._keys[same] <= key:
                return
            del self._keys[same], self._excerpts[same]
        place = bisect.bisect_left(self._keys, key)
        self._keys.insert(place, key)
        self._excerpts.insert(place, make())
        del self._keys[self._size :], self._excerpts[self._size :]

    @property
    def excerpts(self) -> tuple[Excerpt, ...]:
        """What is kept, lowest key first."""
        return tuple(self._excerpts)
