"""Past runs: read from ML Metadata and from what they left, listed, compared and pruned."""

from pipeline.history.rebuild import read_past_run

__all__ = ["read_past_run"]
