"""Several calls at once, their answers in the order of what was asked, and no more of either in memory than that."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Asked = TypeVar("Asked")
Given = TypeVar("Given")


def in_order(call: Callable[[Asked], Given], asked: Iterable[Asked], in_flight: int) -> Iterator[Given]:
    """`call` of each, at most `in_flight` at once, in threads. The first error in order ends it."""
    under_way: deque[Future[Given]] = deque()
    executor = ThreadPoolExecutor(in_flight, thread_name_prefix="serving-client")
    try:
        for one in asked:
            under_way.append(executor.submit(call, one))
            if len(under_way) == in_flight:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


async def async_in_order(
    call: Callable[[Asked], Awaitable[Given]], asked: AsyncIterable[Asked], in_flight: int
) -> AsyncGenerator[Given, None]:
    """`call` of each, at most `in_flight` at once. The first error in order ends it, and what is still under way."""
    under_way: deque[asyncio.Future[Given]] = deque()
    try:
        async for one in asked:
            under_way.append(asyncio.ensure_future(call(one)))
            if len(under_way) == in_flight:
                yield await under_way.popleft()
        while under_way:
            yield await under_way.popleft()
    finally:
        for future in under_way:
            future.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
