"""The names in Examples: their splits, the features written by example_gen and read by every step after it, and what
the encoder is given of them.
"""

from __future__ import annotations

# Splits.
TRAIN = "train"
EVAL = "eval"  # selects the model
TEST = "test"  # decides, at the gates
SPLITS = (TRAIN, EVAL, TEST)

# Raw Examples.
TEXT = "text"
TEXT_PAIR = "text_pair"  # only where a task has pairs of texts
LABEL = "label"
TARGET = "target"
ID = "id"
WORDS = "words"
CHARACTERS = "characters"
TOKENS = "tokens"
UNKNOWN_RATE = "unknown_rate"
LENGTH_BAND = "length_band"
SOURCE = "source"
SPAN = "span"
# Names that a user's own columns cannot have: those above, and what the evaluator calls slices by a text's own words.
RESERVED = frozenset(
    (TEXT, TEXT_PAIR, LABEL, TARGET, ID, WORDS, CHARACTERS, TOKENS, UNKNOWN_RATE, LENGTH_BAND, SPAN, SOURCE, "identity")
)
NO_VALUE = "(none)"  # of a user's own column, where a row has none

# Kinds of labels.
BINARY = "binary"
MULTICLASS = "multiclass"  # one of many
MULTILABEL = "multilabel"  # any of many, or none
NO_LABEL = "(none)"  # what is shown and counted where a row holds none; no label may be called so

# Transformed Examples, beside TARGET.
INPUT_WORD_IDS = "input_word_ids"

# What TF Hub's text encoders take, by name: the ids, and two that are made where the batch is.
INPUT_MASK = "input_mask"
INPUT_TYPE_IDS = "input_type_ids"
ENCODER_INPUTS = (INPUT_WORD_IDS, INPUT_MASK, INPUT_TYPE_IDS)
