from __future__ import annotations

import pytest

from components.errors import TrainingError
from components.trainer.dataset import Examples, check_labels, read_examples
from tests.components.trainer.conftest import learnable, write_transformed


@pytest.fixture
def read(tmp_path, transform_of):
    def make(rows, labels: int = 1, pair: bool = False) -> Examples:
        return read_examples([write_transformed(tmp_path / "rows.gz", rows)], transform_of(labels, pair), "train")

    return make


def test_a_split_holds_every_example_in_order(read):
    rows = learnable(150)
    examples = read(rows)
    assert examples.count == 150
    assert examples.word_ids.to_list() == [ids for ids, _ in rows]
    assert examples.target.tolist() == [target for _, target in rows]
    assert examples.lengths.tolist() == [len(ids) for ids, _ in rows]
    assert examples.type_ids is None


def test_pairs_have_type_ids(read):
    examples = read([([2, 9, 3, 8, 7, 3], 1.0), ([2, 3, 8, 3], 0.0)], pair=True)
    assert examples.type_ids is not None
    assert examples.type_ids.to_list() == [[0, 0, 0, 1, 1, 1], [0, 0, 1, 1]]


def test_the_digest_is_of_ids_targets_and_order(read):
    rows = [([2, 5, 3], 1.0), ([2, 6, 6, 3], 0.0)]
    digest = read(rows).digest()
    assert read(rows).digest() == digest
    others = [
        rows[::-1],
        [rows[0], ([2, 6, 6, 3], 1.0)],
        [rows[0], ([2, 6, 7, 3], 0.0)],
        [([2, 5, 3, 2], 1.0), ([6, 6, 3], 0.0)],
    ]
    assert len({digest, *(read(other).digest() for other in others)}) == 5


def test_an_empty_split_is_refused(read):
    with pytest.raises(TrainingError, match="train split has no example"):
        read([])


@pytest.mark.parametrize("target", [1.0, 0.0])
@pytest.mark.parametrize("to_learn", [True, False])
def test_one_class_is_refused(read, target, to_learn):
    examples = read([([2, 5, 3], target)] * 3)
    with pytest.raises(TrainingError, match=r"all 3 examples of the eval split (have|lack) the label pos:"):
        check_labels(examples, "eval", "binary", ["neg", "pos"], to_learn)


def test_a_label_that_never_holds_is_refused_for_learning_and_not_for_selecting(read):
    examples = read([([2, 5, 3], [1.0, 0.0, 0.0]), ([2, 5, 3], [0.0, 1.0, 0.0])], labels=3)
    names = ["a", "b", "c"]
    with pytest.raises(TrainingError, match="of the train split lack the label c:"):
        check_labels(examples, "train", "multilabel", names, to_learn=True)
    check_labels(examples, "eval", "multilabel", names, to_learn=False)


def test_a_label_count_that_does_not_fit_is_refused(read):
    with pytest.raises(TrainingError, match=r"targets of the train split have 1 labels, and labels\.names 2"):
        check_labels(read([([2, 3], 1.0), ([2, 3], 0.0)]), "train", "multilabel", ["a", "b"], to_learn=True)
