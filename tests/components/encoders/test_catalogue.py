from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from components.encoders import catalogue
from components.encoders.catalogue import close_names, count_parameters, entries, find, find_address
from components.encoders.catalogue_data import ROWS, Shape

_FACTS = Path(__file__).parents[4] / "shared" / "spikes" / "hub_handles.json"


def test_the_tutorials_encoders_are_all_there_once():
    assert (
        len(entries()) == len({entry.name for entry in entries()}) == len({entry.handle for entry in entries()}) == 33
    )
    assert sum(entry.name.startswith("small_bert/") for entry in entries()) == 24
    assert find("small_bert/bert_en_uncased_L-4_H-512_A-8") is not None
    assert find("bert") is None


@pytest.mark.skipif(not _FACTS.is_file(), reason="the facts lie outside the repository")
def test_every_fact_is_the_files():
    facts = json.loads(_FACTS.read_text())
    assert [entry.name for entry in entries()] == list(facts["map_name_to_handle"])
    for entry in entries():
        kaggle, known = facts["kaggle_handles"][entry.name], facts["facts"].get(entry.name)
        assert entry.handle == facts["map_name_to_handle"][entry.name]
        assert entry.preprocessor == facts["map_model_to_preprocess"][entry.name]
        assert entry.kaggle == kaggle["kagglehub_handle"]
        assert ("kaggle" in entry.unverified) == ("UNVERIFIED" in kaggle["confidence"])
        if known is not None:
            ours = (entry.layers, entry.hidden_size, entry.heads, entry.vocab_size, entry.parameters)
            assert ours == tuple(known[key] for key in ("layers", "hidden", "heads", "vocab", "params_with_pooler"))
    scores = sorted(entry.glue for entry in entries() if entry.glue is not None)
    assert scores == sorted(facts["glue_test_scores_google_bert_README_2020_03_11"].values())


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("bert_en_uncased_L-12_H-768_A-12", 109_482_240),  # as Keras counts it
        ("albert_en_base", 11_683_584),  # as Hugging Face counts AlbertModel of albert-base
        ("electra_small", 13_548_800),  # ElectraModel (13,483,008) and a pooler
        ("talking-heads_base", None),
    ],
)
def test_parameters_are_computed(name, parameters):
    entry = find(name)
    assert entry is not None
    assert entry.parameters == parameters


def test_parameters_are_those_of_the_encoder_that_we_build(tiny_encoder):
    from components.encoders.inspect import inspect_encoder

    info = inspect_encoder(tiny_encoder)
    shape = Shape(info.vocab_size, 2, 32, 2, intermediate_size=64, embedding_width=32, max_positions=128)
    assert info.parameters == count_parameters(shape)


@pytest.mark.parametrize(
    ("name", "casing", "tokenizer"),
    [
        ("bert_en_uncased_L-12_H-768_A-12", "uncased", "wordpiece"),
        ("bert_en_cased_L-12_H-768_A-12", "cased", "wordpiece"),
        ("bert_multi_cased_L-12_H-768_A-12", "cased", "wordpiece"),
        ("albert_en_base", "uncased", "sentencepiece"),
        ("electra_small", "uncased", "wordpiece"),
        ("experts_pubmed", "uncased", "wordpiece"),
    ],
)
def test_how_texts_are_read(name, casing, tokenizer):
    entry = find(name)
    assert entry is not None
    assert (entry.casing, entry.tokenizer) == (casing, tokenizer)
    assert ("albert" in entry.preprocessor) == (tokenizer == "sentencepiece")
    assert f"_{casing}_" in entry.preprocessor or tokenizer == "sentencepiece"


def test_what_is_not_sure_is_marked():
    unsure = {entry.name for entry in entries() if entry.unverified}
    assert unsure == {"albert_en_base", "electra_small", "electra_base", "experts_wiki_books", "talking-heads_base"}
    assert all(set(row.unverified) <= set(catalogue.Entry.__annotations__) for row in ROWS)


def test_an_encoder_is_found_by_its_address():
    bert = find("bert_en_uncased_L-12_H-768_A-12")
    assert bert is not None
    assert find_address(bert.handle) == find_address(f"{bert.handle}/") == bert
    assert find_address(f"{bert.handle}?tf-hub-format=compressed") == bert
    assert find_address(f"{bert.kaggle_page}/3") == bert
    assert find_address("https://tfhub.dev/tensorflow/elsewhere/1") is None
    assert find_address("https://tfhub.dev") is None


def test_names_that_were_meant():
    assert close_names("bert_en_uncased_L-4_H-512_A-8")[0] == "small_bert/bert_en_uncased_L-4_H-512_A-8"
    assert close_names("albert_en_bas") == ["albert_en_base"]
    assert close_names("/no/such/folder") == close_names("") == []


def test_the_catalogue_imports_no_tensorflow():
    code = "import sys, components.encoders.catalogue; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
