"""The exploration as one HTML file: no network, no script, nothing of a text that a browser would obey."""

from __future__ import annotations

from pathlib import Path

from components.exploration import tables
from components.exploration.exploration import CHARACTERS_OF_TEXT, TOKENS_OF_TEXT, WORDS_OF_TEXT, Exploration
from components.exploration.figures import draw
from components.page.render import environment

_TEMPLATES = Path(__file__).parent / "templates"


def render(exploration: Exploration) -> str:
    """The page. The same exploration gives the same page."""
    figures = {figure.key: figure for figure in draw(exploration)}
    template = environment(_TEMPLATES).get_template("exploration.html")
    return template.render(
        exploration=exploration,
        figures=figures,
        tables=tables,
        quantities=(WORDS_OF_TEXT, CHARACTERS_OF_TEXT),
        tokens=TOKENS_OF_TEXT,
    )
