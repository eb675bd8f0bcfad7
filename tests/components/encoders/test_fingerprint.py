from __future__ import annotations

import shutil

import pytest

from components.encoders.fingerprint import check_unchanged, encoder_digest
from components.encoders.handles import EMBEDDED
from components.errors import EncoderError


def test_a_url_stands_for_itself():
    assert encoder_digest("https://tfhub.dev/x/1") == "https://tfhub.dev/x/1"


def test_a_name_of_the_catalogue_stands_for_its_address():
    assert encoder_digest("albert_en_base") == "https://tfhub.dev/tensorflow/albert_en_base/2"


def test_an_address_that_may_change_has_none():
    with pytest.raises(
        EncoderError, match=r"encoder\.handle is https://tfhub\.dev/x, which does not end with a version"
    ):
        encoder_digest("https://tfhub.dev/x")


def test_the_embedded_encoder_needs_no_cache_and_no_package(monkeypatch, tmp_path):
    monkeypatch.setenv("BERTLINE_CACHE", str(tmp_path))
    assert encoder_digest(EMBEDDED) == encoder_digest(EMBEDDED)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_counts_by_its_content(tmp_path, tiny_encoder):
    shutil.copytree(tiny_encoder, tmp_path / "copy")
    digest = encoder_digest(str(tiny_encoder))
    assert encoder_digest(str(tmp_path / "copy")) == digest
    with (tmp_path / "copy" / "assets" / "vocab.txt").open("a") as vocab:
        vocab.write("more\n")
    assert encoder_digest(str(tmp_path / "copy")) != digest


def test_a_vocabulary_counts_by_its_content(tmp_path):
    (tmp_path / "a.txt").write_text("[PAD]\n")
    (tmp_path / "b.txt").write_text("[UNK]\n")
    digests = {encoder_digest(EMBEDDED, vocab) for vocab in (None, str(tmp_path / "a.txt"), str(tmp_path / "b.txt"))}
    assert len(digests) == 3
    (tmp_path / "b.txt").write_text("[PAD]\n")
    assert encoder_digest(EMBEDDED, str(tmp_path / "a.txt")) == encoder_digest(EMBEDDED, str(tmp_path / "b.txt"))


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(EncoderError, match=r"encoder\.vocab_file is /no/vocab\.txt.*; set it"):
        encoder_digest(EMBEDDED, "/no/vocab.txt")
    with pytest.raises(EncoderError, match=r"encoder\.handle is '/no/folder'"):
        encoder_digest("/no/folder")


def test_a_change_is_told_without_the_secrets_of_an_address():
    handle = "https://tfhub.dev/a/1?token=hidden"
    with pytest.raises(EncoderError, match=r"https://tfhub\.dev/a/1 changed while the run") as refusal:
        check_unchanged({"handle": handle, "vocab_file": None, "digest": "other"})
    assert "hidden" not in str(refusal.value)
    check_unchanged({"handle": f"{handle}&tf-hub-format=compressed", "vocab_file": None, "digest": handle})
