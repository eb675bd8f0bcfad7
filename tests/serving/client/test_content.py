"""What only gRPC has: tensors as bytes."""

from __future__ import annotations

import pytest

from serving.client import UnexpectedAnswer
from tests.serving.client.standin import grpc_server, score_of


@pytest.fixture
def address(brain):
    with grpc_server(brain) as port:
        yield f"127.0.0.1:{port}"


@pytest.mark.parametrize("labels", [1, 3])
def test_tensors_as_bytes_are_the_same_predictions(connect, address, brain, labels):
    brain.labels = labels
    client = connect(address)
    texts = ["a", "bc", "def"]
    one_by_one = client.predict(texts)
    brain.is_content = True
    assert client.predict(texts) == one_by_one
    assert one_by_one[1].scores[0] == score_of(b"bc")


def test_scores_of_another_rank_are_an_error(connect, address, brain):
    brain.mangle = lambda answer: answer.outputs["scores"].tensor_shape.dim.pop()
    with pytest.raises(UnexpectedAnswer, match=r"\[texts, labels\]"):
        connect(address).predict(["a"])


def test_a_label_that_is_no_utf8_is_an_error(connect, address, brain):
    def mangle(answer):
        answer.outputs["predicted"].string_val[0] = b"\xff"

    brain.mangle = mangle
    with pytest.raises(UnexpectedAnswer):
        connect(address).predict(["a"])
