from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx.dsl.io import fileio
from tfx.orchestration import metadata, pipeline
from tfx.orchestration.local import local_dag_runner
from tfx.types import standard_artifacts
from tfx.utils import io_utils

import schema
from components.curated_schema.component import CuratedSchema

TEXT = Path(schema.__path__[0], "generic", "schema.pbtxt").read_text(encoding="utf-8")
COMMENTED = f"# Reviewed, naïvely: “all well”.\n{TEXT}"


@pytest.fixture
def run(tmp_path):
    """Runs a pipeline of this step alone, and gives the folders of its outputs, the newest last."""

    def run_once(text):
        store = metadata.sqlite_metadata_connection_config(str(tmp_path / "metadata.db"))
        step = CuratedSchema(text=text)  # pyright: ignore[reportCallIssue]
        root = str(tmp_path / "root")
        local_dag_runner.LocalDagRunner().run(pipeline.Pipeline("p", root, store, components=[step], enable_cache=True))
        return sorted((tmp_path / "root" / "CuratedSchema" / "schema").iterdir(), key=lambda path: int(path.name))

    return run_once


def read_as_tfx_does(folder):
    """As ExampleValidator and Transform do: whatever the one file of the artifact is called."""
    return io_utils.SchemaReader().read(io_utils.get_only_uri_in_dir(str(folder)))


def test_tfx_reads_what_was_written(run):
    [folder] = run(COMMENTED)
    assert fileio.listdir(str(folder)) == ["schema.pbtxt"]
    assert (folder / "schema.pbtxt").read_text(encoding="utf-8") == COMMENTED
    assert read_as_tfx_does(folder) == text_format.Parse(TEXT, schema_pb2.Schema())


def test_a_changed_schema_is_written_anew_and_an_unchanged_one_is_cached(run):
    assert len(run(TEXT)) == 1
    assert len(run(TEXT)) == 1
    *_, newest = run(TEXT.replace("max: 50000", "max: 40000"))
    words = {feature.name: feature.int_domain.max for feature in read_as_tfx_does(newest).feature}["words"]
    assert words == 40000


def test_output_is_a_schema():
    outputs = CuratedSchema(text=TEXT).outputs  # pyright: ignore[reportCallIssue]
    assert {name: channel.type for name, channel in outputs.items()} == {"schema": standard_artifacts.Schema}
