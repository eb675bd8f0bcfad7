from __future__ import annotations

import pytest

from components.encoders import hub
from components.encoders.handles import EMBEDDED
from components.encoders.inspect import inspect_encoder
from components.encoders.resolve import resolve_encoder
from components.errors import EncoderError


def test_a_name_of_the_catalogue_is_downloaded_from_its_address(monkeypatch, tmp_path):
    monkeypatch.setattr(hub, "downloaded", lambda url: tmp_path / url.partition("tfhub.dev/")[2])
    assert resolve_encoder("albert_en_base") == tmp_path / "tensorflow/albert_en_base/2"


def test_other_addresses_are_refused_and_never_asked(monkeypatch):
    monkeypatch.setattr(hub, "downloaded", lambda url: pytest.fail("it was asked"))
    with pytest.raises(EncoderError, match=r"encoder\.handle is http://tfhub\.dev/x/1, which is no https address"):
        resolve_encoder("http://tfhub.dev/x/1")


def test_a_folder_is_itself(tiny_encoder):
    assert resolve_encoder(str(tiny_encoder)) == tiny_encoder


def test_the_embedded_encoder_is_a_text_encoder(embedded_encoder):
    assert resolve_encoder(EMBEDDED) == embedded_encoder
    assert inspect_encoder(embedded_encoder).max_positions == 512


def test_anything_else_is_refused():
    with pytest.raises(EncoderError, match=r"encoder\.handle is 'bert'.*set it to"):
        resolve_encoder("bert")
