"""Pages as one HTML file each: no network, no script, nothing of a text that a browser would obey."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from components.page import excerpts, tables

_TEMPLATES = Path(__file__).parent / "templates"


def environment(templates: Path) -> Environment:
    """What renders the templates of a folder, and those that all pages share.

    `page.html` is the frame of a page, with the blocks `title`, `style`, `header` and `main`; `page.css` is the look;
    `parts.html` has the macros `table` and `figure`. Whatever is put into a page goes through the filter `shown`, or
    `lines` where line breaks are to stay, but for numbers and what was drawn here.
    """
    loader = FileSystemLoader([templates, _TEMPLATES])
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    made.filters.update(shown=_shown, lines=_lines, number=tables.number, counted=tables.counted)
    made.globals.update(INDENT=tables.INDENT, MISSED=tables.MISSED, name_of=tables.name_of)
    return made


def _shown(text: str) -> Markup:
    """The text with what cannot be seen spelled out and marked."""
    return Markup().join(
        Markup("<span class=spelled>{}</span>").format(piece) if is_spelled else escape(piece)
        for piece, is_spelled in excerpts.pieces(text, with_joiners=True)
    )


def _lines(text: str) -> Markup:
    """The same, with the text's line breaks as they are."""
    return Markup("\n").join(map(_shown, text.split("\n")))
