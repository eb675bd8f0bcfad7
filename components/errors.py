"""The errors that a user can mend: their text names the file, line or key, and the remedy."""


class BertlineError(Exception):
    """Base of every error that is shown to the user as it is, without a traceback."""


class ConfigError(BertlineError):
    """A setting is missing, unknown, of the wrong type, or does not go with another."""


class DataError(BertlineError):
    """The data cannot be read, or too much of it cannot be used."""


class DataGateError(BertlineError):
    """The data can be read, but is not what its schema says: the run stops before anything is trained on it."""


class EncoderError(BertlineError):
    """The encoder cannot be found, fetched or used as a text encoder."""


class TrainingError(BertlineError):
    """Training cannot go on: no data of a class, or a loss that is not a number."""


class PushError(BertlineError):
    """The model could not be published."""
