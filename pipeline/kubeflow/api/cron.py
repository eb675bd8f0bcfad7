"""Cron lines as the scheduler of Kubeflow Pipelines reads them.

It parses with robfig/cron 1.2: six fields, seconds first, the last of which may be missing. A line of the usual five
would so be taken for one of seconds to months, without an error: hence the check, and the seconds put before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone

from croniter import CroniterBadDateError, croniter

from pipeline.kubeflow.errors import KubeflowError

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


@dataclass(frozen=True)
class _Field:
    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()
    is_day: bool = False


_FIELDS = (
    _Field("seconds", 0, 59),
    _Field("minutes", 0, 59),
    _Field("hours", 0, 23),
    _Field("day of the month", 1, 31, is_day=True),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of the week", 0, 6, _DAYS, is_day=True),
)
_DESCRIPTORS = {
    "@yearly": "0 0 0 1 1 *",
    "@annually": "0 0 0 1 1 *",
    "@monthly": "0 0 0 1 * *",
    "@weekly": "0 0 0 * * 0",
    "@daily": "0 0 0 * * *",
    "@midnight": "0 0 0 * * *",
    "@hourly": "0 0 * * * *",
}
_ITEM = re.compile(r"(?P<first>[*?]|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\d+))?")


def read_cron(line: str) -> str:
    """The six fields, seconds first, of a cron line of five or six fields or a descriptor such as `@daily`.

    Raises:
        KubeflowError: it is none; the field at fault is named.
    """
    fields = _fields(line)
    for value, field in zip(fields, _FIELDS, strict=True):
        for item in value.split(","):
            fault = _fault(item, field)
            if fault is not None:
                raise KubeflowError(f"--cron {line!r}: {field.name} is {value!r}: {fault}")
    return " ".join(fields)


def next_times(fields: str, count: int = 3, after: datetime | None = None) -> list[datetime]:
    """The next times of six checked fields, in UTC. Raises KubeflowError where there is none, as on 30 February."""
    schedule = croniter(
        fields.lower(),
        after or datetime.now(timezone.utc),
        second_at_beginning=True,
        day_or=not _is_either_day_open(fields),
    )
    try:
        return [schedule.get_next(datetime) for _ in range(count)]
    except CroniterBadDateError as error:
        raise KubeflowError(f"--cron: {fields!r} never comes; mend the day or the month") from error


def _fields(line: str) -> list[str]:
    words = line.split()
    if len(words) == 1 and words[0].startswith("@"):
        if words[0].lower() not in _DESCRIPTORS:
            raise KubeflowError(
                f"--cron {line!r}: there are {', '.join(_DESCRIPTORS)}; write one of these, or five fields"
            )
        return _DESCRIPTORS[words[0].lower()].split()
    if len(words) == 5:
        return ["0", *words]
    if len(words) == 6:
        return words
    raise KubeflowError(
        f"--cron {line!r} has {len(words)} fields; write five (minutes, hours, day of the month, month, day of the "
        "week) or six (seconds first), such as '0 2 * * *' for 02:00 every night"
    )


def _is_either_day_open(fields: str) -> bool:
    """Whether an item of a day field begins with a star: then both must hold; else, as cron has it, either does."""
    words = fields.split()
    days = [words[index] for index, field in enumerate(_FIELDS) if field.is_day]
    return any(item.startswith(("*", "?")) for day in days for item in day.split(","))


def _fault(item: str, field: _Field) -> str | None:
    """What is wrong with one of the items, between commas, of a field; None if nothing is."""
    match = _ITEM.fullmatch(item)
    if match is None:
        return f"write *, numbers from {field.least} to {field.most}, ranges (1-5), steps (*/2) and lists (1,3)"
    if match["step"] is not None and int(match["step"]) == 0:
        return "a step is 1 or more"
    if match["first"] in ("*", "?"):
        return _fault_of_star(match, field)
    return _fault_of_numbers(match, field)


def _fault_of_star(match: re.Match[str], field: _Field) -> str | None:
    if match["last"] is not None:
        return "a range has a number on both sides"
    if match["first"] == "?" and not field.is_day:
        return "? stands for any day; write * here"
    return None


def _fault_of_numbers(match: re.Match[str], field: _Field) -> str | None:
    numbers = [_number(word, field) for word in (match["first"], match["last"]) if word is not None]
    for number, word in zip(numbers, (match["first"], match["last"]), strict=False):
        if number is None or not field.least <= number <= field.most:
            sunday = "; Sunday is 0" if field.names is _DAYS and word == "7" else ""
            names = f" or {field.names[0]} to {field.names[-1]}" if field.names else ""
            return f"{word} is not from {field.least} to {field.most}{names}{sunday}"
    if len(numbers) == 2 and (numbers[0] or 0) > (numbers[1] or 0):
        return "the range ends before it begins"
    return None


def _number(word: str, field: _Field) -> int | None:
    if word.lower() in field.names:
        return field.names.index(word.lower()) + field.least
    return int(word) if word.isascii() and word.isdigit() else None
