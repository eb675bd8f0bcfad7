"""Stops the run on data that is not what its schema says."""
