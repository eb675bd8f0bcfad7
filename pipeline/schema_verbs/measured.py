"""The statistics of a task's data, made outside any pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console

from pipeline.config import Config
from pipeline.data.ingested import ingested
from pipeline.display import busy


def measure(config: Config, folder: Path, console: Console) -> dict[str, Any]:
    """Statistics of each split (a DatasetFeatureStatisticsList) of the task's data.

    Args:
        config: the task.
        folder: where examples are written.
        console: where it is shown that it is being done, and told why a run would refuse the data as it is.

    Raises:
        BertlineError: the data cannot be read.
    """
    read = ingested(config, folder, console)
    if read.refusal is not None:
        console.print(f"[yellow]a run would stop at this data:[/] {read.refusal}", highlight=False)
    with busy(console, "measuring the examples"):
        from components.curated_schema.statistics import statistics_of

        return statistics_of(read.examples)
