"""Labels of two data sets, each compared by its own rate: of labels that go together, and of those that are gone. Pure.

Where a row may hold many labels or none, the shares among all that are held say little: they do not add up with the
rows, and frequent labels drown rare ones.
"""

from __future__ import annotations

from collections.abc import Mapping

from tensorflow_metadata.proto.v0 import schema_pb2

from components.data_gate.histograms import divergence
from components.data_gate.noise import CONFIDENCE

Counts = Mapping[str, float]  # rows by label


def holds_many(label: schema_pb2.Feature) -> bool:
    """Whether a row may hold any number of labels, by the schema."""
    count = label.value_count
    return label.HasField("value_count") and not (count.min == 1 and count.max == 1)


def rate_distances(held: Counts, rows: int, other_held: Counts, other_rows: int) -> dict[str, float]:
    """How far the rate of each label lies from its rate in other rows: a Jensen-Shannon divergence, in bits.

    Args:
        held: how many rows hold each label.
        rows: how many there are, at least one.
        other_held: the same of the others.
        other_rows: how many there are of these, at least one.
    """
    return {
        label: divergence(_split(held.get(label, 0), rows), _split(other_held.get(label, 0), other_rows))
        for label in sorted(held.keys() | other_held.keys())
    }


def vanished(held: Counts, rows: int, other_held: Counts, other_rows: int) -> list[str]:
    """The labels that other rows do not have, although chance would have left them some: of as many rows, those that
    at least 10 held, and somewhat more where there are many labels.

    If nothing had changed, each of the rows with a label would be one of these with the probability
    rows / (rows + other_rows); that all of them are is the product.
    """
    if not rows or not other_rows:
        return []
    here = rows / (rows + other_rows)
    unlikely = (1 - CONFIDENCE) / max(len(held), 1)
    return sorted(
        label for label, count in held.items() if count and not other_held.get(label) and here**count < unlikely
    )


def _split(held: float, rows: int) -> tuple[float, float]:
    # Sketches may count a row more than there are.
    return min(held, rows), max(rows - held, 0)
