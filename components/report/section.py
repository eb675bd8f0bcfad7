"""A section of the report, ready to be shown."""

from __future__ import annotations

import dataclasses

from components.page.figure import Figure
from components.page.tables import Table


@dataclasses.dataclass(frozen=True)
class Quote:
    """Texts that are shown as they are, one or the two of a pair, and a line of what there is to say of them."""

    about: str
    texts: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Section:
    """What a section shows, in this order.

    Attributes:
        notes: sentences.
        first: tables that come before the figures, each under its caption.
        figures: drawings.
        tables: as `first`, after the figures.
        quotes: texts.
        remarks: sentences on what is above.
        folded: a long text that is shown on demand, under its title.
    """

    notes: tuple[str, ...] = ()
    first: tuple[tuple[str, Table], ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[tuple[str, Table], ...] = ()
    quotes: tuple[Quote, ...] = ()
    remarks: tuple[str, ...] = ()
    folded: tuple[str, str] | None = None
