"""All that the gate found, as a value, as JSON, as a page and as an error message. Pure."""

from __future__ import annotations

import dataclasses
from typing import Any

from components.data_gate.anomalies import Anomaly
from components.data_gate.comparisons import TOO_FEW_ROWS, Comparison

_DISTANCES = (
    "Distances are Jensen-Shannon divergences in bits. Chance alone stays below *noise* in 999 cases of 1,000; what "
    "lies above both noise and threshold is different. Where noise is more than the threshold, there are too few rows "
    "to tell whether the rest is."
)

_REMEDY = "mend the data; if it is right, allow it in the schema, or let a span in that drifted by data.reference_span"


@dataclasses.dataclass(frozen=True)
class Findings:
    """What was looked at and what was found.

    `examples` are counts by split. `anomalies` stop the run, comparisons with too few rows do not: they are `notes`.
    `not_compared` says which comparison was not made, and why, and what was compared only in a sample.
    """

    examples: dict[str, int]
    anomalies: list[Anomaly]
    comparisons: list[Comparison]
    not_compared: list[str]

    @property
    def notes(self) -> list[str]:
        """Sentences about what could not be told."""
        return [f"{c.kind} of {c.feature}: {c}" for c in self.comparisons if c.verdict == TOO_FEW_ROWS]

    def as_json(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "examples": self.examples,
            "anomalies": [dataclasses.asdict(anomaly) for anomaly in self.anomalies],
            "comparisons": [dataclasses.asdict(c) | {"sentence": str(c)} for c in self.comparisons],
            "notes": self.notes,
            "not_compared": self.not_compared,
        }

    def message(self, file: str) -> str:
        """The error of a run that stops: a line for each anomaly, in columns.

        Args:
            file: where the report was kept.
        """
        return "\n".join(
            [
                f"the data is not what its schema says ({_counts(self.examples)}):",
                *_aligned([(anomaly.split, anomaly.feature, anomaly.sentence) for anomaly in self.anomalies]),
                f"{_REMEDY}; the whole report: {file}",
            ]
        )

    def as_markdown(self) -> str:
        """A page for people: the anomalies, and every comparison with its distance."""
        return (
            "\n\n".join(
                [
                    "# Data gate",
                    f"{'Stopped' if self.anomalies else 'Passed'}: {_counts(self.examples)}.",
                    "## Anomalies",
                    _table(
                        ("data", "feature", "what is wrong", "TensorFlow Data Validation's words"),
                        [
                            (
                                a.split,
                                a.feature,
                                a.sentence,
                                ": ".join(filter(None, (a.short_description, a.description))),
                            )
                            for a in self.anomalies
                        ],
                    ),
                    "## Comparisons",
                    _DISTANCES,
                    _table(
                        ("kind", "feature", "change", "rows", "distance", "threshold", "noise", "verdict"),
                        [_row(comparison) for comparison in self.comparisons],
                    ),
                    *[f"- {sentence}" for sentence in self.not_compared],
                ]
            )
            + "\n"
        )


def _counts(examples: dict[str, int]) -> str:
    return ", ".join(f"{count:,} in {split}" for split, count in examples.items())


def _row(c: Comparison) -> tuple[str, ...]:
    rows = f"{c.reference_rows:,} and {c.current_rows:,}"
    figures = ["" if value is None else f"{value:.2g}" for value in (c.distance, c.threshold, c.noise)]
    return (c.kind, c.feature, c.told, rows, *figures, c.verdict)


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [
        max((len(cell) for cell in column), default=0) for column in zip(*(row[:-1] for row in rows), strict=True)
    ]
    return [
        "  " + "  ".join([*(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in rows
    ]


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    if not rows:
        return "None."
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join(f"| {' | '.join(_cell(text) for text in line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", r"\|").split())
