"""The report as one HTML file: no network, no script."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.page.excerpts import cut
from components.page.render import environment
from components.report import words
from components.report.collect import MISSING, SECTIONS
from components.report.section import Section

_TEMPLATES = Path(__file__).parent / "templates"
_LOG = logging.getLogger(__name__)


def render(numbers: Mapping[str, Any]) -> str:
    """The page of what `collect` gave. The same numbers give the same page."""
    sections = [(name, module.TITLE, _show(name, numbers[name])) for name, module in SECTIONS.items()]
    made = environment(_TEMPLATES)
    made.filters.update(duration=words.duration, cut=cut)
    return made.get_template("report.html").render(run=numbers["verdict"], sections=sections)


def _show(name: str, numbers: Mapping[str, Any]) -> Section:
    if MISSING in numbers:
        return Section(notes=(numbers[MISSING],))
    try:
        return SECTIONS[name].show(numbers)
    except Exception as error:  # noqa: BLE001  a section that cannot be drawn must not cost the others
        _LOG.warning("the section %s is missing from the page", name, exc_info=True)
        told = f"What the run left cannot be shown ({type(error).__name__}); the JSON file has the numbers."
        return Section(notes=(told,))
