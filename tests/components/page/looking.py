"""A page's source, taken apart."""

from __future__ import annotations

import html.parser
import re
from typing import Any

_VOID = frozenset({"meta", "br", "hr", "img", "input", "link"})
WIDEST = """(() => {
  document.querySelectorAll("details").forEach(known => { known.open = true; });
  const scrolls = known => known.closest(".wide table") || known.closest("svg");
  const all = [...document.body.querySelectorAll("*")].filter(known => !scrolls(known));
  const rights = all.map(known => Math.ceil(known.getBoundingClientRect().right));
  return Math.max(document.documentElement.scrollWidth, ...rights);
})()"""


class Page(html.parser.HTMLParser):
    """Elements with their attributes, and the text; refuses elements that do not close."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.headings: list[str] = []
        """What each `th` says."""
        self._open: list[str] = []
        self.feed(source)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)
        if tag == "th":
            self.headings.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if "th" in self._open:
            self.headings[-1] += data.strip()

    def having(self, name: str) -> list[dict[str, Any]]:
        return [attributes for tag, attributes in self.elements if tag == name]


def palettes(source: str) -> list[dict[str, str]]:
    """The colours of the page on light and on dark paper."""
    return [dict(re.findall(r"--([\w-]+): (#[0-9a-f]+);", root)) for root in re.findall(r":root \{([^}]*)\}", source)]


def luminance(colour: str) -> float:
    """Relative, as WCAG 2.2 defines it."""
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    shares = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)
