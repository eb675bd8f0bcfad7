"""A file that rows are read from, with what its reader must know of it."""

from __future__ import annotations

from typing import NamedTuple


class InputFile(NamedTuple):
    """A file of rows.

    Attributes:
        path: where it is, also a URL.
        name: what the user calls it, in messages and in the quarantine.
        delimiter: what divides the columns of delimited text; a single character.
        official: the split that its source says its rows belong to.
        member: the file wanted, where the path is a .zip that holds several.
    """

    path: str
    name: str
    delimiter: str = ","
    official: str | None = None
    member: str | None = None
