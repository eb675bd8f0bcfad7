"""Corrupt files through the whole step: no row vanishes unaccounted."""

from __future__ import annotations

import itertools

import pytest

from components.errors import DataError
from components.features import SPLITS
from tests.components.example_gen.corpus import Case, cases


def is_damaged(case: Case) -> bool:
    return any(reason == "damaged file" for _, reason in case.bad)


def readable(case: Case) -> bool:
    return case.refused is None and not is_damaged(case)


def by_settings() -> list[tuple[str, list[Case]]]:
    """The readable cases that one glob may read, one file each."""

    def key(case: Case) -> str:
        return f"{case.file.partition('.')[2]} {dict(case.settings)}"

    return [(name, list(group)) for name, group in itertools.groupby(sorted(filter(readable, cases()), key=key), key)]


@pytest.mark.parametrize(("name", "group"), by_settings(), ids=[name for name, _ in by_settings()])
def test_every_row_of_corrupt_files_is_an_example_a_duplicate_or_in_quarantine(execute, tmp_path, name, group):
    for number, case in enumerate(group):
        (tmp_path / f"{number}").mkdir()
        case.write(tmp_path / f"{number}")
    sound = tmp_path / "sound" / "a.csv"  # so that every split has examples of every label
    sound.parent.mkdir()
    sound.write_text("text,label\n" + "".join(f"sound text {n},{('neg', 'pos')[n % 2]}\n" for n in range(200)))
    outcome = execute(
        tmp_path / "run",
        source="files",
        path=str(tmp_path / "*" / group[0].file),
        test_path=None if group[0].file == sound.name else str(sound),  # the glob finds it, or does not
        max_bad_fraction=0.99,
        **group[0].settings,
    )
    summary = outcome.summary
    bad = [(row["file"], row["line"], row["reason"]) for row in outcome.bad_rows]
    expected = [
        (str(tmp_path / str(number) / case.file), line, reason)
        for number, case in enumerate(group)
        for line, reason in case.bad
    ]
    assert sorted(bad) == sorted(expected)
    assert summary["rows"] == 200 + sum(case.usable for case in group) + len(expected)
    examples = sum(len(outcome.examples(split)) for split in SPLITS)
    assert summary["rows"] == examples + len(bad) + sum(summary["duplicates"].values())


@pytest.mark.parametrize("case", list(filter(is_damaged, cases())), ids=lambda case: case.name)
def test_a_damaged_file_stops_the_step_and_says_where(execute, tmp_path, case):
    path = case.write(tmp_path)
    with pytest.raises(DataError, match="a file is damaged") as error:
        execute(tmp_path / "run", source="files", path=str(path), **case.settings)
    assert str(path) in str(error.value)
