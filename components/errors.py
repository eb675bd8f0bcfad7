"""The errors that a user can mend: their text names the file, line or key, and the remedy."""

from __future__ import annotations

from collections.abc import Iterator


class BertlineError(Exception):
    """Base of every error that is shown to the user as it is, without a traceback."""


class ConfigError(BertlineError):
    """A setting is missing, unknown, of the wrong type, or does not go with another."""


class DataError(BertlineError):
    """The data cannot be read, or too much of it cannot be used."""


class DataGateError(BertlineError):
    """The data can be read, but is not what its schema says: the run stops before anything is trained on it.

    `report` is the folder of what was found, None where it was not written.
    """

    def __init__(self, message: str, report: str | None = None) -> None:
        super().__init__(message)
        self.report = report


class EncoderError(BertlineError):
    """The encoder cannot be found, fetched or used as a text encoder."""


class TrainingError(BertlineError):
    """Training cannot go on: no data of a class, or a loss that is not a number."""


class SettingsError(TrainingError):
    """A training's own settings do not work, where others might: what a search tells from mistakes that all share."""


class EvaluationError(BertlineError):
    """The model that was trained cannot be scored."""


class PushError(BertlineError):
    """The model could not be published."""


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what led to it, outermost first, as a traceback shows it: `raise ... from None` ends the chain."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        # `from error` sets the cause and suppresses the context, `from None` suppresses it alone.
        current = current.__cause__ if current.__suppress_context__ else current.__context__
