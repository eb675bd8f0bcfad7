from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from rich.console import Console

from pipeline.kubeflow.api.connection import connect
from pipeline.kubeflow.api.display import RunDisplay
from pipeline.kubeflow.api.errors import ApiError
from pipeline.kubeflow.api.tasks import RunStatus, Task, run_status
from pipeline.kubeflow.api.watch import (
    Pace,
    StillRunningError,
    cancel,
    exit_code,
    look,
    sentence,
    watch,
)
from pipeline.kubeflow.errors import KubeflowError
from pipeline.kubeflow.settings import STEPS, Api
from pipeline.steps import State
from tests.pipeline.kubeflow.api.workflow import Step
from tests.pipeline.kubeflow.api.workflow import look as at


class Seen(list):
    """What an observer is told."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[ApiError] = []

    def seen(self, status: RunStatus) -> None:
        self.append(status)

    def away(self, error: ApiError) -> None:
        self.errors.append(error)


def follow(connection, run_id, pace):
    seen = Seen()
    return watch(connection, run_id, seen, pace), seen


def states(status: RunStatus) -> dict[str, str]:
    return {task.name: task.state.value for task in status.tasks if task.state is not State.WAITING}


def test_a_run_goes_its_course(cluster, connection, pace, slept):
    run_id = cluster.add_run()
    cluster.course = [
        {"state": "PENDING"},
        at("RUNNING", Step("Observe", "Running")),
        at("RUNNING", Step("Observe"), Step("Trainer", "Running", "Pending")),
        at("SUCCEEDED", Step("Observe", executor="Skipped"), Step("Trainer")),
    ]
    status, seen = follow(connection, run_id, pace)
    assert [states(each) for each in seen] == [
        {},
        {"Observe": "running"},
        {"Observe": "done", "Trainer": "running"},
        {"Observe": "cached", "Trainer": "done"},
    ]
    assert slept == [5.0, 5.0, 5.0]
    assert exit_code(status) == 0
    assert sentence(status) == "SUCCEEDED"
    assert [task.seconds(task.ended) for task in status.tasks if task.ended] == [60.0, 60.0]


def test_steps_come_in_the_pipelines_order_whatever_the_backend_makes_of_their_names(cluster, connection):
    run_id = cluster.add_run()
    cluster.course = [at("RUNNING", Step("observe"), Step("serving-check", "Running"), Step("trainer", "Running"))]
    status = look(connection, run_id)
    assert list(states(status)) == ["Observe", "Trainer", "ServingCheck"]
    assert tuple(task.name for task in status.tasks) == STEPS


def test_a_run_of_another_pipeline_has_no_steps_of_ours(cluster, connection):
    run_id = cluster.add_run()
    cluster.course = [at("RUNNING", Step("their-step", "Running"))]
    assert look(connection, run_id).tasks == ()


def test_a_driver_that_fails_is_its_steps_failure(cluster, connection):
    run_id = cluster.add_run()
    cluster.course = [at("FAILED", Step("Observe", None, driver="Error"))]
    status = look(connection, run_id)
    assert [(task.name, task.failed_in) for task in status.failed] == [("Observe", "driver")]
    assert sentence(status).startswith("FAILED: Observe failed in its driver; the API gives no reason")


def test_a_driver_that_is_at_work_is_no_step_yet(cluster, connection):
    run_id = cluster.add_run()
    cluster.course = [at("RUNNING", Step("Observe", None, driver="Running"))]
    status = look(connection, run_id)
    assert states(status) == {}
    assert len(status.tasks) == len(STEPS)


def test_the_pod_of_a_step(cluster, connection):
    run_id = cluster.add_run()
    observe, trainer = Step("Observe"), Step("Trainer", "Running")
    cluster.course = [at("RUNNING", observe, trainer)]
    tasks = {task.name: task for task in look(connection, run_id).tasks}
    assert tasks["Observe"].pods == (observe.pod(),)
    assert tasks["Trainer"].pods == (trainer.pod(),)
    assert tasks["Observe"].pod_wanted is None


def test_the_pods_of_a_step_that_was_tried_again(cluster, connection):
    run_id = cluster.add_run()
    step = Step("Observe", "Running", "Running", tries=("Failed", "Pending"))
    cluster.course = [at("RUNNING", step, Step("Trainer", None, driver="Pending"))]
    observe = look(connection, run_id).tasks[0]
    assert observe.state is State.RUNNING
    assert observe.pods == (step.pod(1), step.pod(0))
    assert observe.pod_wanted is not None


def failed(*steps, **extra):
    return at("FAILED", *steps, **extra)


@pytest.mark.parametrize(
    ("last", "code", "told"),
    [
        (failed(Step("Trainer"), Step("Verdict", "Failed")), 3, "NOT BLESSED: Verdict failed, as it does"),
        (failed(Step("Trainer"), Step("Verdict", "Failed", tries=("Failed",))), 3, "NOT BLESSED"),
        (failed(Step("Verdict", None, driver="Failed")), 1, "FAILED: Verdict failed in its driver"),
        (failed(Step("Verdict", "Failed", driver="Error")), 1, "FAILED: Verdict failed in its driver"),
        (failed(Step("Verdict", "Failed", "Succeeded")), 1, "FAILED: Verdict failed"),
        (failed(Step("Trainer", "Failed"), Step("Verdict", "Failed")), 1, "FAILED: Trainer failed, Verdict failed"),
        (failed(Step("Verdict", "Failed"), state_history=[{"state": "CANCELING"}, {"state": "FAILED"}]), 1, "CANCELL"),
        (failed(error={"message": "no such template"}), 1, "FAILED: no such template"),
        (at("CANCELED"), 1, "CANCELLED"),
        (at("SKIPPED"), 1, "SKIPPED"),
    ],
)
def test_how_a_run_ends(cluster, connection, pace, last, code, told):
    run_id = cluster.add_run()
    cluster.course = [last]
    status, _ = follow(connection, run_id, pace)
    assert exit_code(status) == code
    assert re.search(told, sentence(status))


def test_a_run_that_is_being_cancelled_has_not_ended(cluster, connection, pace):
    run_id = cluster.add_run()
    cluster.course = [at("CANCELING"), at("RUNNING"), failed(Step("Verdict", "Failed"))]
    status, seen = follow(connection, run_id, pace)
    assert [each.state for each in seen] == [State.RUNNING, State.RUNNING, State.CANCELLED]
    assert status.api_state == "FAILED"
    assert exit_code(status) == 1


def test_a_run_that_ended_well_before_it_could_be_cancelled(cluster, connection, pace):
    run_id = cluster.add_run()
    cluster.course = [at("CANCELING"), at("SUCCEEDED")]
    assert follow(connection, run_id, pace)[0].state is State.DONE


def test_waiting_has_a_limit(cluster, connection, slept):
    run_id = cluster.add_run()
    pace = Pace(limit=12.0, sleep=slept.append, clock=lambda: sum(slept))
    with pytest.raises(StillRunningError, match=f"not ended within 12 s; it goes on: `bertline watch {run_id}`"):
        follow(connection, run_id, pace)
    assert slept == [5.0, 5.0, 2.0]


def test_an_api_that_is_away_for_a_while(cluster, connection, pace, slept):
    run_id = cluster.add_run()
    cluster.fail("GET", "runs/", 503, times=4 * 3)  # each look tries four times
    cluster.course = [at("SUCCEEDED")]
    _, seen = follow(connection, run_id, pace)
    assert len(slept) == 3
    assert len(seen.errors) == 1


def test_an_api_that_stays_away(cluster, connection, slept):
    run_id = cluster.add_run()
    cluster.fail("GET", "runs/", 503, times=999)
    with pytest.raises(ApiError, match="503"):
        follow(connection, run_id, Pace(outage=15.0, sleep=slept.append, clock=lambda: sum(slept)))
    assert len(slept) == 3


def test_a_token_that_expires_ends_the_waiting(cluster, connection, pace, slept):
    run_id = cluster.add_run()
    cluster.fail("GET", "runs/", 401)
    with pytest.raises(ApiError, match="401"):
        follow(connection, run_id, pace)
    assert not slept


def test_a_run_that_does_not_exist(connection, pace):
    for act in (lambda: follow(connection, "nowhere", pace), lambda: cancel(connection, "nowhere")):
        with pytest.raises(KubeflowError, match="there is no run nowhere at http") as caught:
            act()
        assert not isinstance(caught.value, ApiError)


def test_a_run_is_cancelled(cluster, connection):
    run_id = cluster.add_run()
    assert cancel(connection, run_id).name == "a run"
    assert len(cluster.asked("POST", f"/runs/{run_id}:terminate")) == 1


def test_a_run_that_has_ended_is_not_cancelled(cluster, connection):
    run_id = cluster.add_run()
    cluster.runs[run_id]["state"] = "SUCCEEDED"
    with pytest.raises(KubeflowError, match=r"has ended already \(SUCCEEDED\)"):
        cancel(connection, run_id)
    assert not cluster.asked("POST", ".*terminate")


def test_a_slow_run_is_waited_for(cluster, pace):
    connection = connect(Api(host=cluster.url).model_copy(update={"timeout_seconds": 0.1}), environment={})
    run_id = cluster.add_run()
    cluster.slow = "runs/"
    pace.sleep(1)
    seen = Seen()
    released = Pace(sleep=lambda seconds: cluster.released.set(), clock=pace.clock)
    cluster.course = [at("RUNNING"), at("SUCCEEDED"), at("SUCCEEDED")]
    assert watch(connection, run_id, seen, released).state is State.DONE


def shown(statuses, terminal=False, **settings):
    file = io.StringIO()
    console = Console(file=file, force_terminal=terminal, width=100, markup=False, highlight=False)
    display = RunDisplay(console, **{"namespace": None, **settings})
    with display.showing():
        for status in statuses:
            display.seen(status)
        if not statuses:
            display.away(ApiError("it answered 503"))
    return file.getvalue()


def test_an_outage_is_told():
    assert re.match(r"the API does not answer since \d\d:\d\d:\d\d UTC, and is asked again \(it ans", shown([]))


def test_without_a_terminal_there_is_a_line_a_change():
    first = RunStatus(
        "1", "run", State.RUNNING, "RUNNING", (Task("Observe", State.RUNNING), Task("Trainer", State.WAITING))
    )
    second = RunStatus(
        "1", "run", State.RUNNING, "RUNNING", (Task("Observe", State.CACHED), Task("Trainer", State.RUNNING))
    )
    lines = shown([first, first, second, second]).splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["Observe", "running"],
        ["Observe", "cached"],
        ["Trainer", "running"],
    ]


def test_on_a_terminal_there_is_a_table():
    status = RunStatus(
        "1", "run", State.RUNNING, "RUNNING", (Task("Observe", State.DONE), Task("Trainer", State.RUNNING))
    )
    table = shown([status], terminal=True)
    assert "step" in table
    assert "Trainer" in table


def test_a_step_that_waits_long_for_its_pod_is_told_again_and_again(cluster, connection, monkeypatch):
    run_id = cluster.add_run()
    step = Step("Observe", "Running", "Pending")
    cluster.course = [at("RUNNING", step)]
    status = look(connection, run_id)
    wanted = status.tasks[0].pod_wanted
    assert wanted is not None
    times = iter([wanted + timedelta(minutes=minutes) for minutes in (0, 1, 1, 5, 5, 9, 9, 11, 11)])
    monkeypatch.setattr("pipeline.kubeflow.api.display._now", lambda: next(times))
    told = shown([status] * 4, namespace="team", image="registry/bertline@sha256:12")
    assert told.count(f"kubectl -n team describe pod {step.pod()}` does") == 2
    assert "waiting for 5 minutes" in told
    assert "waiting for 11 minutes" in told
    assert told.count("the image registry/bertline@sha256:12 that cannot be pulled") == 2


def test_a_step_that_runs_long_is_not(cluster, connection):
    run_id = cluster.add_run()
    cluster.course = [at("RUNNING", Step("Observe", "Running"))]
    assert "kubectl" not in shown([look(connection, run_id)])


def test_an_answer_with_nothing_in_it(connection):
    run = connection.client.api_models.V2beta1Run(run_id="1")
    assert run_status(run) == RunStatus("1", "1", State.WAITING, "PENDING")
