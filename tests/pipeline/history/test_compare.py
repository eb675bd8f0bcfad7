from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from components.errors import ConfigError
from pipeline.cli import main
from pipeline.history.compare import compare_runs
from pipeline.history.find import find_run
from pipeline.history.predictions import compare_answers, read_answers
from tests.pipeline.history.tiny_pipeline import run, verdict

FIRST, SECOND = "2026-01-01T10-00-00.000001", "2026-01-02T10-00-00.000001"


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("compared") / "runs"
    run(root / "one", FIRST, judged=verdict(0.8))
    judged = verdict(0.75)
    judged["metrics"]["label=pos"] = {"accuracy": 0.5}
    judged["thresholds"]["slices"] = {"length_band=0-19": {"accuracy": {"at_least": 0.1}}}
    run(root / "one", SECOND, judged=judged, epochs=3)
    run(root / "other", "2026-01-03T10-00-00.000001", names=("calm", "urgent"))
    return root


def compared(root, a, b):
    return compare_runs(find_run(root, a), find_run(root, b))


def test_settings_data_and_metrics_side_by_side(root):
    found = compared(root, FIRST, SECOND)
    assert found["settings"] == [{"key": "training.epochs", "a": 1, "b": 3}]
    assert found["code"] == []
    assert found["same"]["encoder"] is True
    assert found["same"]["schema"] is None
    by_name = {(each["slice"], each["metric"]): each for each in found["metrics"]}
    assert by_name["overall", "accuracy"]["difference"] == pytest.approx(-0.05)
    assert by_name["length_band=0-19", "accuracy"]["b"] == 0.75
    assert by_name["label=pos", "accuracy"] == {
        "slice": "label=pos", "metric": "accuracy", "a": None, "b": 0.5, "difference": None, "interval": None,
        "shared": None,
    }  # fmt: skip
    assert found["answers"] is None


def test_settings_are_those_of_the_records_where_both_runs_keep_one(root):
    a, b = find_run(root, FIRST), find_run(root, SECOND)
    a.record["config"] = {"training": {"epochs": 1}, "schema": "imdb", "gates": {"min_examples": 100}}
    assert [each["key"] for each in compare_runs(a, b)["settings"]] == ["training.epochs"]
    b.record["config"] = {"training": {"epochs": 1}, "schema": "mine", "gates": {"min_examples": 50}}
    assert [each["key"] for each in compare_runs(a, b)["settings"]] == ["schema", "gates.min_examples"]


def test_on_the_command_line(root, tmp_path):
    arguments = ["runs", "compare", f"one/{FIRST}", SECOND, "--root", str(root), "--json", str(tmp_path / "c.json")]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    for words in ("training.epochs", "overall", "0.8000", "-0.0500", "length_band=0-19", "NOT BLESSED"):
        assert words in result.output
    assert "log_loss" not in result.output
    assert json.loads((tmp_path / "c.json").read_text())["b"]["run_id"] == SECOND


def test_nothing_that_comes_from_data_is_obeyed_by_the_terminal(tmp_path):
    root, hostile = tmp_path / "runs", "\x1b[2Jname"
    for run_id, accuracy in ((FIRST, 0.8), (SECOND, 0.7)):
        judged = verdict(accuracy, blessed=False, reasons=[hostile])
        judged["metrics"][f"source={hostile}"] = {"accuracy": accuracy}
        judged["thresholds"]["metrics"][hostile] = {"at_least": 0.5}
        run(root / "one", run_id, judged=judged)
        (folder := root / "one" / "reports" / run_id).mkdir(parents=True)
        settings = {"data": {"path": f"{hostile} {run_id}"}, "encoder": {"handle": hostile}, hostile: run_id}
        (folder / "run.json").write_text(json.dumps({"config": settings}))
    run(root / "two", "2026-01-03T10-00-00.000001", names=(hostile, "urgent"))
    for arguments in (["runs"], ["runs", "compare", FIRST, SECOND], ["runs", "compare", "one", "two"]):
        told = CliRunner().invoke(main, [*arguments, "--root", str(root)])
        assert "\x1b" not in told.output
        assert "\\x1b[2Jname" in told.output


@pytest.mark.parametrize(
    ("word", "run_id"), [("one", SECOND), ("one/", SECOND), (FIRST[:12], FIRST), (f"one/{FIRST[:12]}", FIRST)]
)
def test_a_run_is_meant_by_its_task_or_the_beginning_of_its_id(root, word, run_id):
    assert find_run(root, word).run.run_id == run_id


def test_the_latest_run_of_all_is_meant_where_none_is_named(root):
    assert find_run(root, None).run.pipeline == "other"


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("2026", r"2026 may be any of 3 runs: one/2026-01-01T.*, one/2026-01-02T.*; give more of its id, or TASK/RUN"),
        ("2025", r"there is no run 2025 below .*; `bertline runs --root .*` lists"),
        ("three/2026", r"no run of three below"),
    ],
)
def test_a_run_that_cannot_be_told_is_refused(root, word, says):
    with pytest.raises(ConfigError, match=says):
        find_run(root, word)


