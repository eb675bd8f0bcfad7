from __future__ import annotations

import io
from datetime import datetime, timezone

import pytest
from rich.console import Console

from pipeline.kubeflow.api import schedule
from pipeline.kubeflow.api.connection import connect
from pipeline.kubeflow.api.report import schedules_table
from pipeline.kubeflow.api.schedule import When, when
from pipeline.kubeflow.api.submit import Wanted
from pipeline.kubeflow.errors import KubeflowError
from pipeline.kubeflow.settings import Api

NIGHTLY = When("0 0 2 * * *")


def test_a_schedule_is_made(cluster, connection, compiled):
    times = When("0 0 2 * * *", "2090-01-01T00:00:00Z", "2091-01-01T00:00:00Z", catchup=True, concurrency=2)
    made = schedule.create(connection, compiled, Wanted(name="nightly", parameters={"epochs": 2}), times)
    (version,) = cluster.versions.values()
    (request,) = cluster.asked("POST", "/recurringruns")
    assert request.body == {
        "display_name": "nightly",
        "description": f"tiny {version['display_name']}",
        "experiment_id": next(iter(cluster.experiments)),
        "pipeline_version_reference": {
            "pipeline_id": version["pipeline_id"], "pipeline_version_id": version["pipeline_version_id"],
        },
        "runtime_config": {"parameters": {"epochs": 2}},
        "trigger": {
            "cron_schedule": {
                "cron": "0 0 2 * * *", "start_time": "2090-01-01T00:00:00Z", "end_time": "2091-01-01T00:00:00Z",
            }
        },
        "mode": "ENABLE",
        "no_catchup": False,
        "max_concurrency": 2,
    }  # fmt: skip
    assert made.name == "nightly"
    assert made.state == "on"
    assert made.catchup
    assert made.concurrency == 2
    assert made.version_id == version["pipeline_version_id"]
    assert made.url == f"{cluster.url}/#/recurringrun/details/{made.schedule_id}"
    assert made.next_times()[0] == datetime(2090, 1, 1, 2, tzinfo=timezone.utc)


def test_by_default_nothing_is_made_up_for_and_runs_come_one_by_one(cluster, connection, compiled):
    made = schedule.create(connection, compiled, Wanted(), NIGHTLY)
    body = cluster.asked("POST", "/recurringruns")[0].body
    assert (body["no_catchup"], body["max_concurrency"]) == (True, 1)
    assert made.name == "tiny"
    assert len(made.next_times()) == 3


def test_a_name_that_is_taken(cluster, connection, compiled):
    schedule.create(connection, compiled, Wanted(), NIGHTLY)
    with pytest.raises(KubeflowError, match="there is a schedule tiny already; give another --name"):
        schedule.create(connection, compiled, Wanted(), NIGHTLY)
    assert len(cluster.schedules) == 1


def test_all_are_listed_page_after_page(cluster, connection):
    cluster.page_size = 2
    experiment, other = cluster.add_experiment("bertline"), cluster.add_experiment("other")
    for name in ("c", "a", "e", "b", "d"):
        cluster.add_schedule(name, experiment)
    cluster.add_schedule("elsewhere", other)
    assert [found.name for found in schedule.list_schedules(connection)] == ["a", "b", "c", "d", "e"]
    assert len(cluster.asked("GET", "/recurringruns")) == 3


def test_schedules_that_were_made_by_other_means(cluster, connection):
    experiment = cluster.add_experiment("bertline")
    cluster.add_schedule("each", experiment, cron="@every 1h")
    key = cluster.add_schedule("intervals", experiment)
    cluster.schedules[key]["trigger"] = {"periodic_schedule": {"interval_second": "60"}}
    each, intervals = schedule.list_schedules(connection)
    assert each.cron == "@every 1h"
    assert intervals.cron is None
    assert each.next_times() == intervals.next_times() == []


def test_an_experiment_that_does_not_exist(cluster):
    for name in ("Default", "nightly"):
        cluster.add_experiment(name)
    connection = connect(Api(host=cluster.url, experiment="nightli"), environment={})
    with pytest.raises(KubeflowError, match=r"no experiment nightli at .* \(there is: Default, nightly\); give --exp"):
        schedule.list_schedules(connection)


@pytest.mark.parametrize("by_id", [False, True])
def test_pause_resume_delete(cluster, connection, by_id):
    key = cluster.add_schedule("nightly", cluster.add_experiment("bertline"))
    word = key if by_id else "nightly"
    paused = schedule.pause(connection, word)
    assert paused.state == "paused"
    assert paused.next_times() == []
    assert cluster.schedules[key]["status"] == "DISABLED"
    assert schedule.resume(connection, word).state == "on"
    assert cluster.schedules[key]["status"] == "ENABLED"
    assert schedule.delete(connection, word).schedule_id == key
    assert not cluster.schedules
    assert len(cluster.asked("DELETE", f"/recurringruns/{key}")) == 1


