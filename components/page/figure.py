"""A figure as a page shows it."""

from __future__ import annotations

import dataclasses

from components.page.tables import Table


@dataclasses.dataclass(frozen=True)
class Figure:
    """A drawing. `key` names it in the page, `alt` says in words what it shows, `table` holds the numbers drawn."""

    key: str
    title: str
    svg: str
    alt: str
    table: Table
