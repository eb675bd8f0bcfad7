from __future__ import annotations

import subprocess
import sys

import pytest

from components.serving_check.releases import CORE_ADDED, RELEASES, TEXT_ADDED, TEXT_OPERATORS, later_than, release_for


@pytest.mark.parametrize(
    ("installed", "release"),
    [("2.16.2", "2.16"), ("2.20.0", "2.20"), ("2.21.0", "2.20"), ("2.22.0rc1", "2.20"), ("3.0.0", "2.20")],
)
def test_the_release_for_an_installed_tensorflow(installed, release):
    assert release_for(installed) == release


def test_before_the_first_known_release_it_is_that_one():
    assert release_for("2.9.1") == RELEASES[0]


def test_the_releases_are_in_order_of_their_numbers():
    assert list(RELEASES) == sorted(RELEASES, key=lambda release: int(release.partition(".")[2]))


def test_what_came_later():
    assert "TFText>RoundRobinTrim" in later_than("2.19", TEXT_ADDED)
    assert later_than("2.20", TEXT_ADDED) == frozenset()
    assert later_than("2.20", CORE_ADDED) == {"DecodeJxl"}
    assert "SegmentMaxV2" in later_than("2.12", CORE_ADDED)
    assert "SegmentMaxV2" not in later_than("2.13", CORE_ADDED)


def test_what_was_added_to_tensorflow_text_is_of_it():
    assert frozenset().union(*TEXT_ADDED.values()) <= TEXT_OPERATORS


def test_no_operator_was_added_twice():
    added = [name for names in CORE_ADDED.values() for name in names]
    assert len(added) == len(set(added))


def test_it_can_be_asked_without_tensorflow():
    code = "import sys, components.serving_check.releases\nassert 'tensorflow' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
