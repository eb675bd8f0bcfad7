"""Windows through a model that notes what it is asked."""

from __future__ import annotations

import math

from components.errors import DataError
from components.example_gen.formats import delimited
from components.example_gen.rows import DAMAGED
from components.progress import listening
from pipeline.score import corpus
from pipeline.score.corpus import Item, Reading, Window, find, windows
from pipeline.score.handler import NO_NUMBER, REFUSED, score_window
from pipeline.score.models import RefusedError, Seen
from pipeline.score.output import Shards
from pipeline.score.scoring import score
from serving.client import Prediction


class Noting:
    """Scores a text by its length; refuses texts with an `r`."""

    def __init__(self):
        self.asked = []

    def score(self, texts, pairs):
        self.asked.append(list(texts))
        if any("r" in text for text in texts):
            raise RefusedError("it holds an r")
        return [Prediction((math.nan if text == "nan" else len(text) / 10,), "pos") for text in texts]

    def close(self):
        pass


def window(*texts):
    return Window(0, [Item("f", line, None, text, None) for line, text in enumerate(texts, 1)], [])


def test_rows_go_sorted_by_length_and_come_back_in_order():
    model = Noting()
    scored = score_window(window("xxx", "x", "xx"), model)
    assert model.asked == [["x", "xx", "xxx"]]
    assert [item.line for item in scored.items] == [1, 2, 3]
    assert [prediction.score for prediction in scored.predictions] == [0.3, 0.1, 0.2]


def test_what_is_refused_is_found_by_halves():
    model = Noting()
    scored = score_window(window(*(f"{'r' if number == 37 else 'x'}{'y' * number}" for number in range(64))), model)
    assert [(row.line, row.reason, row.detail) for row in scored.bad] == [(38, REFUSED, "it holds an r")]
    assert len(scored.items) == 63
    assert len(model.asked) <= 2 * 7


def test_a_score_that_is_no_number_is_a_bad_row():
    scored = score_window(window("a", "nan"), Noting())
    assert [(row.line, row.reason) for row in scored.bad] == [(2, NO_NUMBER)]


def test_no_rows_need_no_model():
    assert score_window(Window(0, [], []), Noting()).items == []


def test_windows_hold_a_bounded_number_of_rows_and_characters(tmp_path, monkeypatch):
    file = tmp_path / "a.csv"
    file.write_text("text\n" + "x\n" * 2500 + ("y" * 1000 + "\n") * 10)
    [piece] = find([str(file)], Reading())
    assert [len(one.items) for one in windows(piece, Reading(), {})] == [1024, 1024, 462]
    monkeypatch.setattr(corpus, "_WINDOW_CHARACTERS", 4000)
    assert [len(one.items) for one in windows(piece, Reading(), {})] == [1024, 1024, 456, 4, 2]


def test_a_file_that_gets_out_of_reach_is_a_damaged_one(tmp_path, monkeypatch):
    file = tmp_path / "a.csv"
    file.write_text("text\nx\ny\n")
    [piece] = find([str(file)], Reading())
    read = delimited.read

    def broken(*arguments):
        yield next(read(*arguments))
        raise DataError("gs://it cannot be reached")

    monkeypatch.setattr(delimited, "read", broken)
    [window] = windows(piece, Reading(), {})
    assert [item.text for item in window.items] == ["x"]
    assert [(row.line, row.reason) for row in window.bad] == [(2, DAMAGED)]
    assert "cannot be reached" in window.bad[0].detail


EVENTS: list[tuple[str, int]] = []


class Place:
    """A model that notes when it is asked."""

    def look(self):
        return Seen("", ("text",))

    def open(self):
        return self

    def score(self, texts, pairs):
        EVENTS.append(("scored", len(texts)))
        return [Prediction((0.5,), "pos") for _ in texts]

    def close(self):
        pass


def test_a_window_is_written_before_the_next_is_scored(tmp_path):
    """Memory is bounded so: Beam must not gather all windows between its stages."""
    file = tmp_path / "a.csv"
    file.write_text("text\n" + "x\n" * (4 * corpus.WINDOW_ROWS))
    EVENTS.clear()
    folder = tmp_path / "out"
    folder.mkdir()
    with listening(lambda progress: EVENTS.append(("written", progress.done))):
        shards = Shards(folder, "jsonl", False, "")
        score(find([str(file)], Reading()), Reading(), Place(), shards)
    assert shards.tally.scored == 4 * corpus.WINDOW_ROWS
    assert [what for what, _ in EVENTS] == ["scored", "written"] * 4
