from __future__ import annotations

import pytest

from pipeline.kubeflow.api.connection import connect
from pipeline.kubeflow.api.watch import Pace
from pipeline.kubeflow.document import parse_compiled
from pipeline.kubeflow.settings import Api
from pipeline.kubeflow.version import sdk_version
from tests.pipeline.kubeflow.api.standin import Cluster, serving

SPEC = f"""\
pipelineInfo: {{name: tiny}}
schemaVersion: 2.1.0
sdkVersion: {sdk_version()} tfx-1.0.0
root:
  inputDefinitions:
    parameters:
      epochs: {{parameterType: NUMBER_INTEGER, defaultValue: 1}}
      rate: {{parameterType: NUMBER_DOUBLE, defaultValue: 0.5}}
      encoder: {{parameterType: STRING, defaultValue: small}}
      deep: {{parameterType: BOOLEAN, defaultValue: true}}
  dag:
    tasks:
      Observe:
        taskInfo: {{name: Observe}}
        componentRef: {{name: Observe}}
        cachingOptions: {{enableCache: true}}
components:
  Observe: {{executorLabel: Observe_executor}}
deploymentSpec:
  executors:
    Observe_executor: {{container: {{image: a, command: [b]}}}}
---
platforms:
  kubernetes:
    deploymentSpec:
      executors:
        Observe_executor: {{activeDeadlineSeconds: '60'}}
"""


VARIABLES = (
    "KFP_HOST",
    "KFP_TOKEN",
    "KF_PIPELINES_ENDPOINT",
    "KF_PIPELINES_IAP_OAUTH2_CLIENT_ID",
    "KF_PIPELINES_SA_TOKEN_PATH",
    "KF_PIPELINES_UI_ENDPOINT",
    "KUBERNETES_SERVICE_HOST",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "http_proxy",
    "https_proxy",
)


@pytest.fixture(autouse=True)
def own_environment(monkeypatch):
    """Nothing is taken from whoever runs the tests, and new tries come at once."""
    monkeypatch.setattr("pipeline.kubeflow.api.transport._FIRST_PAUSE", 0.001)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(name="cluster")
def serving_cluster():
    with serving(Cluster()) as cluster:
        yield cluster


@pytest.fixture
def connection(cluster):
    return connect(Api(host=cluster.url, timeout_seconds=5), environment={})


@pytest.fixture
def compiled():
    return parse_compiled(SPEC, "tiny.yaml")


@pytest.fixture
def slept():
    """How long each pause of `pace` would have been, in seconds."""
    return []


@pytest.fixture
def pace(slept):
    return Pace(seconds=5.0, sleep=slept.append, clock=lambda: sum(slept))
