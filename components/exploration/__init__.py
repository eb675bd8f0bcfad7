"""What the examples of a task look like: measured, drawn, and written down as a page."""
