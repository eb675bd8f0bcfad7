from __future__ import annotations

import subprocess
import sys

import pytest

from components.errors import ConfigError
from pipeline.tune.storage import cause_of, opened, place_of
from pipeline.tune.study import take_up

SECRET = "postgresql://me:hunter2@db.example.com:5432/trials?sslpassword=hunter3"


def test_a_file_is_what_is_given_or_the_default(tmp_path):
    assert place_of(None, tmp_path / "a.db").file == tmp_path / "a.db"
    assert place_of(str(tmp_path / "b c.db"), tmp_path / "a.db").file == tmp_path / "b c.db"
    assert place_of(f"sqlite:///{tmp_path}/c.db", tmp_path / "a.db").file == tmp_path / "c.db"


def test_a_password_is_never_shown(tmp_path):
    place = place_of(SECRET, tmp_path / "a.db")
    assert place.file is None
    assert str(place) == "postgresql://db.example.com/trials"
    with pytest.raises(ConfigError) as refusal, opened(place, take_up):
        pass
    assert "hunter" not in str(refusal.value)
    assert "postgresql://db.example.com/trials" in str(refusal.value)
    assert cause_of(ValueError("\n no login for me:hunter2\nmore"), place) == "no login for me:***"


@pytest.mark.parametrize("storage", ["sqlite://", "sqlite:///:memory:", "://", "nosuch://x/y", "postgresql://h:port/x"])
def test_what_is_no_database_is_refused(storage, tmp_path):
    with pytest.raises(ConfigError, match="--storage"), opened(place_of(storage, tmp_path / "a.db"), take_up):
        pass


def test_a_file_of_something_else_is_refused_and_stays_as_it_is(tmp_path):
    file = tmp_path / "notes.db"
    file.write_text("not a database, but a diary of some length " * 50)
    before = file.read_bytes()
    with pytest.raises(ConfigError, match=r"notes.db cannot be used: "), opened(place_of(str(file), file), take_up):
        pass
    assert file.read_bytes() == before


def test_a_folder_that_cannot_be_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(ConfigError, match="cannot be used"),
        opened(place_of(f"{tmp_path}/file/trials.db", tmp_path), take_up),
    ):
        pass


def test_a_file_is_one_searchs_at_a_time(tmp_path):
    file = tmp_path / "trials.db"
    hold = "import fasteners, sys; lock = fasteners.InterProcessLock(sys.argv[1]); lock.acquire(); print(1); input()"
    command = [sys.executable, "-c", hold, f"{file}.lock"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "1\n"
        with pytest.raises(ConfigError, match="another search has"), opened(place_of(str(file), file), take_up):
            pass
        other.communicate("\n")
    with opened(place_of(str(file), file), take_up) as storage:
        assert storage.get_all_studies() == []
