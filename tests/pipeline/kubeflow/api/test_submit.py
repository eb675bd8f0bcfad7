from __future__ import annotations

import hashlib

import pytest
import yaml

from pipeline.kubeflow.api.connection import connect
from pipeline.kubeflow.api.errors import ApiError
from pipeline.kubeflow.api.pipelines import text_of
from pipeline.kubeflow.api.submit import Wanted, prepare, start
from pipeline.kubeflow.document import parse_compiled
from pipeline.kubeflow.errors import KubeflowError
from pipeline.kubeflow.settings import Api


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def submit(connection, compiled, wanted):
    prepared = prepare(connection, compiled, wanted)
    return prepared, start(connection, compiled, wanted, prepared)


def refused(connection, compiled, **wanted) -> str:
    with pytest.raises(KubeflowError) as caught:
        submit(connection, compiled, Wanted(**wanted))
    return str(caught.value)


def test_the_first_time_pipeline_version_and_experiment_are_made(cluster, connection, compiled):
    run, run_id = submit(connection, compiled, Wanted(parameters={"epochs": 2}))
    (pipeline,) = cluster.pipelines.values()
    (version,) = cluster.versions.values()
    (experiment,) = cluster.experiments.values()
    assert pipeline["display_name"] == "tiny"
    assert version["display_name"] == digest(compiled.text)[:12]
    assert digest(compiled.text) in version["description"]
    assert cluster.asked("POST", "/pipelines/upload_version")[0].body["text"] == compiled.text
    assert experiment["display_name"] == "bertline"
    assert run.version.is_new
    assert run.experiment.is_new
    assert list(cluster.runs) == [run_id]
    (request,) = cluster.asked("POST", "/runs")
    assert request.body == {
        "display_name": run.name,
        "experiment_id": experiment["experiment_id"],
        "pipeline_version_reference": {
            "pipeline_id": pipeline["pipeline_id"],
            "pipeline_version_id": version["pipeline_version_id"],
        },
        "runtime_config": {"parameters": {"epochs": 2}},
    }


def test_the_same_text_is_not_uploaded_again(cluster, connection, compiled):
    first, _ = submit(connection, compiled, Wanted(name="one"))
    second, _ = submit(connection, compiled, Wanted(name="two"))
    assert second.version.version_id == first.version.version_id
    assert not second.version.is_new
    assert len(cluster.asked("POST", "/pipelines/upload_version")) == 1
    assert len(cluster.experiments) == 1
    assert [run["display_name"] for run in cluster.runs.values()] == ["one", "two"]


def test_another_text_is_another_version_of_the_same_pipeline(cluster, connection, compiled):
    submit(connection, compiled, Wanted())
    changed = parse_compiled(compiled.text.replace("image: a", "image: c"), "changed.yaml")
    assert prepare(connection, changed, Wanted()).version.is_new
    assert len(cluster.pipelines) == 1
    assert len(cluster.versions) == 2


def test_a_version_has_the_name_that_is_wanted(cluster, connection, compiled):
    run, _ = submit(connection, compiled, Wanted(version="spring"))
    assert run.version.name == "spring"
    assert not prepare(connection, compiled, Wanted(version="spring")).version.is_new


def test_a_versions_name_is_not_given_to_another_text(cluster, connection, compiled):
    submit(connection, compiled, Wanted(version="spring"))
    changed = parse_compiled(compiled.text.replace("image: a", "image: c"), "changed.yaml")
    message = refused(connection, changed, version="spring")
    assert "--version: the pipeline has a version spring of another text" in message
    assert len(cluster.runs) == 1


def test_a_versions_name_that_is_taken_at_the_same_moment(cluster, connection, compiled):
    cluster.fail("POST", "upload_version", 409, message="Failed to create a pipeline version")
    assert "was taken just now by another; try again" in refused(connection, compiled)


def test_entries_are_found_on_later_pages(cluster, connection, compiled):
    cluster.page_size = 1
    for name in ("a", "b"):
        cluster.add_experiment(name)
    experiment = cluster.add_experiment("bertline")
    for _ in range(2):
        submit(connection, compiled, Wanted())
    assert {run["experiment_id"] for run in cluster.runs.values()} == {experiment}
    assert len(cluster.pipelines) == 1


def test_a_pipelines_name_that_another_namespace_has(cluster, connection, compiled):
    cluster.hidden_pipelines.add("tiny")
    assert "the name tiny is taken" in refused(connection, compiled)
    assert not cluster.runs


@pytest.mark.parametrize("status", [400, 500])
def test_older_api_servers_say_it_in_words(cluster, connection, compiled, status):
    cluster.fail("POST", "pipelines$", status, message="The name tiny already exist. Please specify a new name.")
    assert "the name tiny is taken" in refused(connection, compiled)


