"""What both clients do over both protocols."""

from __future__ import annotations

import itertools
import threading
import time
from itertools import chain

import pytest

from serving.client import BadSetting, DeadlineExceeded, InvalidRequest, Prediction, TooLarge, UnexpectedAnswer
from tests.serving.client.standin import score_of


def test_each_text_gets_its_own_prediction(connect, address, brain):
    texts = ["what a film", "so dull", "naïve 映画 🎬", ""]
    predictions = connect(address).predict(texts)
    assert predictions == [
        Prediction((score_of(text.encode()),), "pos" if score_of(text.encode()) >= 0.5 else "neg") for text in texts
    ]
    assert predictions[0].score == predictions[0].scores[0]
    assert brain.calls == 1


def test_bytes_that_are_no_utf8_arrive_as_they_are(connect, address, brain):
    texts = [b"\xff\xfe caf\xe9", b"plain", "str", b"\x00"]
    assert len(connect(address).predict(texts)) == 4
    assert brain.asked == [[b"\xff\xfe caf\xe9", b"plain", b"str", b"\x00"]]


def test_no_texts_need_no_request(connect, address, brain):
    client = connect(address)
    assert client.predict([]) == []
    assert client.stream([]) == []
    assert brain.calls == 0


def test_labels_that_do_not_exclude_each_other(connect, address, brain):
    brain.labels = 3
    [prediction] = connect(address).predict(["x"])
    assert prediction.scores == pytest.approx([score_of(b"x") / (label + 1) for label in range(3)])
    assert prediction.predicted == tuple(score >= 0.25 for score in prediction.scores)
    with pytest.raises(ValueError, match="3 scores"):
        _ = prediction.score


def test_more_texts_than_a_batch_go_at_once_and_come_back_in_order(connect, address, brain):
    second_arrived, done = threading.Event(), []

    def hold_the_first(texts):
        if texts[0] == b"0":
            assert second_arrived.wait(5)
        second_arrived.set()
        done.append(texts[0])

    brain.before = hold_the_first
    texts = [str(number) for number in range(10)]
    predictions = connect(address, batch_size=4).predict(texts)
    assert [prediction.score for prediction in predictions] == [score_of(text.encode()) for text in texts]
    assert sorted(len(asked) for asked in brain.asked) == [2, 4, 4]
    assert done[0] != b"0"


def test_a_stream_takes_texts_only_as_it_needs_them(connect, address, brain):
    taken = itertools.count()
    ahead = []

    def texts():
        for number in range(100):
            next(taken)
            with brain.lock:
                ahead.append(number - sum(map(len, brain.asked)))
            yield str(number)

    predictions = connect(address, batch_size=5).stream(texts(), in_flight=3)
    assert [prediction.score for prediction in predictions] == [score_of(str(n).encode()) for n in range(100)]
    assert max(ahead) <= 5 * 4  # three batches under way, one being filled


def test_the_deadline_is_for_the_whole_call(connect, address, brain):
    brain.before = lambda texts: time.sleep(0.1)  # each batch is quick, all of them are not
    client = connect(address, batch_size=1, timeout=1.0)
    with pytest.raises(DeadlineExceeded, match="raise the timeout") as caught:
        client.predict(["x"] * 100)
    assert address in str(caught.value)
    assert len(client.stream(["x"] * 100)) == 100  # of which each has the timeout for itself


def test_an_answer_that_does_not_come_in_time(connect, address, brain):
    given_up = threading.Event()
    brain.before = lambda texts: given_up.wait(5)
    with pytest.raises(DeadlineExceeded):
        connect(address, timeout=0.2).predict(["x"])
    given_up.set()


def test_batches_are_bounded_in_bytes_too(connect, address, brain):
    text = "x" * 400_000
    assert len(connect(address).predict([text] * 5)) == 5
    assert sorted(len(asked) for asked in brain.asked) == [1, 2, 2]


def test_a_text_beyond_the_largest_message_is_refused(connect, address, brain):
    with pytest.raises(TooLarge, match="shorter"):
        connect(address).predict(["x" * 5_000_000])
    assert brain.calls == 0


def test_a_single_text_for_a_list_is_refused(connect, address):
    client = connect(address)
    with pytest.raises(TypeError, match=r"give \[text\]"):
        client.predict("what a film")
    with pytest.raises(TypeError, match="text 1 is int"):
        client.predict(["a", 3])


