"""`bertline data check`: the data steps of a run, up to the gate, and nothing kept but what they say."""

from __future__ import annotations

import itertools

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from components.features import SPLITS
from pipeline.config import Config
from pipeline.data.ingested import Ingested, ingested
from pipeline.data.looking import looking
from pipeline.display import busy
from pipeline.schema_file import read_schema
from pipeline.summary import account_of

_SHOWN_BAD_ROWS = 5


def check(config: Config) -> bool:
    """Reads and judges the task's data as a run would, and prints what was found; whether a run would go on.

    Raises:
        BertlineError: data, schema or encoder are not there or cannot be read at all.
    """
    schema = read_schema(config)
    with looking(config, "check") as (console, folder):
        found = ingested(config, folder, console)
        console.print(account_of(found.summary.to_dict()), soft_wrap=True)
        _print_labels(console, found)
        _print_slices(console, found, config.data.columns)
        _print_quarantine(console, found)
        if found.refusal is not None:
            console.print(Text(f"a run would stop: {found.refusal}", "bold red"), soft_wrap=True)
            return False
        return _passes_gate(console, found, schema)


def _print_labels(console: Console, found: Ingested) -> None:
    labels, examples = found.summary.labels, found.summary.examples
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("label")
    for split in SPLITS:
        table.add_column(split, justify="right")
    for name in sorted({name for counter in labels.values() for name in counter}):
        table.add_row(Text(name), *(_share(labels[split][name], examples[split]) for split in SPLITS))
    table.add_row("all rows", *(f"{examples[split]:,}" for split in SPLITS), style="dim")
    console.print(table)


def _print_slices(console: Console, found: Ingested, columns: tuple[str, ...]) -> None:
    """The values of the task's own columns, the most frequent first."""
    for column in columns:
        counts = found.summary.slices.get(column)
        if counts is not None:
            values = ", ".join(f"{value} {count:,}" for value, count in counts.most_common())
            console.print(f"{column}: {values}", soft_wrap=True, markup=False)


def _share(count: int, rows: int) -> str:
    return f"{count:,} ({count / rows:.1%})" if rows else "0"


def _print_quarantine(console: Console, found: Ingested) -> None:
    from components.example_gen import quarantine

    if found.summary.bad and found.refusal is None:  # which shows them itself
        for row in itertools.islice(quarantine.read_rows(found.quarantine), _SHOWN_BAD_ROWS):
            console.print(f"  {row.file}:{row.line}: {row.detail}", soft_wrap=True)
        console.print(f"all are in {found.rows_file}", soft_wrap=True)


def _passes_gate(console: Console, found: Ingested, schema: str) -> bool:
    with busy(console, "computing statistics"):
        from google.protobuf import text_format
        from tensorflow_metadata.proto.v0 import schema_pb2

        from components.curated_schema.statistics import statistics_of
        from components.data_gate.check import examine, validate
        from components.example_gen.profile import read_profiles

        curated = text_format.Parse(schema, schema_pb2.Schema())
        statistics = statistics_of(found.examples)
        findings = examine(validate(statistics, curated), statistics, curated, read_profiles(found.profile))
    different = {(anomaly.split, anomaly.feature) for anomaly in findings.anomalies}
    for comparison in findings.comparisons:
        if (comparison.current, comparison.feature) not in different:
            console.print(f"{comparison.kind} of {comparison.feature}: {comparison}", soft_wrap=True)
    for sentence in findings.not_compared:
        console.print(sentence, soft_wrap=True, style="dim")
    for anomaly in findings.anomalies:
        console.print(Text(str(anomaly), "red"), soft_wrap=True)
    if findings.anomalies:
        console.print(Text("a run would stop at the data gate", "bold red"))
        return False
    console.print(Text("a run would go on: the data is what its schema says", "bold green"))
    return True
