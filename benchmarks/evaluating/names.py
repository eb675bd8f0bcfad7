"""What sides and workloads are called."""

from __future__ import annotations

STEP, PLAIN = "step Evaluator", "plain batches"
LONG, SHORT = "long reviews", "short questions"  # as `benchmarks.workloads` calls them
