"""`bertline schema diff`: tells where a task's schema and its data differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf import text_format
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text
from tensorflow_metadata.proto.v0 import schema_pb2

from pipeline.config import Config
from pipeline.data.looking import looking
from pipeline.schema_file import read_schema
from pipeline.schema_verbs.measured import measure

if TYPE_CHECKING:
    from components.curated_schema.diff import Difference


def diff_schema(config: Config) -> bool:
    """Prints a table of the differences; whether a run would stop at the data, because it has what the schema forbids,
    or is refused as it is.

    Raises:
        BertlineError: schema or data cannot be read.
    """
    schema = text_format.Parse(read_schema(config), schema_pb2.Schema())
    with looking(config, "schema-diff") as (console, folder):
        statistics, refusal = measure(config, folder, console)
        from components.curated_schema.diff import diff

        difference = diff(schema, statistics)
        print_difference(console, difference, config.schema_file)
    return bool(difference.anomalies) or refusal is not None


def print_difference(console: Console, difference: Difference, schema: str) -> None:
    """A table of what stops a run, and one of what the schema could do without."""
    if not difference.anomalies:
        console.print(f"The data is what the schema {schema} says.", markup=False, highlight=False)
    else:
        rows = [(anomaly.split, anomaly.feature, anomaly.sentence) for anomaly in difference.anomalies]
        console.print(_table("The data has what the schema forbids", ("split", "feature", "what is wrong"), rows))
    if difference.unused:
        rows = [(unused.feature, unused.sentence) for unused in difference.unused]
        console.print(_table("The schema allows what the data does not have", ("feature", "what"), rows))


def _table(title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> Table:
    table = Table(*columns, title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for row in rows:
        table.add_row(*map(Text, row))
    return table
