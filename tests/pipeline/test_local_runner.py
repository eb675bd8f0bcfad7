# No `from __future__ import annotations`: TFX reads the annotations themselves.

import itertools
from pathlib import Path

import pytest
from tfx.dsl.component.experimental.annotations import OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.orchestration.pipeline import Pipeline
from tfx.types import standard_artifacts

from pipeline.local_runner import ObservedDagRunner
from pipeline.run_store import connection, read_step
from pipeline.steps import State, Step


@component
def Make(text: Parameter[str], schema: OutputArtifact[standard_artifacts.Schema]) -> None:  # noqa: N802
    """Writes a file, or fails where it is asked to."""
    if text == "fail":
        raise ValueError("asked to fail")
    folder = Path(schema.uri)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "text").write_text(text)


class Recorder:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, State]] = []

    def changed(self, step: Step) -> None:
        self.told.append((step.name, step.state))


def run(tmp_path, run_id: str, *texts: str) -> tuple[list[Step], Recorder]:
    makers = [Make(text=text).with_id(f"Make{number}") for number, text in enumerate(texts)]
    for before, after in itertools.pairwise(makers):
        after.add_upstream_node(before)
    store = connection(tmp_path / "metadata.sqlite")
    pipeline = Pipeline(
        "p", str(tmp_path / "artifacts"), components=makers, enable_cache=True, metadata_connection_config=store
    )
    steps, recorder = [Step(maker.id) for maker in makers], Recorder()
    ObservedDagRunner(run_id, steps, store, recorder).run(pipeline)
    return steps, recorder


def test_each_step_is_told_as_it_starts_and_ends_and_its_outputs_are_known(tmp_path):
    steps, recorder = run(tmp_path, "run-1", "a", "b")
    assert recorder.told == [
        ("Make0", State.RUNNING), ("Make0", State.DONE), ("Make1", State.RUNNING), ("Make1", State.DONE),
    ]  # fmt: skip
    assert [Path(step.outputs["schema"], "text").read_text() for step in steps] == ["a", "b"]
    assert all(step.seconds for step in steps)


def test_what_has_not_changed_is_cached_with_the_same_outputs(tmp_path):
    first, _ = run(tmp_path, "run-1", "a", "b")
    second, _ = run(tmp_path, "run-2", "a", "c")
    assert [step.state for step in second] == [State.CACHED, State.DONE]
    assert second[0].outputs == first[0].outputs
    assert second[1].outputs != first[1].outputs


def test_a_failing_step_ends_the_run_and_the_next_run_begins_where_it_failed(tmp_path):
    with pytest.raises(Exception, match="asked to fail"):
        run(tmp_path, "run-1", "a", "fail", "c")
    steps, recorder = run(tmp_path, "run-2", "a", "b", "c")
    assert [step.state for step in steps] == [State.CACHED, State.DONE, State.DONE]
    assert recorder.told[1] == ("Make0", State.CACHED)


def test_a_run_that_is_not_in_the_store_is_looked_up_in_vain(tmp_path):
    run(tmp_path, "run-1", "a")
    store = connection(tmp_path / "metadata.sqlite")
    assert read_step(store, "p", "run-1", "Make0").state is State.DONE
    with pytest.raises(LookupError, match="run-9"):
        read_step(store, "p", "run-9", "Make0")
    with pytest.raises(LookupError, match="Make9"):
        read_step(store, "p", "run-1", "Make9")
