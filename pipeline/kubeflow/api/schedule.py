"""Schedules: what the API calls recurring runs."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

from pipeline.kubeflow.api.connection import Connection
from pipeline.kubeflow.api.cron import next_times, read_cron
from pipeline.kubeflow.api.errors import ApiError
from pipeline.kubeflow.api.experiments import find_experiment, find_or_create_experiment
from pipeline.kubeflow.api.pages import every, named
from pipeline.kubeflow.api.pipelines import text_of, upload
from pipeline.kubeflow.api.silence import quietly
from pipeline.kubeflow.api.submit import Wanted
from pipeline.kubeflow.document import Compiled
from pipeline.kubeflow.errors import KubeflowError


@dataclass(frozen=True)
class When:
    """When runs start.

    Attributes:
        cron: six fields, seconds first.
        start: not before, in RFC 3339; None for now.
        end: not after, in RFC 3339; None for never.
        catchup: whether runs that were missed, by a pause or a cluster that was down, are made up for.
        concurrency: how many may run at once, 1 to 10.
    """

    cron: str
    start: str | None = None
    end: str | None = None
    catchup: bool = False
    concurrency: int = 1


ON, PAUSED, ERROR = "on", "paused", "error"
# What the scheduler met an error with has the status STATUS_UNSPECIFIED (apiserver/server/api_converter.go).
_STATES = {"ENABLED": ON, "DISABLED": PAUSED, "STATUS_UNSPECIFIED": ERROR}


@dataclass(frozen=True)
class Schedule:
    """A schedule on the cluster.

    Attributes:
        url: where the user interface shows it, None where that is not known.
        cron: six fields; None where it was made elsewhere, by intervals.
        state: `on`, `paused` or `error`.
        error: what the API says went wrong.
    """

    schedule_id: str
    name: str
    url: str | None
    cron: str | None
    state: str
    catchup: bool
    concurrency: int
    start: str | None
    end: str | None
    pipeline_id: str | None
    version_id: str | None
    error: str

    def next_times(self) -> list[datetime]:
        """When the next runs start, in UTC, none where it is not on or keeps no cron line that we can read."""
        if self.cron is None or self.state != ON:
            return []
        start, end = (None if time is None else datetime.fromisoformat(time) for time in (self.start, self.end))
        now = datetime.now(timezone.utc)
        try:
            times = next_times(read_cron(self.cron), after=max(now, start) if start else now)
        except KubeflowError:  # made by other means, in a form that only the scheduler knows
            return []
        return [time for time in times if end is None or time <= end]


def when(cron: str, start: str | None, end: str | None, catchup: bool, concurrency: int) -> When:
    """A time table in a user's words, checked. Raises KubeflowError where it is none, or never comes."""
    fields = read_cron(cron)
    since, until = _time("--start", start), _time("--end", end)
    now = datetime.now(timezone.utc)
    if until is not None and until <= max(now, since or now):
        raise KubeflowError(
            f"--end {end} lies before {'--start' if since and since > now else 'now'}; give a later time"
        )
    first = next_times(fields, count=1, after=max(now, since or now))[0]
    if until is not None and first > until:
        raise KubeflowError(f"--end {end} lies before the first run, {first:%Y-%m-%d %H:%M:%S} UTC; give a later time")
    return When(fields, _written(since), _written(until), catchup, concurrency)


def create(connection: Connection, compiled: Compiled, wanted: Wanted, when: When) -> Schedule:
    """Makes a schedule, and uploads the pipeline if its text is not there yet.

    Raises:
        KubeflowError: there is a schedule of that name, or what `submit` raises.
    """
    name = wanted.name or compiled.name
    experiment = find_or_create_experiment(connection, wanted.is_sure)
    if _named(connection, experiment.experiment_id, name):
        raise KubeflowError(
            f"there is a schedule {name} already; give another --name, or `bertline schedule delete {name}` first"
        )
    version = upload(connection, compiled, text_of(compiled, wanted.cache), wanted.version)
    made = quietly(
        connection.client.create_recurring_run,
        experiment_id=experiment.experiment_id,
        job_name=name,
        description=f"{version.pipeline} {version.name}",
        start_time=when.start,
        end_time=when.end,
        cron_expression=when.cron,
        max_concurrency=when.concurrency,
        no_catchup=not when.catchup,
        params=dict(wanted.parameters),
        pipeline_id=version.pipeline_id,
        version_id=version.version_id,
        pipeline_root=compiled.spec.default_pipeline_root or None,
        service_account=connection.service_account,
    )
    return replace(_schedule(connection, made), state=ON)  # the scheduler has not looked at it yet


