from __future__ import annotations

from components.example_gen import profile
from components.example_gen.profile import NEWEST, SERVING, PartWriter, read_profiles, write_spans


def written(folder, part, shard, rows):
    writer = PartWriter(str(folder), part, shard)
    for row in rows:
        writer.add(*row)
    writer.flush()


def rows(count):
    return [(("pos",) if number % 2 else (), number, 5 * number, number + 2, 0.25) for number in range(count)]


def test_what_is_written_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(profile, "_ROWS_A_FILE", 4)
    written(tmp_path, NEWEST, 0, rows(10))
    written(tmp_path, NEWEST, 1, rows(1))
    written(tmp_path, SERVING, 0, [((), 3, 9, 5, 0.0)])
    write_spans(str(tmp_path), 7, 6)
    read = read_profiles(str(tmp_path))
    assert (read.newest_span, read.previous_span, set(read.tables)) == (7, 6, {NEWEST, SERVING})
    newest = read.tables[NEWEST].to_pydict()
    assert newest["words"] == [*range(10), 0]
    assert newest["label"][:2] == [[], ["pos"]]
    assert set(newest["unknown_rate"]) == {0.25}
    assert read.tables[SERVING].to_pydict()["tokens"] == [5]


def test_done_again_it_writes_the_same_files(tmp_path):
    for _ in range(2):
        written(tmp_path, NEWEST, 3, rows(10))
    [file] = (tmp_path / NEWEST).iterdir()
    before = file.read_bytes()
    written(tmp_path, NEWEST, 3, rows(10))
    assert file.read_bytes() == before


def test_nothing_to_compare(tmp_path):
    written(tmp_path, NEWEST, 0, [])
    write_spans(str(tmp_path), None, None)
    read = read_profiles(str(tmp_path))
    assert (read.tables, read.newest_span, read.previous_span) == ({}, None, None)
