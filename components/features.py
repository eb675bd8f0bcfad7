"""The names of the features in Examples: written by example_gen, read by every step after it."""

from __future__ import annotations

# Raw Examples.
TEXT = "text"
LABEL = "label"
TARGET = "target"
ID = "id"
WORDS = "words"
CHARACTERS = "characters"
LENGTH_BAND = "length_band"

# Transformed Examples, beside TARGET.
INPUT_WORD_IDS = "input_word_ids"
