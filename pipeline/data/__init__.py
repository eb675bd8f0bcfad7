"""What `bertline data` does: fetches, checks and shows the data of a task."""
