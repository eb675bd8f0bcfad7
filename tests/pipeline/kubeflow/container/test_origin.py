from __future__ import annotations

import pytest

from pipeline.kubeflow.container.origin import Origin, origin, own_origin


@pytest.mark.parametrize(
    "place",
    [
        "minio://mlpipeline/v2/artifacts/demo/run-1/Trainer/salt/model",
        "s3://bucket/demo/run-1/Trainer/salt/model/",
        "/tmp/x/gcs/bucket/demo/run-1/Trainer/salt/model",
    ],
)
def test_an_artifacts_place_tells_where_it_is_from(place):
    assert origin(place) == Origin("demo", "run-1", "Trainer", "model")


@pytest.mark.parametrize("place", ["", "minio://b/model", "model", "https://example.com/model"])
def test_any_other_place_tells_nothing(place):
    with pytest.raises(ValueError, match="no artifact of a step"):
        origin(place)


def test_the_place_is_the_one_that_the_launcher_of_a_local_run_gives(tmp_path):
    from pipeline.kubeflow.local.driver import Run, provide_outputs, run_root
    from tests.pipeline.kubeflow.local import specs

    component = specs.compiled(specs.task("Make", made=["thing"])).spec.components["Make"]
    run = Run("small", "run-1", "small", run_root("minio://mlpipeline/v2/artifacts", "small", "run-1"), 1)
    outputs = provide_outputs(run, "Make", component, tmp_path, "salt")
    assert origin(outputs.artifacts["thing"].artifacts[0].uri) == Origin("small", "run-1", "Make", "thing")


def test_a_step_without_outputs_is_of_no_known_run():
    with pytest.raises(ValueError, match="no output artifact"):
        own_origin({"outputs": {"parameters": {}}})