def test_runs_of_other_labels_are_not_compared(root):
    with pytest.raises(ConfigError, match=r"one/.* \(binary: neg, pos\) and other/.*urgent\) are of other labels"):
        compared(root, "one", "other")


def write_predictions(folder: Path, rows: dict[str, tuple[int, float]], threshold: float = 0.5, label="pos") -> str:
    """Predictions as the Evaluator keeps them, by id: the target and the candidate's score."""
    told = {
        "kind": "binary",
        "names": ["neg", label],
        "scored": [label],
        "decisions": {"candidate": {"thresholds": [threshold]}},
    }
    table = pa.table(
        {
            "id": pa.array(list(rows), pa.string()),
            "target": pa.array([[target] for target, _ in rows.values()], pa.list_(pa.int8())),
            "slices": pa.array([[] for _ in rows], pa.list_(pa.string())),
            "candidate": pa.array([[score] for _, score in rows.values()], pa.list_(pa.float32())),
        }
    ).replace_schema_metadata({b"bertline": json.dumps(told).encode()})
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, folder / "predictions.parquet")
    return str(folder)


def test_answers_to_the_same_examples_are_compared(tmp_path):
    a = read_answers(write_predictions(tmp_path / "a", {"1": (1, 0.9), "2": (0, 0.6), "3": (1, 0.4), "4": (1, 0.9)}))
    # Other rows, another order, another label of 4, and a threshold of its own.
    b = read_answers(
        write_predictions(
            tmp_path / "b", {"3": (1, 0.4), "2": (0, 0.2), "1": (1, 0.25), "4": (0, 0.9), "5": (1, 1)}, 0.3
        )
    )
    assert a is not None
    assert b is not None
    assert compare_answers(a, b) == {
        "rows_a": 4, "rows_b": 5, "same": 3, "relabelled": 1, "differ": 3, "only_a_right": 1, "only_b_right": 2,
    }  # fmt: skip


@pytest.fixture
def evaluated(root, tmp_path):
    """Writes the predictions of both runs, and gives what is said of their accuracy, as JSON and on the terminal."""

    def write(a: dict[str, tuple[int, float]], b: dict[str, tuple[int, float]]) -> tuple[dict, str]:
        pasts = [find_run(root, run_id) for run_id in (FIRST, SECOND)]
        for past, rows in zip(pasts, (a, b), strict=True):
            folder = past.run.output("Evaluator", "evaluation")
            assert folder is not None
            write_predictions(Path(folder), rows)
        arguments = ["runs", "compare", FIRST, SECOND, "--root", str(root), "--json", str(tmp_path / "c.json")]
        told = CliRunner().invoke(main, arguments)
        assert told.exit_code == 0, told.output
        found = json.loads((tmp_path / "c.json").read_text())["metrics"]
        return next(each for each in found if each["metric"] == "accuracy"), " ".join(told.output.split())

    yield write
    for file in root.rglob("predictions.parquet"):
        file.unlink()


def rows(numbers: range, right: set[int]) -> dict[str, tuple[int, float]]:
    """Positive examples by number, of which some are answered right."""
    return {f"{number:03}": (1, 0.9 if number in right else 0.1) for number in numbers}


def test_a_difference_of_the_same_examples_has_its_interval(evaluated):
    accuracy, told = evaluated(rows(range(40), set(range(32))), rows(range(40), set(range(30))))
    assert accuracy["difference"] == pytest.approx(-0.05)
    low, high = accuracy["interval"]
    assert low <= -0.05 <= high
    assert accuracy["shared"] is None
    assert f"-0.0500 [{low:+.4f}, {high:+.4f}]" in told
    assert "shared" not in told


def test_an_interval_stands_beside_the_difference_of_the_examples_that_it_is_of(evaluated):
    # On the 20 shared examples B is better, on its whole split worse, as the verdicts have it.
    accuracy, told = evaluated(rows(range(40), set(range(30))), rows(range(20, 60), set(range(20, 40))))
    shared = accuracy["shared"]
    assert (shared["examples"], shared["difference"]) == (20, pytest.approx(0.5))
    low, high = shared["interval"]
    assert 0 < low < 0.5 < high
    assert (accuracy["difference"], accuracy["interval"]) == (pytest.approx(-0.05), None)
    assert f"-0.0500 +0.5000 [{low:+.4f}, {high:+.4f}] on the 20 shared examples" in told


def test_answers_that_cannot_be_compared_are_none(tmp_path):
    assert read_answers(None) is None
    assert read_answers(str(tmp_path)) is None
    (tmp_path / "predictions.parquet").write_text("no parquet")
    assert read_answers(str(tmp_path)) is None
    a = read_answers(write_predictions(tmp_path / "a", {"1": (1, 0.9)}))
    b = read_answers(write_predictions(tmp_path / "b", {"1": (1, 0.9)}, label="urgent"))
    assert a is not None
    assert b is not None
    assert compare_answers(a, b) is None
    none = read_answers(write_predictions(tmp_path / "none", {}))
    assert none is not None
    assert none.scores["candidate"].shape == (0, 1)
    assert np.array_equal(none.ids, [])