@pytest.mark.parametrize("word", ["monthly", "0a9b8c7d-0000-4000-8000-000000000000"])
def test_a_schedule_that_does_not_exist(cluster, connection, word):
    cluster.add_experiment("bertline")
    with pytest.raises(KubeflowError, match=f"there is no schedule {word} in the experiment bertline"):
        schedule.pause(connection, word)


def test_a_name_that_several_have(cluster, connection):
    experiment = cluster.add_experiment("bertline")
    keys = [cluster.add_schedule("nightly", experiment, cron) for cron in ("0 0 2 * * *", "0 0 3 * * *")]
    with pytest.raises(KubeflowError, match="2 schedules are named nightly; give the id of one") as caught:
        schedule.delete(connection, "nightly")
    assert all(key in str(caught.value) for key in keys)
    assert len(cluster.schedules) == 2


def test_what_the_api_refuses_is_told(cluster, connection):
    key = cluster.add_schedule("nightly", cluster.add_experiment("bertline"))
    cluster.fail("POST", ":disable", 403, message="no right")
    with pytest.raises(KubeflowError, match=r"403 .*no right"):
        schedule.pause(connection, key)


def test_times_are_written_in_utc():
    times = when("0 2 * * *", "2090-01-01T02:00:00+02:00", "2091-01-01T00:00:00Z", True, 3)
    assert times == When("0 0 2 * * *", "2090-01-01T00:00:00Z", "2091-01-01T00:00:00Z", True, 3)


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [
        ("tomorrow", None, "--start tomorrow is no time"),
        ("2090-01-01T02:00:00", None, "lacks its time zone"),
        (None, "2020-01-01T00:00:00Z", "--end .* lies before now"),
        ("2090-01-02T00:00:00Z", "2090-01-01T00:00:00Z", "--end .* lies before --start"),
        ("2090-01-01T00:00:00Z", "2090-01-01T01:00:00Z", "--end .* lies before the first run, 2090-01-01 02:00:00"),
    ],
)
def test_times_that_are_none(start, end, told):
    with pytest.raises(KubeflowError, match=told):
        when("0 2 * * *", start, end, False, 1)


@pytest.mark.parametrize(
    ("status", "mode", "state"),
    [
        ("ENABLED", "ENABLE", "on"),
        ("DISABLED", "DISABLE", "paused"),
        ("STATUS_UNSPECIFIED", "ENABLE", "error"),
        (None, "ENABLE", "on"),
        (None, "DISABLE", "paused"),
    ],
)
def test_the_states_of_a_schedule(cluster, connection, status, mode, state):
    key = cluster.add_schedule("nightly", cluster.add_experiment("bertline"))
    cluster.schedules[key] |= {"status": status, "mode": mode, "error": {"message": "no such version"}}
    (found,) = schedule.list_schedules(connection)
    assert found.state == state
    assert bool(found.next_times()) is (state == "on")
    file = io.StringIO()
    Console(file=file, width=200).print(schedules_table([found]))
    assert f"{state}: no such version" in file.getvalue()


def test_several_users(cluster, compiled):
    cluster.multi_user = True
    connection = connect(Api(host=cluster.url, namespace="team", service_account="runner"), environment={})
    made = schedule.create(connection, compiled, Wanted(name="nightly"), NIGHTLY)
    assert cluster.asked("POST", "/recurringruns")[0].body["service_account"] == "runner"
    assert [found.schedule_id for found in schedule.list_schedules(connection)] == [made.schedule_id]
    assert schedule.pause(connection, "nightly").state == "paused"
    other = connect(Api(host=cluster.url, namespace="other"), environment={})
    with pytest.raises(KubeflowError, match="there is no experiment bertline"):
        schedule.list_schedules(other)


def test_a_schedule_that_differs_in_capitals_is_another(cluster, connection):
    cluster.add_schedule("Nightly", cluster.add_experiment("bertline"))
    with pytest.raises(KubeflowError, match="there is no schedule nightly"):
        schedule.delete(connection, "nightly")
    assert len(cluster.schedules) == 1


@pytest.mark.parametrize("status", [0, 503])
def test_a_schedule_that_may_have_been_made(cluster, connection, compiled, status):
    cluster.fail("POST", "recurringruns$", status, done=True)
    with pytest.raises(KubeflowError, match="may have been done all the same"):
        schedule.create(connection, compiled, Wanted(), NIGHTLY)
    with pytest.raises(KubeflowError, match="there is a schedule tiny already"):
        schedule.create(connection, compiled, Wanted(), NIGHTLY)
