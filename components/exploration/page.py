"""The exploration as one HTML file: no network, no script, nothing of a text that a browser would obey."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from components.exploration import excerpts, tables
from components.exploration.exploration import CHARACTERS_OF_TEXT, TOKENS_OF_TEXT, WORDS_OF_TEXT, Exploration
from components.exploration.figures import draw

_TEMPLATES = Path(__file__).parent / "templates"


def render(exploration: Exploration) -> str:
    """The page. The same exploration gives the same page."""
    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined)
    environment.filters.update(shown=_shown, number=tables.number, counted=tables.counted)
    figures = {figure.key: figure for figure in draw(exploration)}
    return environment.get_template("exploration.html").render(
        exploration=exploration,
        figures=figures,
        tables=tables,
        quantities=(WORDS_OF_TEXT, CHARACTERS_OF_TEXT),
        tokens=TOKENS_OF_TEXT,
    )


def _shown(text: str) -> Markup:
    """The text with what cannot be seen spelled out and marked."""
    return Markup().join(
        Markup("<span class=spelled>{}</span>").format(piece) if is_spelled else escape(piece)
        for piece, is_spelled in excerpts.pieces(text, with_joiners=True)
    )
