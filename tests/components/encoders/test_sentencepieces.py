from __future__ import annotations

import pytest

from components.encoders.sentencepieces import read_pieces
from tests.components.encoders.pieces import processor, tiny_model


def test_pieces_are_those_that_sentencepiece_reads():
    pieces, reference = read_pieces(tiny_model()), processor(tiny_model())
    assert pieces.texts == tuple(reference.id_to_piece(number) for number in range(reference.get_piece_size()))
    assert pieces.unk_id == reference.unk_id() == 1


@pytest.mark.parametrize("content", [b"", b"<html>404</html>", b"\x0a\xff", b"[PAD]\n[UNK]\n"])
def test_what_is_no_model_is_refused(content):
    with pytest.raises(ValueError, match=r"."):
        read_pieces(content)
