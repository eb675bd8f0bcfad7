from __future__ import annotations

import pytest

from components.example_gen.bands import length_band, length_bands


@pytest.mark.parametrize(
    ("words", "bounds", "band"),
    [
        (0, (100, 300), "0-99"),
        (99, (100, 300), "0-99"),
        (100, (100, 300), "100-299"),
        (299, (100, 300), "100-299"),
        (300, (100, 300), "300+"),
        (10**6, (100, 300), "300+"),
        (5, (), "0+"),
        (1, (1,), "1+"),
        (0, (1,), "0-0"),
    ],
)
def test_length_band(words, bounds, band):
    assert length_band(words, bounds) == band


def test_every_band_there_is():
    assert length_bands((100, 300)) == ["0-99", "100-299", "300+"]
    assert length_bands(()) == ["0+"]
    assert {length_band(words, (1, 5)) for words in range(20)} == set(length_bands((1, 5)))
