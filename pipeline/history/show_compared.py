"""A comparison of two runs on the terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from components.evaluator.names import EXAMPLE_COUNT, OVERALL
from components.page.excerpts import visible

_LONGEST = 60


def print_compared(console: Console, compared: dict[str, Any]) -> None:
    """Prints what is the same and what differs; of the metrics those that either run gates."""
    a, b = compared["a"], compared["b"]
    for name, row in (("A", a), ("B", b)):
        console.print(Text(visible(f"{name} is {row['task']}/{row['run_id']}: {row['state']}")), soft_wrap=True)
    for sentence in _sentences(compared):
        console.print(Text(visible(sentence)), soft_wrap=True)
    if compared["settings"]:
        console.print(_settings_table(compared["settings"]))
    shown = [each for each in compared["metrics"] if _is_shown(each, compared["gated"])]
    if shown:
        console.print(_metrics_table(shown))
    else:
        console.print("no metric was gated in either run", soft_wrap=True)


def _sentences(compared: dict[str, Any]) -> Iterator[str]:
    for what, same in compared["same"].items():
        if same is not None:
            yield f"the {what} {_is(what)} {'the same' if same else 'not the same'}"
    yield from _counted(compared["a"], compared["b"])
    if compared["code"]:
        yield f"the code differs of {', '.join(compared['code'])}"
    if not compared["settings"]:
        yield "no setting differs"
    if (answers := compared["answers"]) is not None:
        relabelled = f", {answers['relabelled']:,} others have another label" if answers["relabelled"] else ""
        yield (
            f"{answers['same']:,} test examples are the same (A has {answers['rows_a']:,}, B {answers['rows_b']:,}"
            f"{relabelled}); on {answers['differ']:,} of them the answers differ: only A is right on "
            f"{answers['only_a_right']:,}, only B on {answers['only_b_right']:,}"
        )


def _is(what: str) -> str:
    return "are" if what == "data" else "is"


def _counted(a: dict[str, Any], b: dict[str, Any]) -> Iterator[str]:
    for name, row in (("A", a), ("B", b)):
        if row["rows"] is not None:
            examples = ", ".join(f"{count:,} {split}" for split, count in row["examples"].items())
            yield f"{name} read {row['rows']:,} rows: {examples}"


def _is_shown(each: dict[str, Any], gated: dict[str, list[str]]) -> bool:
    wanted = gated.get(each["slice"], gated[OVERALL])
    return each["metric"] in (*wanted, EXAMPLE_COUNT)


def _settings_table(settings: list[dict[str, Any]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("setting", no_wrap=True)
    table.add_column("A")
    table.add_column("B")
    for each in settings:
        table.add_row(*(Text(visible(told)) for told in (each["key"], _value(each["a"]), _value(each["b"]))))
    return table


def _metrics_table(metrics: list[dict[str, Any]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("slice")
    table.add_column("metric")
    for name in ("A", "B", "B - A"):
        table.add_column(name, justify="right")
    is_apart = any(each["shared"] for each in metrics)
    if is_apart:
        table.add_column("B - A of the shared", justify="right")
    for each in metrics:
        figures = [_figure(each[key], each["metric"]) for key in ("a", "b")]
        shared = [_of_shared(each)] if is_apart else []
        names = (Text(visible(each[key])) for key in ("slice", "metric"))
        table.add_row(*names, *figures, _difference(each, each["metric"]), *shared)
    return table


def _of_shared(each: dict[str, Any]) -> str:
    shared = each["shared"]
    if shared is None:
        return ""
    examples = f"{shared['examples']:,} shared example{'s' * (shared['examples'] != 1)}"
    return f"{_difference(shared, each['metric'])} on the {examples}"


def _difference(of: dict[str, Any], metric: str) -> str:
    value, interval = of["difference"], of["interval"]
    if value is None:
        return ""
    told = f"{value:+,.0f}" if metric == EXAMPLE_COUNT else f"{value:+.4f}"
    return told + (f" [{interval[0]:+.4f}, {interval[1]:+.4f}]" if interval else "")


def _figure(value: Any, metric: str) -> str:
    if not isinstance(value, int | float):
        return "none"
    return f"{value:,.0f}" if metric == EXAMPLE_COUNT else f"{value:.4f}"


def _value(value: Any) -> str:
    told = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return told if len(told) <= _LONGEST else f"{told[: _LONGEST - 1]}…"
