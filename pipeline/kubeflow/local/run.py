"""A run of a compiled pipeline on this machine, from the first step to the last."""

from __future__ import annotations

import dataclasses
import functools
import graphlib
import os
import shutil
import uuid
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from kfp.pipeline_spec import pipeline_spec_pb2

from pipeline.kubeflow.container.executor_input import LOGS
from pipeline.kubeflow.container.mounts import FOLDERS
from pipeline.kubeflow.document import Compiled
from pipeline.kubeflow.errors import KubeflowError
from pipeline.kubeflow.local.driver import Run, fingerprint, provide_outputs, resolve_inputs, run_root
from pipeline.kubeflow.local.errors import AttemptError, StepFailedError
from pipeline.kubeflow.local.launcher import Attempt, launch
from pipeline.kubeflow.local.machine import check_machine, claims, secrets
from pipeline.kubeflow.local.parameters import run_parameters
from pipeline.kubeflow.local.records import Outputs, Records
from pipeline.kubeflow.local.retries import Clock, with_retries
from pipeline.kubeflow.local.store import ObjectStore
from pipeline.kubeflow.local.support import check_supported
from pipeline.kubeflow.rules import check
from pipeline.kubeflow.rules.graph import dependencies
from pipeline.kubeflow.rules.kubernetes import executor_config
from pipeline.only_run import only_run
from pipeline.sigterm import sigterm_as_interrupt
from pipeline.steps import State, Step

# KFP's own (v2/config). A run is given its root when it is submitted; the specification's is read by no backend.
DEFAULT_PIPELINE_ROOT = "minio://mlpipeline/v2/artifacts"
_STORED = tuple(FOLDERS)
_SCRATCH = "scratch"
_TAIL_LINES = 20
_TAIL_BYTES = 16384


class Observer(Protocol):
    """Who is told of a step's start and end."""

    def changed(self, step: Step) -> None:
        """The step has started, or has ended."""


def steps_of(compiled: Compiled) -> list[Step]:
    """The steps of a pipeline that `rules.check` lets pass, in the order in which they run here: after all that they
    wait for, then by name. Raises KubeflowError where they cannot run here.
    """
    check_supported(compiled)
    tasks = compiled.spec.root.dag.tasks
    sorter = graphlib.TopologicalSorter({name: dependencies(task) for name, task in tasks.items()})
    sorter.prepare()
    ordered: list[Step] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        ordered += [Step(name) for name in ready]
        sorter.done(*ready)
    return ordered


def run_compiled(
    compiled: Compiled,
    home: Path,
    parameters: Mapping[str, Any],
    observer: Observer,
    *,
    root: str | None = None,
    steps: list[Step] | None = None,
    read_only: Collection[str] = (),
    clock: Clock | None = None,
) -> list[Step]:
    """Runs a compiled pipeline. To be called in the main thread: SIGTERM ends the run as Ctrl-C does.

    Args:
        compiled: the pipeline.
        home: folder of this pipeline's runs: `store` (the object store), `records.sqlite`, `logs/RUN/STEP.log`.
        parameters: runtime parameters, as JSON values by name; the rest have their defaults.
        observer: is told of every step's start and end.
        root: URI below which the artifacts go, as a run is given it when it is submitted; KFP's default else.
        steps: what `steps_of` gave, where the caller has checked the pipeline and wants to watch; they are filled in as
            the run goes on.
        read_only: mount paths of volumes that need not be written here, which the specification cannot say.
        clock: time, for the waiting between attempts.

    Returns:
        The steps in the order in which they ran; the outputs of each are paths in the object store by name.

    Raises:
        StepFailedError: a step has failed; those after it are still waiting.
        KubeflowError: the run could not begin: the backend would reject the pipeline or a parameter, this machine lacks
            a volume or a secret, or another run is going on in `home`.
    """
    if steps is None:
        check(compiled)
        steps = steps_of(compiled)
    root = root or DEFAULT_PIPELINE_ROOT
    if not root.startswith(_STORED):
        raise KubeflowError(f"the pipeline's root {root} is in no object store; begin it with {' or '.join(_STORED)}")
    values = run_parameters(compiled, parameters)
    tasks = compiled.spec.root.dag.tasks
    labels = {compiled.spec.components[task.component_ref.name].executor_label for task in tasks.values()}
    check_machine(compiled, labels, read_only)
    home = home.absolute()
    with only_run(home, "home", KubeflowError), sigterm_as_interrupt():
        _clear(home)  # what a killed run has left
        try:
            running = _Running.begin(compiled, home, root, values, clock or Clock())
            for step in steps:
                running.run_step(step, observer)
        finally:
            _clear(home)
    return steps


