"""Texts in batches: bounded in number, and in bytes so that no message grows beyond its limit."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import NamedTuple, TypeVar

from serving.client.calls import MAX_BATCH_BYTES
from serving.client.errors import InvalidRequest

Item = TypeVar("Item")
Text = str | bytes
_MISSING = object()


class Batch(NamedTuple):
    """What one request asks of: texts and, where the model takes pairs, the second text of each."""

    texts: list[bytes]
    pairs: list[bytes] | None


def batches(texts: Iterable[Text], pairs: Iterable[Text] | None, size: int) -> Iterator[Batch]:
    """The texts as bytes in batches of at most `size`, smaller where texts are long; a longer text goes alone.

    Raises:
        InvalidRequest: a text cannot be written as UTF-8.
        TypeError: it is no text.
        ValueError: there are not as many second texts as first ones.
    """
    batcher = _Batcher(size, pairs is not None)
    for text, pair in _rows(texts, pairs):
        yield from batcher.add(text, pair)
    yield from batcher.rest()


async def async_batches(
    texts: Iterable[Text] | AsyncIterable[Text], pairs: Iterable[Text] | AsyncIterable[Text] | None, size: int
) -> AsyncIterator[Batch]:
    """The same of texts that may have to be awaited."""
    batcher = _Batcher(size, pairs is not None)
    async for text, pair in _async_rows(texts, pairs):
        for batch in batcher.add(text, pair):
            yield batch
    for batch in batcher.rest():
        yield batch


async def as_async(items: Iterable[Item]) -> AsyncIterator[Item]:
    """The items, none of which has to be awaited."""
    for item in items:
        yield item


class _Batcher:
    def __init__(self, size: int, has_pairs: bool) -> None:
        self._size, self._has_pairs = size, has_pairs
        self._rows: list[list[bytes]] = []
        self._bytes = 0
        self._seen = 0

    def add(self, text: Text, pair: Text | None) -> Iterator[Batch]:
        row = [_encoded(text, f"text {self._seen}")]
        if self._has_pairs:
            row.append(_encoded(pair, f"second text {self._seen}"))
        self._seen += 1
        length = sum(map(len, row))
        if self._rows and self._bytes + length > MAX_BATCH_BYTES:
            yield from self.rest()
        self._rows.append(row)
        self._bytes += length
        if len(self._rows) == self._size:
            yield from self.rest()

    def rest(self) -> Iterator[Batch]:
        if self._rows:
            yield Batch([row[0] for row in self._rows], [row[1] for row in self._rows] if self._has_pairs else None)
        self._rows, self._bytes = [], 0


def _rows(texts: Iterable[Text], pairs: Iterable[Text] | None) -> Iterator[tuple[Text, Text | None]]:
    if pairs is None:
        yield from ((text, None) for text in _checked(texts))
        return
    for text, pair in itertools.zip_longest(_checked(texts), _checked(pairs), fillvalue=_MISSING):
        yield _both(text, pair)


async def _async_rows(
    texts: Iterable[Text] | AsyncIterable[Text], pairs: Iterable[Text] | AsyncIterable[Text] | None
) -> AsyncIterator[tuple[Text, Text | None]]:
    first = _awaited(texts)
    if pairs is None:
        async for text in first:
            yield text, None
        return
    second = _awaited(pairs)
    async for text in first:
        yield _both(text, await anext(second, _MISSING))
    if await anext(second, _MISSING) is not _MISSING:
        _both(_MISSING, None)


def _awaited(texts: Iterable[Text] | AsyncIterable[Text]) -> AsyncIterator[Text]:
    return aiter(texts) if isinstance(texts, AsyncIterable) else as_async(_checked(texts))


def _both(text: object, pair: object) -> tuple[Text, Text]:
    if text is _MISSING or pair is _MISSING:
        more, fewer = ("second", "first") if text is _MISSING else ("first", "second")
        raise ValueError(
            f"there are more {more} texts than {fewer} ones; give a second text for each, in the same order"
        )
    return text, pair  # pyright: ignore[reportReturnType]  (what is no text is told when it is encoded)


def _checked(texts: Iterable[Text]) -> Iterable[Text]:
    if isinstance(texts, (str, bytes)):
        raise TypeError("a single text was given where a list of texts is expected; give [text]")
    return texts


def _encoded(text: object, name: str) -> bytes:
    if isinstance(text, bytes):
        return text
    if not isinstance(text, str):
        raise TypeError(f"{name} is {type(text).__name__}; give str or bytes")
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequest(f"{name} is no Unicode text: {error}; give its bytes instead") from error
