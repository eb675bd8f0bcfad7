"""Spans: numbered portions of the data, one a day or a week, which `{SPAN}` or a date in `data.path` stands for.

Nothing heavy is imported, TFX least of all.
"""

from components.example_gen.spans.select import Portion, Selection, folder_given, resolve_span, select
from components.example_gen.spans.value import LARGEST, LATEST, check_span, has_places, has_span, read_span

__all__ = [
    "LARGEST",
    "LATEST",
    "Portion",
    "Selection",
    "check_span",
    "folder_given",
    "has_places",
    "has_span",
    "read_span",
    "resolve_span",
    "select",
]
