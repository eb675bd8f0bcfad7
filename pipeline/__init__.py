"""What runs: the pipeline's graph, its configuration, and the ways to run it."""