def test_a_pipeline_of_another_maker_is_left_alone(cluster, connection, compiled):
    key = cluster.add_pipeline("tiny", "Ann's")
    cluster.add_version(key, "first", spec={"sdkVersion": "kfp-2.5.0"})
    message = refused(connection, compiled)
    assert "there is a pipeline tiny" in message
    assert "that bertline did not make" in message
    assert len(cluster.versions) == 1


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_pipeline_that_was_uploaded_by_hand_is_ours(cluster, connection, compiled, wrapped):
    spec = {"sdkVersion": "bertline-0.0.1"}
    key = cluster.add_pipeline("tiny")
    cluster.add_version(key, "by hand", spec={"pipeline_spec": spec, "platform_spec": {}} if wrapped else spec)
    assert prepare(connection, compiled, Wanted()).version.pipeline_id == key


def test_without_cache_every_task_runs_anew(cluster, connection, compiled):
    cached = prepare(connection, compiled, Wanted())
    anew = prepare(connection, compiled, Wanted(cache=False))
    assert anew.version.version_id != cached.version.version_id
    spec, platform = yaml.safe_load_all(cluster.asked("POST", "/pipelines/upload_version")[-1].body["text"])
    assert "cachingOptions" not in spec["root"]["dag"]["tasks"]["Observe"]
    assert platform == compiled.platform


def test_without_cache_nothing_else_changes(compiled):
    anew = parse_compiled(text_of(compiled, cache=False), "anew.yaml")
    assert anew.spec != compiled.spec
    anew.spec.root.dag.tasks["Observe"].caching_options.enable_cache = True
    assert anew.spec == compiled.spec
    assert anew.kubernetes == compiled.kubernetes


def test_several_users(cluster, compiled):
    cluster.multi_user = True
    settings = Api(host=cluster.url, namespace="team", experiment="nightly", service_account="runner")
    connection = connect(settings, environment={})
    submit(connection, compiled, Wanted())
    assert [entry["namespace"] for entry in cluster.experiments.values()] == ["team"]
    assert [entry["namespace"] for entry in cluster.pipelines.values()] == ["team"]
    assert cluster.asked("POST", "/runs")[0].body["service_account"] == "runner"


def test_an_experiment_that_is_archived(cluster, connection, compiled):
    cluster.add_experiment("bertline", storage_state="ARCHIVED")
    assert "the experiment bertline is archived" in refused(connection, compiled)


def test_an_experiment_that_another_makes_at_the_same_moment(cluster, connection, compiled, monkeypatch):
    def create(*arguments, **settings):
        cluster.add_experiment("bertline")
        raise ApiError("taken", 409)

    monkeypatch.setattr(connection.client, "create_experiment", create)
    assert not prepare(connection, compiled, Wanted()).experiment.is_new


def test_what_the_api_says_of_a_run_is_told(cluster, connection, compiled):
    cluster.fail("POST", "runs$", 400, message="Invalid input error: unknown parameter")
    assert "Invalid input error: unknown parameter; mend what it names" in refused(connection, compiled)


def test_artifacts_go_where_the_pipeline_says(cluster, connection, compiled):
    rooted = parse_compiled(f"defaultPipelineRoot: s3://bucket/path\n{compiled.text}", "rooted.yaml")
    submit(connection, rooted, Wanted())
    assert cluster.asked("POST", "/runs")[0].body["runtime_config"]["pipeline_root"] == "s3://bucket/path"


def test_nothing_is_printed(connection, compiled, capfd):
    submit(connection, compiled, Wanted())
    assert capfd.readouterr() == ("", "")


def test_names_are_told_apart_by_capitals(cluster, connection, compiled):
    other = cluster.add_experiment("Bertline")
    assert "differ in capitals alone are the same to the API; give --experiment 'Ber" in refused(connection, compiled)
    del cluster.experiments[other]
    cluster.add_pipeline("TINY", "bertline's")
    assert "differs in capitals alone" in refused(connection, compiled)
    assert not cluster.versions


def test_an_upload_that_was_interrupted_is_found_again(cluster, connection, compiled):
    cluster.fail("POST", "upload_version", 0, done=True)
    assert "may have been done all the same" in refused(connection, compiled)
    prepared, _ = submit(connection, compiled, Wanted())
    assert not prepared.version.is_new
    assert (len(cluster.pipelines), len(cluster.versions), len(cluster.runs)) == (1, 1, 1)


def test_a_run_that_may_have_been_started(cluster, connection, compiled):
    prepared = prepare(connection, compiled, Wanted())
    for status, in_doubt in ((0, True), (502, True), (504, True), (500, False), (400, False)):
        cluster.fail("POST", "runs$", status)
        with pytest.raises(ApiError) as caught:
            start(connection, compiled, Wanted(), prepared)
        assert caught.value.in_doubt is in_doubt
        assert ("may have been done all the same" in str(caught.value)) is in_doubt
    assert len(cluster.asked("POST", "/runs")) == 5


@pytest.mark.parametrize("names", [{"name": ""}, {"version": " "}])
def test_empty_names(names):
    with pytest.raises(KubeflowError, match="is empty; give a name, or leave the option out"):
        Wanted(**names)
