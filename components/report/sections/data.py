"""What the model was trained and judged on: rows, labels, lengths, and how they changed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from components.data_gate.files import ANOMALIES_FILE
from components.example_gen.files import SUMMARY_FILE
from components.features import CHARACTERS, SPLITS, TOKENS, WORDS
from components.page import drawing
from components.page.account import account_table
from components.page.figure import Figure
from components.page.tables import Table, name_of, number, share
from components.report import drawing as report_drawing
from components.report import words
from components.report.drawing import Axes, Line, Panel
from components.report.files import read_bytes, read_json
from components.report.section import Section
from components.report.told import NotThereError, Told

TITLE = "Data"
LABELS_SHOWN = 20
_QUANTITIES = (WORDS, CHARACTERS, TOKENS)
_DRAWN_EVERY = 5  # of the 200 quantiles in the statistics
_PERCENTILES = (5, 25, 50, 75, 90, 95)
_HEAVY_TAIL = 10  # how many times the median the longest must be for a logarithmic axis


def measure(run: Told) -> dict[str, Any]:
    """Each part, or under `missing` why it is not there."""
    parts = {"rows": _rows, "lengths": _lengths, "gate": _gate}
    found = {name: _attempt(part, run) for name, part in parts.items()}
    missing = {name: part for name, part in found.items() if isinstance(part, str)}
    return {"missing_parts": missing, **{name: part for name, part in found.items() if name not in missing}}


def show(numbers: Mapping[str, Any]) -> Section:
    """The account of the rows, labels and lengths by split, and what the data gate found."""
    rows, gate = numbers.get("rows"), numbers.get("gate")
    figures: list[Figure] = []
    first: list[tuple[str, Table]] = []
    notes = list(dict.fromkeys(numbers["missing_parts"].values()))
    if rows is not None:
        first.append(("Each row that was read went one of these ways", account_table(rows)))
        with contextlib.suppress(NotThereError):
            figures.append(_label_bars(rows))
        held = len(_label_totals(rows))
        if held > LABELS_SHOWN:
            notes.append(f"The {LABELS_SHOWN} most frequent of {held} labels are drawn.")
    figures += [_length_curves(quantity, known) for quantity, known in (numbers.get("lengths") or {}).items()]
    tables, remarks = _compared(gate) if gate is not None else ([], [])
    return Section(tuple(notes), tuple(first), tuple(figures), tuple(tables), remarks=tuple(remarks))


def _attempt(part: Callable[[Told], dict[str, Any]], run: Told) -> dict[str, Any] | str:
    """A part, or the sentence that says why it is not there."""
    try:
        return part(run)
    except NotThereError as error:
        return str(error)


def _rows(run: Told) -> dict[str, Any]:
    return read_json(run.output("TextExampleGen", "quarantine"), SUMMARY_FILE)


def _lengths(run: Told) -> dict[str, dict[str, Any]]:
    """By quantity and split: mean, minimum, median, maximum, and quantiles at even distances, from 0 to 1."""
    folder = run.output("StatisticsGen", "statistics")
    found: dict[str, dict[str, Any]] = {}
    for split in SPLITS:
        with contextlib.suppress(NotThereError):
            for quantity, figures in _statistics(read_bytes(f"{folder}/Split-{split}", "FeatureStats.pb")).items():
                found.setdefault(quantity, {})[split] = figures
    if not found:
        raise NotThereError("The statistics tell nothing of lengths.")
    return {quantity: found[quantity] for quantity in _QUANTITIES if quantity in found}


def _statistics(serialized: bytes) -> dict[str, dict[str, Any]]:
    from tensorflow_metadata.proto.v0 import statistics_pb2

    statistics: Any = statistics_pb2
    read = statistics.DatasetFeatureStatisticsList.FromString(serialized)
    features = read.datasets[0].features if read.datasets else ()
    of = {(feature.path.step[0] if feature.path.step else feature.name): feature.num_stats for feature in features}
    return {name: _figures(of[name]) for name in _QUANTITIES if name in of and of[name].histograms}


def _figures(stats: Any) -> dict[str, Any]:
    quantiles = next(histogram for histogram in stats.histograms if histogram.type == histogram.QUANTILES)
    uppers = [quantiles.buckets[0].low_value, *(bucket.high_value for bucket in quantiles.buckets)]
    return {
        "mean": stats.mean,
        "min": stats.min,
        "median": stats.median,
        "max": stats.max,
        "quantiles": uppers[:: _DRAWN_EVERY if len(uppers) > 100 else 1],
    }


def _gate(run: Told) -> dict[str, Any]:
    try:
        folder = run.output("DataGate", "blessing")
    except NotThereError:
        if run.gate is None:
            raise
        folder = run.gate
    return read_json(folder, ANOMALIES_FILE)


def _label_totals(rows: Mapping[str, Any]) -> dict[str, int]:
    total: dict[str, int] = {}
    for counts in rows["labels"].values():
        for name, count in counts.items():
            total[name] = total.get(name, 0) + count
    return total


def _label_bars(rows: Mapping[str, Any]) -> Figure:
    total = _label_totals(rows)
    shown = sorted(total, key=lambda name: -total[name])[:LABELS_SHOWN]
    shown = [name for name in total if name in shown]
    splits = {split: counts for split, counts in rows["labels"].items() if rows["examples"].get(split)}
    if not shown or not splits:
        raise NotThereError("There are no labels.")
    values = {split: [counts.get(name, 0) for name in shown] for split, counts in splits.items()}
    is_log = drawing.needs_log_scale(count for of_split in values.values() for count in of_split)
    svg = drawing.bars("label-bars", shown, values, "texts", is_log=is_log)
    most, least = max(shown, key=total.__getitem__), min(shown, key=total.__getitem__)
    is_cut = len(shown) < len(total)
    which = f"each of the {len(shown)} most frequent labels" if is_cut else "each label"
    alt = (
        f"Bars: how many texts of each split hold {which}{', on a logarithmic axis' if is_log else ''}. "
        f"Most frequent: {name_of(most)}, {number(total[most])}; "
        f"least frequent{' of those drawn' if is_cut else ''}: {name_of(least)}, {number(total[least])}."
    )
    cells = (
        (label, split, number(counts[name]), share(counts[name], rows["examples"][split]))
        for label, name in zip(words.named(shown), shown, strict=True)
        for split, counts in ((split, {name: 0, **counts}) for split, counts in splits.items())
    )
    table = Table(("label", "split", "texts", "share"), tuple(cells), 2)
    return Figure("label-bars", "Labels by split", svg, alt, table)


def _length_curves(quantity: str, known: Mapping[str, Mapping[str, Any]]) -> Figure:
    lines = []
    for split, figures in known.items():
        quantiles = figures["quantiles"]
        shares = [100 * place / (len(quantiles) - 1) for place in range(len(quantiles))]
        lines.append(Line(split, [max(value, 1) for value in quantiles], shares, SPLITS.index(split)))
    is_log = any(figures["max"] > _HEAVY_TAIL * max(figures["median"], 1) for figures in known.values())
    axes = Axes(f"{quantity} in a text, at most", "% of texts", ys=(0, 102), is_log=is_log)
    svg = report_drawing.curves(f"{quantity}-curve", [Panel("", lines)], axes)
    told = "; ".join(
        f"{split}: half of the texts have at most {number(figures['median'])}, the longest has {number(figures['max'])}"
        for split, figures in known.items()
    )
    scale = ", on a logarithmic axis" if is_log else ""
    alt = f"Rising lines: the share of each split's texts that have at most so many {quantity}{scale}. {told}."
    header = ("split", "mean", "min", *(f"{percent} %" for percent in _PERCENTILES), "max")
    rows = tuple(_length_row(split, figures) for split, figures in known.items())
    return Figure(f"{quantity}-curve", f"{quantity.capitalize()} in a text", svg, alt, Table(header, rows))


def _length_row(split: str, figures: Mapping[str, Any]) -> tuple[str, ...]:
    quantiles = figures["quantiles"]
    chosen = (quantiles[round(percent / 100 * (len(quantiles) - 1))] for percent in _PERCENTILES)
    return (split, *map(number, (figures["mean"], figures["min"], *chosen, figures["max"])))


def _compared(gate: Mapping[str, Any]) -> tuple[list[tuple[str, Table]], list[str]]:
    tables, remarks = [], list(gate.get("not_compared", ()))
    anomalies: Sequence[Mapping[str, Any]] = gate.get("anomalies", ())
    if anomalies:
        cells = tuple((one["split"], one["feature"], one["sentence"]) for one in anomalies)
        tables.append(("What the data gate stopped the run for", Table(("data", "feature", "what is wrong"), cells, 3)))
    comparisons: Sequence[Mapping[str, Any]] = gate.get("comparisons", ())
    if comparisons:
        header = ("comparison", "feature", "verdict", "what changed", "distance", "threshold", "noise")
        cells = tuple(
            (
                one["kind"],
                one["feature"],
                one["verdict"],
                one["sentence"],
                *(_short(one[key]) for key in ("distance", "threshold", "noise")),
            )
            for one in comparisons
        )
        tables.append(("The data, compared with what came before it and with what users send", Table(header, cells, 4)))
        remarks.append(
            "Distances are Jensen-Shannon divergences in bits. Chance alone stays below the noise in 999 cases of "
            "1,000."
        )
    elif not anomalies:
        remarks.append("The data gate found nothing wrong, and had nothing to compare with.")
    return tables, remarks


def _short(value: float | None) -> str:
    return words.NOTHING if value is None else f"{value:.2g}"
