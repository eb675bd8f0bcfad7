from __future__ import annotations

import pytest

from components.errors import DataError, EncoderError
from components.transform import tokens
from pipeline.failure import explain


def raised(error, cause=None):
    try:
        raise error from cause
    except BaseException as caught:  # noqa: BLE001  the error itself is what is wanted
        return caught


def test_an_error_of_ours_is_said_as_it_is_however_deep_it_lies():
    ours = raised(DataError("rows.csv, line 3: unknown label; do this"))
    wrapped = raised(RuntimeError("while running Transform"), raised(ValueError("beam"), ours))
    assert explain(wrapped) == "rows.csv, line 3: unknown label; do this"


def test_the_outermost_error_of_ours_wins_since_it_knows_most():
    assert explain(raised(EncoderError("outer"), raised(DataError("inner")))) == "outer"


def test_any_other_error_is_its_root_cause_with_type_and_our_line():
    with pytest.raises(KeyError) as caught:
        _ = tokens.Truncation(8, "middle").head
    told = explain(raised(RuntimeError("wrapped"), caught.value))
    assert told.startswith("KeyError: 'middle' (at ")
    assert "tokens.py" in told


def test_a_wall_of_text_is_cut_to_its_first_lines():
    told = explain(ValueError("\n".join(f"line {number}" for number in range(50))))
    assert told.splitlines() == ["ValueError: line 0", "line 1", "line 2", "line 3"]


def test_an_error_without_a_message_still_has_its_type():
    assert explain(ValueError()) == "ValueError: no message"


def test_a_line_of_a_library_is_not_taken_for_ours():
    told = explain(raised(ValueError("elsewhere")))
    assert told == "ValueError: elsewhere"


def test_what_was_raised_from_none_has_no_cause_before_it():
    def fail():
        try:
            raise DataError("hidden")
        except DataError:
            raise ValueError("shown") from None

    with pytest.raises(ValueError, match="shown") as caught:
        fail()
    assert explain(caught.value) == "ValueError: shown"


def test_an_interrupt_is_called_one():
    assert explain(raised(RuntimeError("x"), KeyboardInterrupt())) == "it was interrupted"
