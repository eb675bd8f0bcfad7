"""What the project claims, measured beside the peers: `python -m benchmarks.serving`, `.soak` and `.ingest`."""
