"""Texts in batches: bounded in number, and in bytes so that no message grows beyond its limit."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import TypeVar

from serving.client.calls import MAX_BATCH_BYTES
from serving.client.errors import InvalidRequest

Item = TypeVar("Item")


def batches(texts: Iterable[str | bytes], size: int) -> Iterator[list[bytes]]:
    """The texts as bytes in batches of at most `size`, smaller where texts are long; a longer text goes alone.

    Raises:
        InvalidRequest: a text cannot be written as UTF-8.
        TypeError: it is no text.
    """
    batcher = _Batcher(size)
    for text in _checked(texts):
        yield from batcher.add(text)
    yield from batcher.rest()


async def async_batches(
    texts: Iterable[str | bytes] | AsyncIterable[str | bytes], size: int
) -> AsyncIterator[list[bytes]]:
    """The same of texts that may have to be awaited."""
    batcher = _Batcher(size)
    async for text in texts if isinstance(texts, AsyncIterable) else as_async(_checked(texts)):
        for batch in batcher.add(text):
            yield batch
    for batch in batcher.rest():
        yield batch


async def as_async(items: Iterable[Item]) -> AsyncIterator[Item]:
    """The items, none of which has to be awaited."""
    for item in items:
        yield item


class _Batcher:
    def __init__(self, size: int) -> None:
        self._size = size
        self._texts: list[bytes] = []
        self._bytes = 0
        self._seen = 0

    def add(self, text: str | bytes) -> Iterator[list[bytes]]:
        encoded = _encoded(text, self._seen)
        self._seen += 1
        if self._texts and self._bytes + len(encoded) > MAX_BATCH_BYTES:
            yield from self.rest()
        self._texts.append(encoded)
        self._bytes += len(encoded)
        if len(self._texts) == self._size:
            yield from self.rest()

    def rest(self) -> Iterator[list[bytes]]:
        if self._texts:
            yield self._texts
        self._texts, self._bytes = [], 0


def _checked(texts: Iterable[str | bytes]) -> Iterable[str | bytes]:
    if isinstance(texts, (str, bytes)):
        raise TypeError("a single text was given where a list of texts is expected; give [text]")
    return texts


def _encoded(text: str | bytes, position: int) -> bytes:
    if isinstance(text, bytes):
        return text
    if not isinstance(text, str):
        raise TypeError(f"text {position} is {type(text).__name__}; give str or bytes")
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequest(f"text {position} is no Unicode text: {error}; give its bytes instead") from error