@dataclasses.dataclass
class _Running:
    """A run that is going on."""

    compiled: Compiled
    home: Path
    parameters: Mapping[str, Any]
    clock: Clock
    run: Run
    records: Records
    finished: dict[str, Outputs]

    @classmethod
    def begin(
        cls, compiled: Compiled, home: Path, pipeline_root: str, parameters: Mapping[str, Any], clock: Clock
    ) -> _Running:
        run_id = str(uuid.uuid4())
        root = run_root(pipeline_root, compiled.name, run_id)
        records = Records(home / "records.sqlite", compiled.name, run_id, root)
        shown = f"{compiled.name} {datetime.now().astimezone():%Y-%m-%d %H-%M-%S}"
        run = Run(compiled.name, run_id, shown, root, records.start_run(parameters))
        return cls(compiled, home, parameters, clock, run, records, {})

    def run_step(self, step: Step, observer: Observer) -> None:
        """Runs one step, or takes its outputs from the cache; raises StepFailedError."""
        step.start()
        observer.changed(step)
        try:
            state, outputs = self._drive(step.name)
        except BaseException as error:
            step.end(State.FAILED)
            observer.changed(step)
            if isinstance(error, AttemptError):
                log = self._log(step.name)
                raise StepFailedError(step.name, str(error), error.exit_code, log, _tail(log)) from error
            raise
        self.finished[step.name] = outputs
        step.end(state, self._places(outputs))
        observer.changed(step)

    def _drive(self, name: str) -> tuple[State, Outputs]:
        """What the driver does with a task, and the launcher after it (v2/driver/container.go, Container)."""
        work = _Work.of(name, self.compiled)
        inputs = resolve_inputs(work.task, work.component, self.parameters, self.finished, self.run)
        salt = str(uuid.uuid4())

        def given_in(scratch: Path) -> Any:
            """A pod's /tmp is a new one in each attempt, and nothing else differs."""
            outputs = provide_outputs(self.run, name, work.component, scratch / "tmp", salt)
            return pipeline_spec_pb2.ExecutorInput(inputs=inputs, outputs=outputs)

        given = given_in(self._scratch(name, 0))
        key = None
        if work.task.caching_options.enable_cache:
            key = fingerprint(given, work.component, work.container, claims(work.config))
        cached = self.records.cached(key) if key is not None else None
        execution = self.records.start(name, inputs, key)
        if cached is not None:
            return State.CACHED, self.records.reuse(execution, cached, set(given.outputs.artifacts))
        try:
            make = functools.partial(self._attempt, work, given_in, execution)
            return State.DONE, with_retries(work.task.retry_policy, make, self.clock)
        except BaseException:
            self.records.fail(execution)
            raise

    def _attempt(
        self, work: _Work, given_in: Callable[[Path], Any], execution: int, number: int, seconds: float | None
    ) -> Outputs:
        """One attempt, in a folder that is its own and goes with it, as a pod's are: what still writes into an earlier
        one's harms nobody.
        """
        log, scratch = self._log(work.name), self._scratch(work.name, number)
        if number:
            with log.open("a", encoding="utf-8") as file:
                file.write(f"launcher: attempt {number + 1}\n")
        limits = [limit for limit in (work.config.active_deadline_seconds or None, seconds) if limit is not None]
        attempt = Attempt(
            executor_input=given_in(scratch),
            component=work.component,
            container=work.container,
            environment=work.environment(),
            root=self.run.root,
            scratch=scratch,
            log=log,
            seconds=min(limits, default=None),
        )
        try:
            parameters, artifacts = launch(attempt, self._store)
            return self.records.complete(execution, parameters, artifacts)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _log(self, name: str) -> Path:
        return self.home / "logs" / self.run.run_id / f"{name}.log"

    def _scratch(self, name: str, attempt: int) -> Path:
        return self.home / _SCRATCH / self.run.run_id / f"{name}-{attempt}"

    @property
    def _store(self) -> ObjectStore:
        return ObjectStore(self.home / "store")

    def _places(self, outputs: Outputs) -> dict[str, str]:
        """Where the declared outputs lie here; what a step has put elsewhere is left as the step says."""
        declared = {name: one.uri for name, one in sorted(outputs.artifacts.items()) if name != LOGS}
        return {name: str(self._store.path(uri)) if uri.startswith(_STORED) else uri for name, uri in declared.items()}


@dataclasses.dataclass(frozen=True)
class _Work:
    """A task, and all that the compiled file says of how it is done."""

    name: str
    task: Any
    component: Any
    container: Any
    config: Any

    @classmethod
    def of(cls, name: str, compiled: Compiled) -> _Work:
        task = compiled.spec.root.dag.tasks[name]
        component = compiled.spec.components[task.component_ref.name]
        label = component.executor_label
        container = compiled.deployment.executors[label].container
        return cls(name, task, component, container, executor_config(compiled.kubernetes.get(label, {})))

    def environment(self) -> dict[str, str]:
        """The environment variables of the step's command."""
        own = {variable.name: variable.value for variable in self.container.env}
        return {**os.environ, **own, **secrets(self.config, os.environ)}


def _clear(home: Path) -> None:
    shutil.rmtree(home / _SCRATCH, ignore_errors=True)


def _tail(log: Path) -> list[str]:
    """The last lines of a log, of which there may be none."""
    if not log.exists():
        return []
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
        return file.read().decode("utf-8", errors="replace").splitlines()[-_TAIL_LINES:]
