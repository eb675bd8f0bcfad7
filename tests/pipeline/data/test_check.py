"""`bertline data check`, in this process: what it prints, and whether a run would go on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from components.errors import DataError
from pipeline.config import Config
from pipeline.config_file import load_config
from pipeline.data.check import check

REVIEWS = [(f"Review number {number}, which was {'so ' * (number % 7)}fine.", number % 2) for number in range(900)]


def write_csv(path: Path, rows: Sequence[tuple[str, object]]) -> str:
    path.parent.mkdir(exist_ok=True)
    path.write_text("text,label\n" + "".join(f'"{text}",{label}\n' for text, label in rows))
    return str(path)


@pytest.fixture
def checked(tmp_path, capfd):
    """Checks data by the generic schema; whether it passed, and what was printed."""

    def run(**data) -> tuple[bool, str]:
        passed = check(config(tmp_path, **data))
        return passed, capfd.readouterr().out

    return run


def config(folder: Path, **data) -> Config:
    file = folder / "task.yaml"
    sections = {
        "pipeline": {"name": "looked-at", "root": str(folder / "runs")},
        "data": {"source": "files", **data},
        "schema": "generic",
        "labels": {"names": ["neg", "pos"], "aliases": {"0": "neg", "1": "pos"}},
        "gates": {"metrics": {"auc": {"at_least": 0.5}}},
    }
    file.write_text(yaml.safe_dump(sections))
    return load_config(str(file))


def test_sound_data_passes_and_nothing_is_left_but_the_log(checked, tmp_path):
    passed, printed = checked(path=write_csv(tmp_path / "a.csv", REVIEWS))
    assert passed, printed
    assert "900 rows: " in printed
    assert "a run would go on" in printed
    assert [path.name for path in (tmp_path / "runs" / "looked-at").iterdir()] == ["logs"]


def test_rows_in_quarantine_are_shown_and_stay_until_the_next_look(checked, tmp_path):
    path = write_csv(tmp_path / "a.csv", [*REVIEWS, ("", 1), ("fine", "meh")])
    passed, printed = checked(path=path)
    assert passed, printed
    assert f"  {path}:902: the text is empty\n" in printed
    assert "label 'meh' is none of neg, pos" in printed
    [kept] = [Path(line.removeprefix("all are in ")) for line in printed.splitlines() if line.startswith("all are in ")]
    assert [json.loads(line)["line"] for line in kept.read_text().splitlines()] == [902, 903]
    write_csv(tmp_path / "a.csv", REVIEWS)
    assert checked(path=path)[0]
    assert not kept.exists()


def test_too_many_bad_rows_do_not_pass_and_the_file_that_is_named_is_there(checked, tmp_path):
    path = write_csv(tmp_path / "a.csv", [*REVIEWS, *((f"odd {number}", "odd") for number in range(50))])
    passed, printed = checked(path=path)
    assert not passed
    assert "a run would stop: 50 of 950 rows cannot be used" in printed
    [line] = [line for line in printed.splitlines() if line.startswith("all are in ")]
    assert len(Path(line.removeprefix("all are in ")).read_text().splitlines()) == 50


def test_a_span_whose_labels_drifted_does_not_pass_and_is_told_once(checked, tmp_path):
    write_csv(tmp_path / "span-1" / "a.csv", REVIEWS)
    write_csv(tmp_path / "span-2" / "a.csv", [(text, int(number % 10 > 0)) for number, (text, _) in enumerate(REVIEWS)])
    passed, printed = checked(path=str(tmp_path / "span-{SPAN}" / "a.csv"))
    assert not passed
    assert "a run would stop at the data gate" in printed
    assert printed.count("10.0 % in span 2 (Jensen-Shannon") == 1


def test_a_first_span_passes_and_it_is_said_that_there_is_none_to_compare_with(checked, tmp_path):
    write_csv(tmp_path / "span-1" / "a.csv", REVIEWS)
    passed, printed = checked(path=str(tmp_path / "span-{SPAN}" / "a.csv"))
    assert passed, printed
    assert "There is no earlier span to compare with" in printed


def test_a_newest_span_without_rows_does_not_pass(checked, tmp_path):
    write_csv(tmp_path / "span-1" / "a.csv", REVIEWS)
    write_csv(tmp_path / "span-2" / "a.csv", [])
    passed, printed = checked(path=str(tmp_path / "span-{SPAN}" / "a.csv"), window=2)
    assert not passed
    assert "span 2: it has no row that can be used" in printed


def test_texts_of_users_that_are_not_there_do_not_pass(checked, tmp_path):
    sent = tmp_path / "sent.csv"
    sent.write_text("text\n")
    passed, printed = checked(path=write_csv(tmp_path / "a.csv", REVIEWS), serving={"path": str(sent)})
    assert not passed
    assert "users" in printed


def test_data_that_is_not_there_is_one_clear_error(checked, tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.csv"):
        checked(path=str(tmp_path / "nowhere.csv"))


def test_values_of_columns_are_shown_and_too_many_stop_it(checked, tmp_path):
    path = tmp_path / "a.csv"
    lines = [
        f'"{text}",{label},{"web" if number % 3 else "mail"},{number}' for number, (text, label) in enumerate(REVIEWS)
    ]
    path.write_text("\n".join(["text,label,channel,row", *lines]))
    passed, printed = checked(path=str(path), columns=["channel"])
    assert passed, printed
    assert "channel: web 600, mail 300" in printed
    passed, printed = checked(path=str(path), columns=["channel", "row"])
    assert not passed
    assert "a run would stop: data.columns names 'row', which has more than 50 values" in " ".join(printed.split())
