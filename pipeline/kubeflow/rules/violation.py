"""One thing in a compiled pipeline that the backend would not run as it is written."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Violation:
    """A violation of one of the backend's rules.

    Attributes:
        where: the task, component, executor or key.
        problem: what the backend would say or do.
        remedy: what to do about it.
    """

    where: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}; {self.remedy}"
