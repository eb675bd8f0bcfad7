"""A file of a source."""

from __future__ import annotations

from typing import NamedTuple

from components.example_gen.rows import EXAMPLES


class SourceFile(NamedTuple):
    """A file of a source.

    Attributes:
        name: what a user calls it, in messages and in the quarantine.
        path: where it is, also a URL.
        span: number of the span that it belongs to, None where it is of none.
        role: what its rows are for: EXAMPLES, PREVIOUS or SERVING (see `rows`).
        official: the split that all its rows belong to, where the source or the settings name one.
    """

    name: str
    path: str
    span: int | None = None
    role: str = EXAMPLES
    official: str | None = None
