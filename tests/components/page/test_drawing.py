from __future__ import annotations

import pytest

from components.page import drawing


@pytest.mark.parametrize(
    ("counts", "needs"), [((), False), ((0, 0), False), ((1, 20), False), ((1, 21), True), ((0, 9), False)]
)
def test_only_counts_far_apart_need_a_log_scale(counts: tuple[int, ...], needs: bool):
    assert drawing.needs_log_scale(counts) is needs
