from __future__ import annotations

import pytest

from components import progress


def test_a_listener_hears_every_report_inside_its_block_and_none_after():
    heard: list[progress.Progress] = []
    first, second = (progress.Progress(done, 10, "examples", {"loss": 0.5}) for done in (1, 2))
    with progress.listening(heard.append):
        progress.report(first)
        progress.report(second)
    progress.report(progress.Progress(3, 10, "examples"))
    assert heard == [first, second]


def test_a_listener_is_gone_after_an_error_too():
    heard: list[progress.Progress] = []
    with pytest.raises(ValueError, match="step failed"), progress.listening(heard.append):
        raise ValueError("step failed")
    progress.report(progress.Progress(1, 1, "examples"))
    assert heard == []
