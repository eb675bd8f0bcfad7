"""What must hold of the data once every row of it was seen; each guard raises where it does not."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from components.errors import DataError
from components.example_gen.quarantine import Summary
from components.example_gen.rows import DAMAGED, BadRow
from components.example_gen.settings import DataSettings
from components.example_gen.slices import MOST_VALUES
from components.features import SPLITS

_SHOWN_ROWS = 5
_REMEDY = "give it more data, or raise data.sample.fraction or its weight in data.splits"


def check(summary: Summary, data: DataSettings, names: Sequence[str], bad: Iterable[BadRow], rows_file: str) -> None:
    """Runs every guard.

    Args:
        summary: the account of all rows.
        data: the settings that the data was read with.
        names: the labels.
        bad: the rows in quarantine, of which the first are shown.
        rows_file: where they are.

    Raises:
        RuntimeError: rows were lost or made up, which is a bug here.
        DataError: too many rows cannot be used, a file is damaged, a split is empty or lacks a label, or a column has
            too many values.
    """
    check_conservation(summary)
    check_quarantine(summary, data, bad, rows_file)
    check_splits(summary, names)
    check_columns(summary, data)


def check_conservation(summary: Summary) -> None:
    """Every row that was read is an example, in quarantine, a duplicate or not sampled."""
    if summary.rows != summary.accounted:
        raise RuntimeError(f"{summary.rows} rows were read, but {summary.accounted} accounted for: {summary.to_dict()}")


def check_quarantine(summary: Summary, data: DataSettings, bad: Iterable[BadRow], rows_file: str) -> None:
    """No file is damaged, and few enough rows are in quarantine."""
    if summary.quarantined[DAMAGED]:
        damages = _shown(row for row in bad if row.reason == DAMAGED)
        raise DataError(
            "a file is damaged or out of reach, and what its lost rows are is unknown; fetch it again, or try again"
            f"{damages}"
        )
    if summary.bad > data.max_bad_fraction * summary.rows:
        reasons = ", ".join(f"{reason} {count}" for reason, count in summary.quarantined.most_common())
        raise DataError(
            f"{summary.bad} of {summary.rows} rows cannot be used, more than data.max_bad_fraction "
            f"{data.max_bad_fraction:g} allows ({reasons}); mend them or raise it{_shown(bad)}\nall are in {rows_file}"
        )


def check_splits(summary: Summary, names: Sequence[str]) -> None:
    """Every split has examples of every label."""
    if not summary.rows:
        raise DataError("the data has no rows; give data.path files that have some")
    for split in SPLITS:
        if not summary.examples[split]:
            raise DataError(f"split {split} is empty: {_sizes(summary)}; {_REMEDY}")
    for split, name in itertools.product(SPLITS, names):
        if not summary.labels[split][name]:
            raise DataError(f"split {split} has no example labelled {name}: {_sizes(summary)}; {_REMEDY}")


def check_columns(summary: Summary, data: DataSettings) -> None:
    """No column is of values that are each of few rows."""
    for column in data.columns:
        if summary.slices[column] is None:
            raise DataError(
                f"data.columns names {column!r}, which has more than {MOST_VALUES} values; rows are told apart by a "
                "column of few; take it out of data.columns, or give the files one with groups of its values"
            )


def _shown(rows: Iterable[BadRow]) -> str:
    return "".join(f"\n  {row.file}:{row.line}: {row.detail}" for row in itertools.islice(rows, _SHOWN_ROWS))


def _sizes(summary: Summary) -> str:
    sizes = ", ".join(f"{split} {summary.examples[split]}" for split in SPLITS)
    return f"of {summary.rows} rows came {sizes}"
