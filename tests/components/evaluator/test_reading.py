from __future__ import annotations

import pytest
import tensorflow as tf

from components.evaluator.reading import read_batches


def write(path, records):
    with tf.io.TFRecordWriter(str(path), options="GZIP") as writer:
        for record in records:
            writer.write(record)
    return str(path)


@pytest.mark.parametrize(("rows", "sizes"), [(0, []), (1, [1]), (32, [32]), (70, [32, 32, 6])])
def test_batches_hold_every_record_in_the_order_of_the_file(tmp_path, rows, sizes):
    records = [f"record {number}".encode() for number in range(rows)]
    batches = list(read_batches(write(tmp_path / "a.gz", records)))
    assert [len(batch) for batch in batches] == sizes
    assert [record for batch in batches for record in batch] == records


def test_a_file_cut_short_is_an_error_and_not_fewer_rows(tmp_path):
    path = tmp_path / "a.gz"
    write(path, [bytes(range(256)) * 40] * 70)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(tf.errors.DataLossError):
        list(read_batches(str(path)))
