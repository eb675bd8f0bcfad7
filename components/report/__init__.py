"""The report of a run: one static HTML page, and its numbers as JSON."""
