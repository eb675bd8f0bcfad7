"""The statistics of a task's data, made outside any pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.text import Text

from components.errors import DataError
from pipeline.config import Config
from pipeline.data.ingested import ingested
from pipeline.display import busy


class Measured(NamedTuple):
    """`statistics` of each split (a DatasetFeatureStatisticsList), and why a run would refuse the data, if it would."""

    statistics: dict[str, Any]
    refusal: DataError | None


def measure(config: Config, folder: Path, console: Console) -> Measured:
    """Reads and measures the task's data.

    Args:
        config: the task.
        folder: where examples are written.
        console: where it is shown that it is being done, and told why a run would refuse the data as it is.

    Raises:
        BertlineError: the data cannot be read.
    """
    read = ingested(config, folder, console)
    if read.refusal is not None:
        console.print(Text(f"a run would stop at this data: {read.refusal}", "yellow"), soft_wrap=True)
    with busy(console, "measuring the examples"):
        from components.curated_schema.statistics import statistics_of

        return Measured(statistics_of(read.examples), read.refusal)
