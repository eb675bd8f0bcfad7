"""The metric that TFMA computes for us: every figure of every model in a slice, from all of its rows together.

TFMA's own sort scores into 10,000 bins, merge a log loss wrongly, have no calibration error and add up row by row. This
one collects columns, a few bytes a row, and measures them at the end, exactly: see `measures`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
import tensorflow_model_analysis as tfma
from apache_beam.transforms.window import GlobalWindows
from apache_beam.utils.windowed_value import WindowedValue
from tensorflow_model_analysis.metrics import metric_types
from tensorflow_model_analysis.slicer import slicer_lib

from components.evaluator.bias import BiasMeasurer
from components.evaluator.decisions import Decisions
from components.evaluator.measures import Answers, Measurer
from components.evaluator.names import IDENTITY
from components.evaluator.rows import ROWS, Rows

BLOCK = "block"
_MOST_BLOCKS = 64
_ROWS_AT_ONCE = 1024


class Block(NamedTuple):
    """Rows of one slice as columns (see `Rows`); `groups` is empty but in the slice of all rows."""

    targets: np.ndarray
    groups: np.ndarray
    scores: dict[str, np.ndarray]


class ExtractBlocks(beam.DoFn):
    """Batches -> for all of their rows, and for each slice that some of them are in, extracts of a `BLOCK` and the
    slice's key.

    Of several batches at once: TFMA's work on a block is the same for one row as for a thousand.
    """

    def setup(self) -> None:
        """Holds nothing yet."""
        self._held: list[Rows] = []

    def process(self, element: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The blocks of the rows that are held, once they are many."""
        self._held.append(element[ROWS])
        if sum(len(rows.ids) for rows in self._held) >= _ROWS_AT_ONCE:
            yield from self._blocks()

    def finish_bundle(self) -> Iterator[WindowedValue]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Those of the rest."""
        for extracts in self._blocks():
            yield GlobalWindows.windowed_value_at_end_of_window(extracts)

    def _blocks(self) -> Iterator[dict[str, Any]]:
        batches, self._held = self._held, []
        if batches:
            yield _extracts((), _joined([Block(rows.targets, rows.groups, rows.scores) for rows in batches]))
        blocks: dict[str, list[Block]] = {}
        for rows in batches:
            for name, places in _members(rows).items():
                of_slice = {model: scores[places] for model, scores in rows.scores.items()}
                blocks.setdefault(name, []).append(Block(rows.targets[places], rows.groups[:0], of_slice))
        for name, of_slice in blocks.items():
            feature, _, value = name.partition("=")
            yield _extracts(((feature, value),), _joined(of_slice))


def _members(rows: Rows) -> dict[str, list[int]]:
    """Which rows of a batch are in each slice."""
    members: dict[str, list[int]] = {}
    for place, names in enumerate(rows.slices):
        for name in names:
            members.setdefault(name, []).append(place)
    return members


def _extracts(key: tuple[tuple[str, str], ...], block: Block) -> dict[str, Any]:
    return {BLOCK: block, tfma.SLICE_KEY_TYPES_KEY: slicer_lib.slice_keys_to_numpy_array([key])}


class Figures(metric_types.Metric):
    """Every figure of every model. Settings are plain values, since TFMA writes them into its configuration."""

    def __init__(
        self,
        kind: str,
        names: Sequence[str],
        thresholds: Mapping[str, Sequence[float]],
        groups: Sequence[str] = (),
        group_label: int = 0,
        name: str = "figures",
    ) -> None:
        """
        Args:
            kind: of the labels.
            names: of all labels.
            thresholds: of each score, by model.
            groups: of people, in the order of their bits.
            group_label: which of the scored labels the groups' areas are of.
            name: of the metric; its figures have names of their own.
        """
        super().__init__(
            _computations,
            name=name,
            kind=kind,
            names=names,
            thresholds=thresholds,
            groups=groups,
            group_label=group_label,
        )


metric_types.register_metric(Figures)


def _computations(
    kind: str,
    names: Sequence[str],
    thresholds: Mapping[str, Sequence[float]],
    groups: Sequence[str],
    group_label: int,
    name: str = "figures",
    **_: Any,
) -> list[Any]:
    decisions = {model: Decisions(kind, tuple(names), tuple(of_model)) for model, of_model in thresholds.items()}
    combiner = _Collect(decisions, tuple(groups), group_label)
    return [metric_types.MetricComputation(keys=[], preprocessors=[_TakeBlock(name=name)], combiner=combiner)]


class _TakeBlock(metric_types.Preprocessor):
    """Extracts -> their block."""

    def process(self, extracts: Any) -> Iterator[Block]:
        yield extracts[BLOCK]


class _Collect(beam.CombineFn):
    """Blocks -> the figures of all of their rows, by TFMA's keys."""

    def __init__(self, decisions: Mapping[str, Decisions], groups: Sequence[str], group_label: int) -> None:
        super().__init__()
        self._decisions, self._groups, self._group_label = decisions, groups, group_label

    def create_accumulator(self) -> list[Block]:
        return []

    def add_input(self, accumulator: list[Block], element: Block) -> list[Block]:
        accumulator.append(element)
        return [_joined(accumulator)] if len(accumulator) > _MOST_BLOCKS else accumulator

    def merge_accumulators(self, accumulators: Iterable[list[Block]]) -> list[Block]:
        blocks = [block for accumulator in accumulators for block in accumulator]
        return [_joined(blocks)] if blocks else []

    def compact(self, accumulator: list[Block]) -> list[Block]:
        return [_joined(accumulator)] if accumulator else []

    def extract_output(self, accumulator: list[Block]) -> dict[Any, float]:
        if not accumulator:
            return {}
        block = _joined(accumulator)
        return {
            metric_types.MetricKey(name=name, model_name=model): value
            for model, decisions in self._decisions.items()
            for name, value in self._figures(block, block.scores[model], decisions).items()
        }

    def _figures(self, block: Block, scores: np.ndarray, decisions: Decisions) -> dict[str, float]:
        answers = Answers(scores, decisions.decide(scores))
        values = Measurer(decisions.kind, decisions.scored, block.targets, answers).measure()
        if not len(block.groups):
            return values
        held = block.targets[:, self._group_label].astype(bool)
        for place, group in enumerate(self._groups):
            is_member = (block.groups >> place & 1).astype(bool)
            if is_member.any():
                areas = BiasMeasurer(scores[:, self._group_label], held, is_member).measure()
                values |= {f"{IDENTITY}={group}/{name}": area for name, area in areas.items()}
        return values


def _joined(blocks: Sequence[Block]) -> Block:
    if len(blocks) == 1:
        return blocks[0]
    return Block(
        np.concatenate([block.targets for block in blocks]),
        np.concatenate([block.groups for block in blocks]),
        {model: np.concatenate([block.scores[model] for block in blocks]) for model in blocks[0].scores},
    )