def list_schedules(connection: Connection) -> list[Schedule]:
    """The schedules of the connection's experiment, by name. Raises KubeflowError where there is no such experiment."""
    found = every(
        connection.client.list_recurring_runs, "recurring_runs", experiment_id=find_experiment(connection).experiment_id
    )
    return sorted((_schedule(connection, entry) for entry in found), key=lambda schedule: schedule.name)


def pause(connection: Connection, name_or_id: str) -> Schedule:
    """Starts no more runs until it is resumed."""
    found = _find(connection, name_or_id)
    quietly(connection.client.disable_recurring_run, found.schedule_id)
    return replace(found, state=PAUSED)


def resume(connection: Connection, name_or_id: str) -> Schedule:
    """Starts runs again."""
    found = _find(connection, name_or_id)
    quietly(connection.client.enable_recurring_run, found.schedule_id)
    return replace(found, state=ON)


def delete(connection: Connection, name_or_id: str) -> Schedule:
    """Deletes a schedule; its runs stay."""
    found = _find(connection, name_or_id)
    quietly(connection.client.delete_recurring_run, found.schedule_id)
    return found


def _find(connection: Connection, name_or_id: str) -> Schedule:
    """The schedule of that id or name. Raises KubeflowError where there is none, or several have the name."""
    if _is_id(name_or_id):
        try:
            return _schedule(connection, quietly(connection.client.get_recurring_run, name_or_id))
        except ApiError as error:
            if error.status != 404:
                raise
    found = _named(connection, find_experiment(connection).experiment_id, name_or_id)
    if not found:
        raise KubeflowError(
            f"there is no schedule {name_or_id} in the experiment {connection.experiment}; `bertline schedule list` "
            "shows those there are"
        )
    if len(found) > 1:
        those = ", ".join(f"{schedule.schedule_id} ({schedule.cron})" for schedule in found)
        raise KubeflowError(f"{len(found)} schedules are named {name_or_id}; give the id of one: {those}")
    return found[0]


def _named(connection: Connection, experiment_id: str, name: str) -> list[Schedule]:
    found = named(connection.client.list_recurring_runs, "recurring_runs", name, experiment_id=experiment_id)
    return [_schedule(connection, entry) for entry in found]


def _schedule(connection: Connection, entry: Any) -> Schedule:
    cron = entry.trigger.cron_schedule if entry.trigger is not None else None
    version = entry.pipeline_version_reference
    return Schedule(
        schedule_id=entry.recurring_run_id,
        name=entry.display_name,
        url=connection.schedule_url(entry.recurring_run_id),
        cron=cron.cron if cron is not None else None,
        state=_STATES.get(entry.status) or (ON if entry.mode == "ENABLE" else PAUSED),
        catchup=not entry.no_catchup,
        concurrency=int(entry.max_concurrency or 1),
        start=_iso(cron.start_time) if cron is not None else None,
        end=_iso(cron.end_time) if cron is not None else None,
        pipeline_id=version.pipeline_id if version is not None else None,
        version_id=version.pipeline_version_id if version is not None else None,
        error=entry.error.message or "" if entry.error is not None else "",
    )


def _is_id(word: str) -> bool:
    try:
        return str(uuid.UUID(word)) == word
    except ValueError:
        return False


def _time(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text.replace("Z", "+00:00").replace("z", "+00:00"))
    except ValueError as error:
        raise KubeflowError(f"{option} {text} is no time; write it as 2030-01-31T02:00:00Z") from error
    if time.tzinfo is None:
        raise KubeflowError(f"{option} {text} lacks its time zone; write Z for UTC, or an offset such as +02:00")
    return time.astimezone(timezone.utc)


def _written(time: datetime | None) -> str | None:
    return None if time is None else time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _iso(time: Any) -> str | None:
    """A time of the API, which writes the epoch, or nothing, where there is none."""
    if time is None or (isinstance(time, datetime) and time.timestamp() <= 0):
        return None
    moment = time if isinstance(time, datetime) else datetime.fromisoformat(str(time).replace("Z", "+00:00"))
    return moment.astimezone(timezone.utc).isoformat()
