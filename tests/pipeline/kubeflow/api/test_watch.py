from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from pipeline.kubeflow.api.connection import connect
from pipeline.kubeflow.api.display import RunDisplay
from pipeline.kubeflow.api.errors import ApiError
from pipeline.kubeflow.api.tasks import RunStatus, State, Task, run_status
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
from tests.pipeline.kubeflow.api.standin import look as at
from tests.pipeline.kubeflow.api.standin import node


def follow(connection, run_id, pace):
    seen: list[RunStatus] = []
    return watch(connection, run_id, seen.append, pace), seen


def step(name: str, state: str, executor: str | None = None, **extra):
    """The nodes of a step: its driver, itself and what does the work."""
    nodes = [node(f"{name}-driver", "SUCCEEDED"), node(name, state, children=(f"{name}-pod",), **extra)]
    return [*nodes, node("executor", executor, pod=f"{name}-pod")] if executor else nodes


def states(status: RunStatus) -> dict[str, str]:
    return {task.name: task.state.value for task in status.tasks if task.state is not State.WAITING}


def test_a_run_goes_its_course(cluster, connection, pace, slept):
    run_id = cluster.add_run()
    cluster.course = [
        {"state": "PENDING"},
        at("RUNNING", node("root", "RUNNING"), *step("Observe", "RUNNING", "RUNNING")),
        at("RUNNING", *step("Observe", "SUCCEEDED", "SUCCEEDED"), *step("Trainer", "RUNNING", "PENDING")),
        at("SUCCEEDED", *step("Observe", "SUCCEEDED", "SKIPPED"), *step("Trainer", "SUCCEEDED", "SUCCEEDED")),
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
    cluster.course = [
        at("RUNNING", *step("serving-check", "RUNNING"), *step("trainer", "RUNNING"), *step("observe", "SUCCEEDED"))
    ]
    status = look(connection, run_id)
    assert list(states(status)) == ["Observe", "Trainer", "ServingCheck"]
    assert tuple(task.name for task in status.tasks) == STEPS


def test_a_run_of_another_pipeline_has_no_steps_of_ours(cluster, connection):
    run_id = cluster.add_run()
    cluster.course = [at("RUNNING", *step("their-step", "RUNNING", "RUNNING"))]
    assert look(connection, run_id).tasks == ()


def test_a_driver_that_fails_is_its_steps_failure(cluster, connection):
    run_id = cluster.add_run()
    cluster.course = [failed(node("Observe-driver", "FAILED", error={"message": "no such secret"}))]
    status = look(connection, run_id)
    assert sentence(status) == "FAILED: Observe failed (no such secret)"


def test_a_driver_that_is_at_work_is_no_step_yet(cluster, connection):
    run_id = cluster.add_run()
    cluster.course = [at("RUNNING", node("Observe-driver", "RUNNING"))]
    status = look(connection, run_id)
    assert states(status) == {}
    assert len(status.tasks) == len(STEPS)


def test_the_pods_of_a_step_that_was_tried_again(cluster, connection):
    run_id = cluster.add_run()
    cluster.course = [
        at(
            "RUNNING",
            node("Observe", "RUNNING", children=("retry",)),
            node("executor", "RUNNING", pod="retry", children=("first", "second")),
            node("executor(0)", "FAILED", pod="first", children=("next",)),
            node("executor(1)", "PENDING", pod="second", children=("next",)),
            node("Trainer-driver", "PENDING", pod="next"),
        )
    ]
    observe = look(connection, run_id).tasks[0]
    assert observe.state is State.RUNNING
    assert observe.pods == ("second", "first", "retry")
    assert observe.pod_wanted is not None


def failed(*nodes, **extra):
    return at("FAILED", *nodes, **extra)


@pytest.mark.parametrize(
    ("last", "code", "told"),
    [
        (failed(*step("Trainer", "SUCCEEDED"), *step("Verdict", "FAILED")), 3, "NOT BLESSED"),
        (failed(*step("Verdict", "FAILED", error={"message": "Error (exit code 3)"})), 3, "NOT BLESSED"),
        (failed(*step("Verdict", "FAILED", error={"message": "Error (exit code 137)"})), 1, "Verdict failed"),
        (failed(*step("Trainer", "FAILED"), *step("Verdict", "FAILED")), 1, "FAILED: Trainer failed; Verdict failed"),
        (failed(*step("Trainer", "FAILED", error={"message": "OOMKilled"})), 1, r"Trainer failed \(OOMKilled\)"),
        (failed(error={"message": "no such template"}), 1, "FAILED: no such template"),
        (at("CANCELED"), 1, "CANCELED"),
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
    cluster.course = [at("CANCELING"), at("CANCELED")]
    status, seen = follow(connection, run_id, pace)
    assert [each.state for each in seen] == [State.RUNNING, State.CANCELLED]
    assert status.api_state == "CANCELED"


@pytest.mark.parametrize("word", ["ImagePullBackOff", "ErrImagePull"])
@pytest.mark.parametrize("place", ["step", "run", "history"])
def test_an_image_that_cannot_be_pulled(cluster, connection, pace, word, place):
    error = {"message": f'{word}: Back-off pulling image "registry/bertline@sha256:12"'}
    history = [{"state": "PENDING", "error": error}]
    cluster.course = [
        {
            "step": at("RUNNING", *step("Observe", "RUNNING", error=error)),
            "run": at("RUNNING", error=error),
            "history": at("RUNNING", *step("Observe", "PENDING", state_history=history)),
        }[place]
    ]
    run_id = cluster.add_run()
    with pytest.raises(StillRunningError) as caught:
        follow(connection, run_id, pace)
    assert "waits for the image registry/bertline@sha256:12, which cannot be pulled" in str(caught.value)
    assert "kubeflow.image" in str(caught.value)
    assert f"bertline cancel {run_id}" in str(caught.value)


def test_waiting_has_a_limit(cluster, connection, slept):
    run_id = cluster.add_run()
    pace = Pace(limit=12.0, sleep=slept.append, clock=lambda: sum(slept))
    with pytest.raises(StillRunningError, match=f"not ended within 12 s; it goes on: `bertline watch {run_id}`"):
        follow(connection, run_id, pace)
    assert slept == [5.0, 5.0, 5.0]


def test_an_api_that_is_away_for_a_while(cluster, connection, pace, slept):
    run_id = cluster.add_run()
    cluster.fail("GET", "runs/", 503, times=4 * 3)  # each look tries four times
    cluster.course = [at("SUCCEEDED")]
    follow(connection, run_id, pace)
    assert len(slept) == 3


def test_an_api_that_stays_away(cluster, connection, slept):
    run_id = cluster.add_run()
    cluster.fail("GET", "runs/", 503, times=999)
    with pytest.raises(ApiError, match="503"):
        follow(connection, run_id, Pace(failures=3, sleep=slept.append))
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
    seen: list[RunStatus] = []
    released = Pace(sleep=lambda seconds: cluster.released.set(), clock=pace.clock)
    cluster.course = [at("RUNNING"), at("SUCCEEDED"), at("SUCCEEDED")]
    assert watch(connection, run_id, seen.append, released).state is State.DONE


def shown(statuses, terminal=False, namespace=None):
    file = io.StringIO()
    console = Console(file=file, force_terminal=terminal, width=100, markup=False, highlight=False)
    display = RunDisplay(console, namespace)
    with display.showing():
        for status in statuses:
            display.seen(status)
    return file.getvalue()


def test_without_a_terminal_there_is_a_line_a_change():
    first = RunStatus(
        "1", "run", State.RUNNING, "RUNNING", (Task("Observe", State.RUNNING), Task("Trainer", State.WAITING))
    )
    second = RunStatus(
        "1", "run", State.RUNNING, "RUNNING", (Task("Observe", State.CACHED), Task("Trainer", State.RUNNING))
    )
    lines = shown([first, first, second, second]).splitlines()
    assert [line.split() for line in lines] == [["Observe", "running"], ["Observe", "cached"], ["Trainer", "running"]]


def test_on_a_terminal_there_is_a_table():
    status = RunStatus(
        "1", "run", State.RUNNING, "RUNNING", (Task("Observe", State.DONE), Task("Trainer", State.RUNNING))
    )
    table = shown([status], terminal=True)
    assert "step" in table
    assert "Trainer" in table


def test_a_step_that_waits_long_for_its_pod_is_told_once(cluster, connection):
    run_id = cluster.add_run()
    cluster.course = [at("RUNNING", *step("Observe", "RUNNING", "PENDING"))]
    status = look(connection, run_id)  # the stand-in's clock stands at the beginning of 2026
    told = shown([status, status], namespace="team")
    assert told.count("kubectl -n team describe pod Observe-pod") == 1


def test_a_step_that_runs_long_is_not(cluster, connection):
    run_id = cluster.add_run()
    cluster.course = [at("RUNNING", *step("Observe", "RUNNING", "RUNNING"))]
    assert "kubectl" not in shown([look(connection, run_id)])


def test_an_answer_with_nothing_in_it(connection):
    run = connection.client.api_models.V2beta1Run(run_id="1")
    assert run_status(run) == RunStatus("1", "1", State.WAITING, "PENDING")
