import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tensorflow as tf

from serving.server.options import Batching, Parallelism
from serving.server.servable import LoadError, Servable


def as_array(*texts):
    return {"text": np.array(texts, dtype=object)}


@pytest.fixture(scope="module")
def batched(echo):
    servable = Servable(str(echo / "1"), Parallelism(), Batching(max_batch_size=4, num_batch_threads=1), 100)
    yield servable
    servable.close()


def load(folder, batching=None):
    return Servable(str(folder), Parallelism(), batching, 100)


def test_answers_as_tensorflow_does(echo, batched):
    answer = batched.run("serving_default", as_array(b"one", b"three"))
    assert answer["scores"].tolist() == [[3.0], [5.0]]
    assert answer["predicted"].tolist() == [b"v1", b"v1"]
    assert batched.run("sums", {"x": np.ones((2, 3), np.float32)})["y"].tolist() == [3.0, 3.0]
    assert batched.run("ragged", {"ids": np.ones((2, 5), np.int64)})["y"].tolist() == [5, 5]


def test_a_lone_request_waits_for_nobody(batched):
    assert batched.run("serving_default", as_array(b"alone"))["rows"].tolist() == [1]


def test_no_rows_have_answers_of_the_right_shape(batched):
    answer = batched.run("serving_default", as_array())
    assert answer["scores"].shape == (0, 1)
    assert answer["predicted"].shape == (0,)


def test_more_rows_than_a_batch_come_back_in_order(batched):
    texts = [b"x" * (number % 30) for number in range(50)]
    answer = batched.run("serving_default", as_array(*texts))
    assert answer["scores"].ravel().tolist() == [float(len(text)) for text in texts]
    assert answer["rows"].max() <= 4


def at_once(servable, texts):
    """Each text's number of rows in its batch, with the only batch thread busy while they arrive."""
    with ThreadPoolExecutor(len(texts) + 1) as pool:
        busy = pool.submit(servable.run, "slow", as_array(b"x" * 400))
        answers = list(pool.map(lambda text: servable.run("serving_default", as_array(text)), texts))
        busy.result()
    return [int(answer["rows"][0]) for answer in answers]


def test_requests_that_wait_are_computed_together(echo):
    # The time-out is so long that only a full batch ends the waiting.
    batching = Batching(max_batch_size=4, num_batch_threads=1, batch_timeout_micros=60_000_000)
    servable = load(echo / "1", batching)
    with ThreadPoolExecutor(4) as pool:
        texts = [b"a few", b"words", b"wait", b"here"]
        answers = list(pool.map(lambda text: servable.run("serving_default", as_array(text)), texts))
    servable.close()
    assert [answer["rows"].tolist() for answer in answers] == [[4]] * 4


def test_short_and_long_texts_are_computed_apart(batched):
    rows = at_once(batched, [b"short", b"x" * 2000])
    assert rows == [1, 1]


def test_without_batching_every_request_is_alone(echo):
    servable = load(echo / "1")
    assert at_once(servable, [b"a few", b"words", b"wait", b"here"]) == [1, 1, 1, 1]
    servable.close()


def test_a_failing_text_is_an_error_of_tensorflow(batched):
    with pytest.raises(tf.errors.InvalidArgumentError, match="a bad text"):
        batched.run("picky", as_array(b"bad"))
    assert batched.run("picky", as_array(b"good"))["y"].tolist() == [4]


def test_a_bad_text_fails_alone(batched):
    def answered(text):
        try:
            return batched.run("picky", as_array(text))["y"].tolist()
        except tf.errors.InvalidArgumentError:
            return "refused"

    with ThreadPoolExecutor(9) as pool:
        busy = pool.submit(batched.run, "slow", as_array(b"x" * 400))
        answers = list(pool.map(answered, [b"good", b"bad", b"fine", b"well", b"good", b"fine", b"well", b"good"]))
        busy.result()
    assert answers == [[4], "refused", *[[4]] * 6]


def test_wrong_rank_is_refused(batched):
    with pytest.raises(ValueError, match="Cannot feed"):
        batched.run("serving_default", {"text": np.array([[b"x"]], dtype=object)})


def test_closing_ends_its_threads(echo):
    load(echo / "1", Batching()).close()
    before = threading.active_count(), len(list(_native_threads()))
    for _ in range(3):
        servable = load(echo / "1", Batching(num_batch_threads=4))
        servable.run("serving_default", as_array(b"x"))
        servable.close()
    assert threading.active_count() == before[0]
    assert len(list(_native_threads())) <= before[1] + 1


def _native_threads():
    from pathlib import Path

    return Path("/proc/self/task").iterdir()


def test_an_empty_folder_is_told(tmp_path):
    with pytest.raises(LoadError, match="Could not find SavedModel"):
        load(tmp_path)


def test_a_damaged_graph_is_told(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"\xff" * 100)
    with pytest.raises(LoadError, match="is no SavedModel"):
        load(tmp_path)


def test_a_model_that_is_not_for_serving_is_told(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"")
    with pytest.raises(LoadError, match=r"supplied tags: \{ serve \}"):
        load(tmp_path)


def test_damaged_variables_are_an_error(tmp_path, echo):
    import shutil

    folder = tmp_path / "2"
    shutil.copytree(echo / "1", folder)
    (folder / "variables" / "variables.index").write_bytes(b"nothing")
    with pytest.raises(tf.errors.OpError):
        load(folder)
