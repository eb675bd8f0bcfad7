"""Executes a task as it is compiled for Kubeflow, on this machine: `bertline compile --run-local`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from components.fingerprint import files_digest, json_digest
from pipeline.config import Config
from pipeline.display import Display, busy
from pipeline.home import KUBEFLOW
from pipeline.kubeflow.settings import VERDICT, Kubeflow
from pipeline.steps import Step
from pipeline.verdict import Outcome, Verdict, read_outcome

if TYPE_CHECKING:
    from pipeline.kubeflow.document import Compiled

_PACKAGES = ("pipeline", "components", "serving")
_ROOT = Path(__file__).resolve().parents[2]


class CompiledEngine:
    """Compiles the task, and runs what came out as KFP's driver and launcher would: see `pipeline.kubeflow.local`."""

    def __init__(self, config: Config, parameters: Sequence[str] = ()) -> None:
        """
        Args:
            config: the task.
            parameters: of the run, NAME=VALUE each; the others have their defaults.
        """
        self._config = with_local_image(config)
        self._words = parameters
        self._compiled: Compiled | None = None

    @property
    def _read_only(self) -> list[str]:
        volumes = self._config.kubeflow.volumes.values() if self._config.kubeflow else ()
        return [volume.path for volume in volumes if volume.read_only]

    def prepare(self, run_id: str, console: Console) -> Mapping[str, Any]:
        """Compiles. Raises BertlineError where no cluster could run the task, or this machine cannot."""
        with busy(console, "compiling"):
            from pipeline.kubeflow.compile import compile_pipeline
            from pipeline.kubeflow.local.machine import check_machine
            from pipeline.kubeflow.parameters import read_parameters

            compiled = compile_pipeline(self._config)
            check_machine(compiled, list(compiled.deployment.executors), self._read_only)
            self._parameters = read_parameters(self._words, compiled)
            self._compiled = compiled
        return {}  # what lies outside is observed by a step

    def execute(self, steps: list[Step], console: Console) -> Outcome:
        """Runs the steps, and tells the outcome from what they left, as the task Verdict does."""
        from pipeline.kubeflow.local import StepFailedError, run_compiled, steps_of

        if self._compiled is None:
            raise RuntimeError("prepare comes first")
        steps.extend(steps_of(self._compiled))
        display = Display(console, steps)
        try:
            with display.showing():
                home = self._config.pipeline.home / KUBEFLOW
                root = self._config.kubeflow.pipeline_root if self._config.kubeflow else None
                run_compiled(
                    self._compiled, home, self._parameters, display, steps=steps, read_only=self._read_only, root=root
                )
        except StepFailedError as error:
            if error.step != VERDICT or error.exit_code != Verdict.NOT_BLESSED.exit_code:
                raise
        return read_outcome(steps)


def with_local_image(config: Config) -> Config:
    """The configuration with the code itself in place of an image, by the digest of its files.

    Steps run this machine's code and packages, whatever image a cluster would run: by the digest, a change of either
    is found by the cache.
    """
    installed = sorted((each.metadata["Name"], each.version) for each in metadata.distributions())
    digest = json_digest([files_digest(_sources()), installed, sys.version])
    cluster = config.kubeflow or Kubeflow()
    image = f"local/bertline@sha256:{digest}"
    return config.model_copy(update={"kubeflow": cluster.model_copy(update={"image": image})})


def _sources() -> Iterator[tuple[str, Path]]:
    for package in _PACKAGES:
        for path in (_ROOT / package).rglob("*"):
            if path.is_file() and path.suffix != ".pyc":
                yield path.relative_to(_ROOT).as_posix(), path
