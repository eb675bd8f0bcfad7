"""CuratedSchema: puts the task's schema.pbtxt into the pipeline.

TFX's own ImportSchemaGen takes a path: a cached result would outlive a change of the file, and the path would have to
exist inside a cluster's containers. The schema's text itself is the parameter here.
"""

# No `from __future__ import annotations`: TFX reads the annotations themselves.

import os

from tfx.dsl.component.experimental.annotations import OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.dsl.io import fileio
from tfx.types import standard_artifacts

SCHEMA_FILE = "schema.pbtxt"


@component
def CuratedSchema(schema: OutputArtifact[standard_artifacts.Schema], text: Parameter[str]) -> None:  # noqa: N802
    """Writes `text`, a tensorflow_metadata Schema in protobuf's text format, as the output `schema`."""
    fileio.makedirs(schema.uri)
    with fileio.open(os.path.join(schema.uri, SCHEMA_FILE), "w") as file:
        file.write(text)
