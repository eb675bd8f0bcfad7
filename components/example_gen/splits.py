"""Which split a text belongs to, and whether it is sampled: functions of its identity and nothing else.

So neither the order of rows or files nor the machine matters, equal texts fall together, and a text keeps its split
when rows are added.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from components.features import EVAL, SPLITS, TEST, TRAIN

_FLOAT_BITS = 53  # what a float64 holds without rounding, so that 1.0 is never reached


def split_of(text_id: str, weights: Mapping[str, float], official: str | None = None) -> str:
    """The split of a text.

    Args:
        text_id: 32 hexadecimal digits, see `normalise.text_id`.
        weights: share of every split, in any unit.
        official: the split that the source itself names. `test` stays; `train` is divided into train and eval, in
            the proportion of their weights; None is divided into all three.
    """
    if official == TEST:
        return TEST
    names = [name for name in (SPLITS if official is None else (TRAIN, EVAL)) if weights[name] > 0]
    point = _fraction(text_id, b"split") * sum(weights[name] for name in names)
    for name in names[:-1]:
        point -= weights[name]
        if point < 0:
            return name
    return names[-1]


def is_sampled(text_id: str, fraction: float) -> bool:
    """Whether a text is among the sampled fraction (0 to 1) of all texts; a larger sample holds every smaller one."""
    return fraction >= 1.0 or sample_point(text_id) < fraction


def sample_point(text_id: str) -> float:
    """Where a text stands among all that might be sampled: a number in [0, 1), uniform over texts."""
    return _fraction(text_id, b"sample")


def _fraction(text_id: str, purpose: bytes) -> float:
    """A number in [0, 1), uniform over texts and independent between purposes."""
    digest = hashlib.blake2b(bytes.fromhex(text_id), digest_size=8, person=purpose).digest()
    return (int.from_bytes(digest, "big") >> (64 - _FLOAT_BITS)) / (1 << _FLOAT_BITS)