def test_half_a_character_is_refused(connect, address, brain):
    with pytest.raises(InvalidRequest, match="text 1"):
        connect(address).predict(["fine", "\ud83d"])
    assert brain.calls == 0


def test_version_label_and_signature_reach_the_server(connect, brain, address):
    connect(address, version=0).predict(["x"])
    connect(address, label="a b").predict(["x"])
    connect(address).predict(["x"])
    if address.startswith("grpc"):
        expected = ["demo@0:serving_default", "demo#a b:serving_default", "demo#:serving_default"]
    else:
        expected = [f"/v1/models/demo{choice}:predict" for choice in ("/versions/0", "/labels/a%20b", "")]
    assert brain.specs == expected


def test_too_small_a_stream_is_refused_at_once(connect, address):
    with pytest.raises(BadSetting, match="in_flight"):
        connect(address).stream(["x"], in_flight=0)


def spoil(name):
    """A spoiler of either protocol's answer: the tensor `name` loses its last row, or itself."""

    def mangle(answer):
        if isinstance(answer, dict):
            answer["outputs"][name].pop()
        else:
            tensor = answer.outputs[name]
            tensor.tensor_shape.dim[0].size -= 1
            (tensor.float_val or tensor.string_val).pop()

    return mangle


def lose(name):
    def mangle(answer):
        del (answer["outputs"] if isinstance(answer, dict) else answer.outputs)[name]

    return mangle


@pytest.mark.parametrize("mangle", [spoil("scores"), spoil("predicted"), lose("scores"), lose("predicted")])
def test_an_answer_that_is_no_prediction_is_an_error(connect, address, brain, mangle):
    brain.mangle = mangle
    with pytest.raises(UnexpectedAnswer, match="demo"):
        connect(address).predict(["a", "b"])


def test_the_first_failure_ends_a_stream(connect, address, brain):
    def fail_late(texts):
        if b"30" in texts:
            time.sleep(0.05)
            raise RuntimeError("the stand-in's own failure")

    brain.before = fail_late
    with pytest.raises(Exception, match="demo"):
        connect(address, batch_size=1, retries=0).stream((str(n) for n in range(10_000)), in_flight=2)
    assert brain.calls < 100


def test_pairs_go_side_by_side(connect, address, brain):
    client = connect(address, batch_size=2)
    texts, pairs = ["a", "b", "c"], ["x", b"\xff y", ""]
    assert len(client.predict(texts, pairs)) == 3
    assert sorted(brain.pairs) == [[b""], [b"x", b"\xff y"]]
    assert sorted(brain.asked) == [[b"a", b"b"], [b"c"]]


def test_a_stream_of_pairs(connect, address, brain):
    pairs = (f"{number}!" for number in range(7))
    predictions = connect(address, batch_size=3).stream((str(number) for number in range(7)), pairs=pairs)
    assert [prediction.score for prediction in predictions] == [score_of(str(n).encode()) for n in range(7)]
    sent = dict(zip(chain.from_iterable(brain.asked), chain.from_iterable(brain.pairs), strict=True))
    assert sent == {str(number).encode(): f"{number}!".encode() for number in range(7)}


@pytest.mark.parametrize(("texts", "pairs"), [(["a", "b"], ["x"]), (["a"], ["x", "y"]), ([], ["x"])])
def test_texts_without_a_partner_are_refused(connect, address, brain, texts, pairs):
    client = connect(address)
    with pytest.raises(ValueError, match="a second text for each"):
        client.predict(texts, pairs)
    with pytest.raises(ValueError, match="a second text for each"):
        client.stream(texts, pairs=pairs)
    assert brain.calls == 0


def test_a_second_text_that_is_none_is_named(connect, address, brain):
    with pytest.raises(InvalidRequest, match="second text 1"):
        connect(address).predict(["a", "b"], ["fine", "\ud83d"])
    with pytest.raises(TypeError, match="give \\[text\\]"):
        connect(address).predict(["a"], "b")
    assert brain.calls == 0


def test_pairs_are_bounded_in_bytes_together(connect, address, brain):
    text = "x" * 300_000
    assert len(connect(address).predict([text] * 4, [text] * 4)) == 4
    assert sorted(len(asked) for asked in brain.asked) == [1, 1, 1, 1]
