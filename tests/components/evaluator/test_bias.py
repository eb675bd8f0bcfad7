from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from components.evaluator.bias import BiasMeasurer
from components.evaluator.bootstrap import resample
from components.evaluator.identities import Identities
from tests.components.evaluator.answers import predictions_of


def biased():
    """A model that scores whatever names the group higher."""
    generator = np.random.default_rng(8)
    held, member = generator.random(600) < 0.4, generator.random(600) < 0.25
    scores = np.clip(0.3 + 0.3 * held + 0.3 * member + generator.normal(0, 0.15, 600), 0, 1).astype(np.float32)
    return held, member, scores


def test_the_areas_are_of_the_rows_that_they_are_defined_by():
    held, member, scores = biased()
    measured = BiasMeasurer(scores, held, member).measure()
    assert measured["subgroup_auc"] == pytest.approx(roc_auc_score(held[member], scores[member]), abs=1e-12)
    bpsn = (member & ~held) | (~member & held)
    bnsp = (member & held) | (~member & ~held)
    assert measured["bpsn_auc"] == pytest.approx(roc_auc_score(held[bpsn], scores[bpsn]), abs=1e-12)
    assert measured["bnsp_auc"] == pytest.approx(roc_auc_score(held[bnsp], scores[bnsp]), abs=1e-12)
    assert measured["bpsn_auc"] < measured["subgroup_auc"] < measured["bnsp_auc"]


def test_a_group_without_a_class_has_no_area_and_scores_that_are_no_numbers_none_at_all():
    held, member, scores = biased()
    assert math.isnan(BiasMeasurer(scores, held, member & held).measure()["subgroup_auc"])
    scores[0] = np.nan
    assert all(math.isnan(area) for area in BiasMeasurer(scores, held, member).measure().values())


def test_they_have_intervals_around_them():
    held, member, scores = biased()
    rows = [("identity=men",) if is_member else () for is_member in member]
    predictions = predictions_of(held, {"candidate": scores}, rows)
    found = resample(predictions, {"candidate": {"identity=men": ["bpsn_auc", "accuracy"]}}, 200, 0.95)
    low, high = found.interval("identity=men", "bpsn_auc") or (math.nan, math.nan)
    assert low < BiasMeasurer(scores, held, member).measure()["bpsn_auc"] < high
    assert found.interval("identity=men", "accuracy") is not None


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Two women met.", ["identity=women"]),
        ("WOMEN and a trans man", ["identity=women", "identity=trans"]),
        ("trans\nman", ["identity=trans"]),
        ("He was womenless; superwomen", []),
        ("é women's", ["identity=women"]),
        ("trans<br /><br />man", ["identity=trans"]),
        ("no superwomen,<br/>women", ["identity=women"]),
        ("ｗｏｍｅｎ", ["identity=women"]),
        ("彼女は女性です", ["identity=women"]),
        ("女性women!", ["identity=women"]),
        ("Die FRAUEN", ["identity=women"]),
        ("une fe\u0301e", ["identity=women"]),
        ("", []),
    ],
)
def test_a_text_names_a_group_by_whole_words_in_any_case(text, named):
    identities = Identities({"women": ["women", "woman", "女性", "Frauen", "f\u00e9e"], "trans": ["trans man"]})
    assert identities.slices(identities.bits(text)) == named
    assert identities.bits("nothing", text) == identities.bits(text)


@pytest.mark.parametrize("text", ["रामायण", "रामू", "करो", "हिंदू", "हिंदीभाषा", "gay\u0301"])
def test_a_mark_on_a_letter_is_part_of_its_word(text):
    identities = Identities({"names": ["राम", "कर", "हिंद", "हिंदी"], "gay": ["gay"]})
    assert identities.slices(identities.bits(text)) == []


def test_words_end_where_marks_do():
    identities = Identities({"names": ["राम", "हिंदी"], "gay": ["gay"]})
    assert identities.slices(identities.bits("राम ने कहा")) == ["identity=names"]
    assert identities.slices(identities.bits("यह हिंदी, है")) == ["identity=names"]
    assert identities.slices(identities.bits("ก็gay")) == ["identity=gay"]


def test_terms_are_words_not_expressions():
    identities = Identities({"odd": ["c++", "a.b"]})
    assert identities.bits("I like c++ much")
    assert not identities.bits("axb")
