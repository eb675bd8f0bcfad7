from __future__ import annotations

import numpy as np
import tensorflow_model_analysis as tfma

from components.evaluator.rows import ROWS, Rows
from components.evaluator.tfma_metric import BLOCK, Block, ExtractBlocks


def batch(first: int, count: int) -> dict[str, Rows]:
    """Rows whose number is their score; every third is long."""
    numbers = np.arange(first, first + count)
    slices = np.empty(count, object)
    slices[:] = [("length_band=long",) if number % 3 == 0 else ("length_band=short",) for number in numbers]
    scores = {"candidate": numbers[:, None].astype(np.float32)}
    targets = (numbers % 2)[:, None].astype(np.int8)
    return {ROWS: Rows(numbers.astype(str).astype(object), targets, slices, numbers, scores)}


def extracted(batches) -> tuple[list, list]:
    """What comes while there are batches, and what at their end, as (slice, block)."""
    extract = ExtractBlocks()
    extract.setup()
    at_once = [one for given in batches for one in extract.process(given)]
    return [of(one) for one in at_once], [of(one.value) for one in extract.finish_bundle()]


def of(extracts) -> tuple[tuple, Block]:
    (key,) = extracts[tfma.SLICE_KEY_TYPES_KEY]
    return tuple(key), extracts[BLOCK]


def test_few_rows_come_at_the_end_in_their_order():
    at_once, at_end = extracted([batch(0, 32), batch(32, 32)])
    assert at_once == []
    blocks = dict(at_end)
    assert list(blocks) == [(), (("length_band", "long"),), (("length_band", "short"),)]
    assert blocks[()].scores["candidate"].ravel().tolist() == list(range(64))
    assert blocks[()].groups.tolist() == list(range(64))
    long = blocks[(("length_band", "long"),)]
    assert long.scores["candidate"].ravel().tolist() == list(range(0, 64, 3))
    assert long.targets.ravel().tolist() == [number % 2 for number in range(0, 64, 3)]
    assert len(long.groups) == 0


def test_many_rows_come_in_parts_and_none_twice():
    at_once, at_end = extracted([batch(32 * number, 32) for number in range(100)])
    parts = [block for key, block in at_once + at_end if key == ()]
    assert [len(block.targets) for block in parts] == [1024, 1024, 1024, 128]
    scores = np.concatenate([block.scores["candidate"] for block in parts])
    assert scores.ravel().tolist() == list(range(3200))


def test_without_rows_there_is_nothing():
    assert extracted([]) == ([], [])
