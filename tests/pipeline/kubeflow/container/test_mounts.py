from __future__ import annotations

import pytest

from pipeline.kubeflow.container.mounts import MOUNT_ROOT, local_path, remote_uri


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("minio://mlpipeline/v2/a b", "/minio/mlpipeline/v2/a b"),
        ("s3://bucket/key", "/s3/bucket/key"),
        ("gs://bucket/key", "/gcs/bucket/key"),
    ],
)
def test_an_artifact_lies_where_the_launcher_puts_it(monkeypatch, uri, path):
    monkeypatch.delenv(MOUNT_ROOT, raising=False)
    assert local_path(uri) == path
    assert remote_uri(path) == uri
    monkeypatch.setenv(MOUNT_ROOT, "/scratch/")
    assert local_path(uri) == f"/scratch{path}"
    assert remote_uri(f"/scratch{path}") == uri
    assert remote_uri(path) == path


@pytest.mark.parametrize("other", ["/models/1", "relative", "https://example.com/x", ""])
def test_any_other_place_stays_what_it_is(other):
    assert local_path(other) == other
    assert remote_uri(other) == other
