"""Keeps what kfp prints, warns and logs off the terminal: links, notes on versions, tries that failed."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import TypeVar

_Answer = TypeVar("_Answer")


@contextmanager
def silence() -> Iterator[None]:
    """Inside the block nothing is printed to standard output, warned of or logged."""
    root = logging.getLogger()
    handler, disabled = logging.NullHandler(), root.manager.disable
    root.addHandler(handler)  # or kfp's first message would set up a log on standard error, for good
    logging.disable(logging.CRITICAL)
    try:
        with redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
        root.removeHandler(handler)


def quietly(call: Callable[..., _Answer], *arguments: object, **settings: object) -> _Answer:
    """What the call returns."""
    with silence():
        return call(*arguments, **settings)
