from __future__ import annotations

import pytest

from pipeline.kubeflow.errors import KubeflowError
from pipeline.kubeflow.places import check_places
from tests.pipeline.kubeflow.clusters import demo, spans


def places(config):
    check_places(config, config.kubeflow)


def test_paths_on_volumes_and_urls_are_found_by_every_step():
    places(demo())
    places(spans())
    places(demo("encoder.handle=https://tfhub.dev/tensorflow/bert_en_uncased_L-12_H-768_A-12/4"))
    places(demo("kubeflow.reports=/models/reports"))
    places(demo("encoder.handle=/opt/bertline/encoders/ours", "encoder.vocab_file=/data/vocab.txt"))


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("push.folder=null", ["push.folder is not set", "models at /models"]),
        ("push.folder=/served", ["push.folder is /served", "none of kubeflow.volumes", "data at /data"]),
        ("push.folder=/models", ["push.folder is /models", "none"]),
        ("push.folder=/models/../etc", ["push.folder"]),
        ("push.folder=/modelsnot/demo", ["push.folder"]),
        ("data={source: files, path: reviews.csv}", ["data.path is reviews.csv", "no step would find it"]),
        ("data={source: imdb, path: /home/me/aclImdb}", ["data.path is /home/me/aclImdb"]),
        ("encoder.handle=./bert", ["encoder.handle is ./bert"]),
        ("encoder.vocab_file=vocab.txt", ["encoder.vocab_file is vocab.txt"]),
        ("kubeflow.reports=/reports", ["kubeflow.reports is /reports", "none of kubeflow.volumes"]),
        ("kubeflow.reports=/models/demo", ["kubeflow.reports is /models/demo", "TensorFlow Serving"]),
        ("kubeflow.reports=/models/demo/reports", ["one within the other"]),
        ("kubeflow.volumes.models.read_only=true", ["push.folder is /models/demo", "read_only"]),
    ],
)
def test_a_path_that_no_step_would_find_is_refused(override, says):
    with pytest.raises(KubeflowError) as refusal:
        places(demo(override))
    for words in says:
        assert words in str(refusal.value)


def test_the_innermost_volume_of_a_path_counts():
    inner = "kubeflow.volumes.inner={{claim: inner, path: {path}, read_only: {read_only}}}"
    places(demo("kubeflow.volumes.models.read_only=true", inner.format(path="/models/demo/in", read_only="false"),
                "push.folder=/models/demo/in/served"))  # fmt: skip
    with pytest.raises(KubeflowError, match="the volume inner"):
        places(demo(inner.format(path="/models/in", read_only="true"), "push.folder=/models/in/served"))


def test_a_cluster_without_volumes_says_so():
    with pytest.raises(KubeflowError, match=r"kubeflow\.volumes \(there are none\)"):
        places(demo("kubeflow.volumes={}"))
