"""The signatures of an exported model, frozen: servers, clients and the Evaluator go by these names."""

from __future__ import annotations

SERVING_DEFAULT = "serving_default"  # texts
SERVING_EXAMPLES = "serving_examples"  # serialized raw tf.Examples
TOKENS = "tokens"  # ids already made

SCORES = "scores"
PREDICTED = "predicted"

DECISIONS_FILE = "assets.extra/decisions.json"  # kind, names, thresholds and temperature of an exported model
ORIGIN_FILE = "assets.extra/origin.json"  # the encoder, pooling and labels that its weights go with
