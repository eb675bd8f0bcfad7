from __future__ import annotations

import pytest

from components.encoders import catalogue
from components.encoders.licences import licence_of
from components.encoders.reading import reading_of


def test_the_embedded_encoder_has_its_own_licence():
    assert licence_of("all-MiniLM-L6-v2").startswith("Apache-2.0 (")


@pytest.mark.parametrize("entry", catalogue.entries(), ids=lambda entry: entry.name)
def test_an_encoder_of_the_catalogue_leads_to_its_page(entry):
    assert licence_of(entry.name) == licence_of(entry.handle)
    assert licence_of(entry.name).endswith(entry.handle)


@pytest.mark.parametrize("handle", ["my/encoder", "https://tfhub.dev/somebody/else/1"])
def test_of_others_nothing_is_claimed(handle):
    assert licence_of(handle).startswith("not known to bertline")
    assert reading_of(handle) is None
