"""How `benchmarks.evaluation` measures: its examples and models, both sides of scoring, the bootstrap, the report."""
