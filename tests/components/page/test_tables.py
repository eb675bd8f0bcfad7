from __future__ import annotations

import pytest

from components.page import tables


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [(0, 5, "0.0 %"), (1, 10_000, "< 0.1 %"), (1, 3, "33.3 %"), (5, 5, "100.0 %"), (0, 0, "0.0 %")],
)
def test_shares(part: int, whole: int, shown: str):
    assert tables.share(part, whole) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0, "0"), (12.5, "12.5"), (12.0, "12"), (1234.5, "1,234"), (10**6, "1,000,000")]
)
def test_numbers(value: float, shown: str):
    assert tables.number(value) == shown


def test_one_has_no_plural():
    assert [tables.counted(count, "word") for count in (0, 1, 1000)] == ["0 words", "1 word", "1,000 words"]
