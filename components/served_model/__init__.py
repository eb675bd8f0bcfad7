"""Finds the model that users have now: the baseline to compare with."""
