"""An exploration of texts that are given, by way of Examples on the disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from components.exploration.exploration import Exploration
from components.exploration.measure import Task, measure
from tests.components.exploration.examples import Text, write_split

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "</style></svg></table></body> & \"quotes\" 'too' {{ 7 * 7 }} ]]> <!--",
    "\x1b[2J\x1b]0;title\x07 cleared \x9b31m red\r\nnext\tline",
    "safe \u202etxt.exe\u202c \u2066isolated\u2069 \u200bzero \ufeffwidth",
    "w" * 5000,
    "漢字" * 300,
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 family \U0001f3f4\U000e0067\U000e007f",
    "\u0645\u0631\u062d\u0628\u0627 $x^2$ $",
    "a" + "\u0300" * 400,
)
HOSTILE_NAMES = ("<b>bold</b>", "\x1b[31m", "漢字", "$\\frac$", "n" * 200)


def account(**known: Any) -> dict[str, Any]:
    return {
        "rows": 12,
        "examples": {"train": 10, "eval": 1, "test": 1},
        "labels": {},
        "quarantined": {},
        "duplicates": {},
        "repeated": {},
        "contradictions": 0,
        "not_sampled": 0,
        "unlabelled": 0,
        "spans": {},
        "references": {},
        **known,
    }


def explore(
    folder: Path,
    splits: Mapping[str, Sequence[Text]],
    kind: str = "binary",
    names: tuple[str, ...] = ("neg", "pos"),
    max_tokens: int = 128,
    **known: Any,
) -> Exploration:
    examples = {split: write_split(folder / split, texts, names) for split, texts in splits.items()}
    return measure(Task("task", kind, names, max_tokens), examples, account(**known))


def explore_hostile(folder: Path) -> Exploration:
    """What a terminal or a browser would obey, in texts, pairs, labels and the account."""
    texts = [
        Text(text, HOSTILE_NAMES[: place % 6], span=place, text_pair=text[::-1]) for place, text in enumerate(HOSTILE)
    ]
    splits = {"train": [*texts, *texts], "eval": texts[:2], "test": []}
    reasons = {"bad \x1b[31m<script>alert(1)</script>": 3}
    return explore(folder, splits, "multilabel", HOSTILE_NAMES, 96, quarantined=reasons, references={"serving": 4})
