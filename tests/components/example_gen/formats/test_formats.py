from __future__ import annotations

import subprocess
import sys

import pytest

from components.errors import ConfigError
from components.example_gen.formats import formats


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a.csv", "csv"),
        ("data.v2/a.TSV.gz", "tsv"),
        ("a.tab", "tsv"),
        ("s3://bucket/a.jsonl.bz2", "jsonl"),
        ("a.ndjson", "jsonl"),
        ("a.pq", "parquet"),
        ("part-00000-of-00002.parquet", "parquet"),
        ("a.parquet-00000-of-00002", "parquet"),
        ("a.tfrecords", "tfrecord"),
        ("a.tfrecord-00000-of-00002.gz", "tfrecord"),
        ("data_tfrecord-00000-of-00001.gz", "tfrecord"),
    ],
)
def test_name_tells_the_format(path, name):
    assert formats.format_of(path) == name


def test_named_format_comes_first():
    assert formats.format_of("a.csv", "jsonl") == "jsonl"
    assert formats.format_of("a.txt", delimiter="|") == "csv"
    for path in ("a.txt", "csv", "a", "a.gz"):
        with pytest.raises(
            ConfigError, match=r"set data\.serving\.format to one of csv, tsv, jsonl, parquet, tfrecord"
        ):
            formats.format_of(path, section="data.serving")
    with pytest.raises(ConfigError, match=r"data\.format 'xml' is unknown; use one of auto, csv"):
        formats.format_of("a.csv", "xml")


def test_delimiters():
    assert formats.delimiter_of("csv", None) == ","
    assert formats.delimiter_of("tsv", None) == "\t"
    assert formats.delimiter_of("tsv", ";") == ";"


def test_light_formats_import_nothing_heavy():
    code = (
        "import sys; from components.example_gen.formats import formats;"
        "[formats.module(name) for name in ('csv', 'tsv', 'jsonl')];"
        "print({'tensorflow', 'apache_beam', 'tfx', 'numpy', 'pandas', 'pyarrow'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


@pytest.mark.parametrize("name", formats.FORMATS)
def test_every_format_has_a_module(name):
    module = formats.module(name)
    assert callable(module.check)
    assert callable(module.read)
