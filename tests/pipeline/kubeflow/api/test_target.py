from __future__ import annotations

import pytest

from components.errors import BertlineError
from pipeline.config_file import load_config
from pipeline.kubeflow.api.target import Access, is_compiled, load
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


def test_settings_are_not_laid_over_a_compiled_file(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(SPEC)
    assert load(str(path), (), ()) is None
    with pytest.raises(BertlineError, match=r"--set has no effect on .*a\.yaml"):
        load(str(path), ["training.epochs=2"], ())


def test_a_task_is_loaded():
    config = load("demo", ["training.epochs=7"], ())
    assert config is not None
    assert config.training.epochs == 7


def test_the_api_of_files(tmp_path):
    first, second = paths = [str(tmp_path / name) for name in ("a.yaml", "b.yaml")]
    (tmp_path / "a.yaml").write_text("kubeflow: {image: x, api: {host: http://a, experiment: one}}\n")
    (tmp_path / "b.yaml").write_text("kubeflow: {api: {host: http://b}}\n")
    settings = Access(paths, {}).settings()
    assert (settings.host, settings.experiment) == ("http://b", "one")
    assert Access([second, first], {}).settings().host == "http://a"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [", "is no YAML"),
        ("a: 1\na: 2\n", "the key a stands twice"),
        ("", "is empty"),
        ("data: {path: x}\n", "has no section kubeflow.api, which alone is read"),
        ("kubeflow: {api: http://a}\n", "has no section kubeflow.api"),
        (None, "there is no such file"),
    ],
)
def test_a_file_without_an_api(tmp_path, text, told):
    path = tmp_path / "c.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(BertlineError, match=rf"--with .*c\.yaml.*{told}"):
        Access([str(path)], {}).settings()


def test_options_lie_over_the_section(tmp_path):
    config = load_config("demo", ["kubeflow.api={host: 'http://a', experiment: one}"])
    settings = Access((), {"host": "https://b", "ca": tmp_path / "ca.pem", "namespace": None}).settings(config)
    assert (settings.host, settings.experiment, settings.ca) == ("https://b", "one", str(tmp_path / "ca.pem"))
    assert "token_env" not in settings.model_fields_set
    assert Access((), {}).settings(load_config("demo")).host is None


@pytest.mark.parametrize(
    ("options", "section", "told"),
    [
        ({"host": "localhost:8080"}, "{}", "kubeflow.api.host is 'localhost:8080': String should match pattern"),
        ({"ui": "ui"}, "{}", "kubeflow.api.ui is 'ui'"),
        ({"namespace": "My Team"}, "{}", "kubeflow.api.namespace is 'My Team'"),
        ({"token_env": "a b"}, "{}", "kubeflow.api.token_env is 'a b'"),
        ({}, "{hosts: x}", "kubeflow.api.hosts is no setting; did you mean host"),
        ({}, "{timeout_seconds: 0}", "kubeflow.api.timeout_seconds is 0"),
    ],
)
def test_settings_that_are_none(tmp_path, options, section, told):
    path = tmp_path / "a.yaml"
    path.write_text(f"kubeflow: {{api: {section}}}\n")
    with pytest.raises(BertlineError, match=told):
        Access([str(path)], options).settings()
