from __future__ import annotations

import pytest

from pipeline.kubeflow.api.options import ApiOptions
from pipeline.kubeflow.api.target import api_section, check_alone, is_compiled
from pipeline.kubeflow.errors import KubeflowError
from tests.pipeline.kubeflow.api.conftest import SPEC


@pytest.mark.parametrize(
    ("text", "compiled"),
    [
        (SPEC, True),
        ("pipelineSpec: {}\n", True),
        ("platforms: {}\n---\npipelineInfo: {name: a}\n", True),
        ("pipeline: {name: demo}\ndata: {}\n", False),
        ("", False),
        ("- 1\n", False),
        ("a: [\n", False),
    ],
)
def test_a_compiled_file_is_known_by_what_stands_in_it(tmp_path, text, compiled):
    path = tmp_path / "any.txt"
    path.write_text(text)
    assert is_compiled(str(path)) is compiled


def test_a_task_or_folder_is_not_compiled(tmp_path):
    assert not is_compiled("imdb")
    assert not is_compiled(str(tmp_path))


def test_settings_are_not_laid_over_a_compiled_file():
    check_alone("a.yaml", ())
    with pytest.raises(KubeflowError, match=r"--set has no effect on a\.yaml"):
        check_alone("a.yaml", ["training.epochs=2"])


def test_the_api_of_files(tmp_path):
    first, second, third = paths = [tmp_path / name for name in ("a.yaml", "b.yaml", "c.yaml")]
    first.write_text("kubeflow: {image: x, api: {host: http://a, experiment: one}}\n")
    second.write_text("kubeflow: {api: {host: http://b}}\n")
    third.write_text("data: {path: x}\n")
    assert api_section([str(path) for path in paths]) == {"host": "http://b", "experiment": "one"}
    third.write_text("a: [")
    with pytest.raises(KubeflowError, match=r"--with .*c.yaml is no YAML"):
        api_section([str(third)])
    with pytest.raises(KubeflowError, match=r"--with .*nowhere cannot be read \(No such file"):
        api_section([str(tmp_path / "nowhere")])


def test_options_lie_over_the_section(tmp_path):
    settings = ApiOptions(host="https://b", ca=tmp_path / "ca.pem").over({"host": "http://a", "experiment": "one"})
    assert (settings.host, settings.experiment, settings.ca) == ("https://b", "one", str(tmp_path / "ca.pem"))
    assert "token_env" not in settings.model_fields_set


@pytest.mark.parametrize(
    ("options", "section", "told"),
    [
        (
            ApiOptions(host="localhost:8080"),
            {},
            "host is 'localhost:8080', which lacks its scheme: write http://localhost",
        ),
        (ApiOptions(namespace="My Team"), {}, "namespace is 'My Team'"),
        (ApiOptions(token_env="a b"), {}, "token_env is 'a b'"),
        (ApiOptions(), {"hosts": "http://a"}, "hosts is 'http://a': Extra inputs"),
        (ApiOptions(), {"timeout_seconds": 0}, "timeout_seconds is 0"),
    ],
)
def test_settings_that_are_none(options, section, told):
    with pytest.raises(KubeflowError, match=told):
        options.over(section)
