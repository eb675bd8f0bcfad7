"""How `benchmarks.ingest` measures: its texts, the pipelines of both sides, the process that runs one, the report."""
