"""The models that score a corpus: a SavedModel in this process, or one that a server has."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Protocol

from serving.client import Client, InvalidRequest, Prediction, ServingError, TooLarge


class RefusedError(Exception):
    """The model fails on what it was given: maybe on one row of it alone. Its text quotes no row."""


class UnreachableError(Exception):
    """The model cannot be asked at all."""


class Model(Protocol):
    """What scores texts."""

    def score(self, texts: Sequence[str], pairs: Sequence[str] | None) -> list[Prediction]:
        """What the model says of each. Raises RefusedError; UnreachableError where other rows would fare no better."""
        ...

    def close(self) -> None:
        """Gives back what it holds."""
        ...


class Place(Protocol):
    """Where a model is."""

    def open(self) -> Model:
        """Loads or connects. Raises UnreachableError."""
        ...


@dataclasses.dataclass(frozen=True)
class Local:
    """A SavedModel, computed in this process in float32, as a server does, in batches of at most `batch_size`."""

    folder: str
    batch_size: int

    def open(self) -> Model:
        """Loads it. Raises UnreachableError."""
        return _LocalModel(self.folder, self.batch_size)


@dataclasses.dataclass(frozen=True)
class Served:
    """A model that a server has: the arguments of `serving.client.Client`."""

    address: str
    model: str
    settings: dict[str, Any]

    def open(self) -> Model:
        """Connects."""
        return _ServedModel(Client(self.address, self.model, **self.settings))


class _LocalModel:
    def __init__(self, folder: str, batch_size: int) -> None:
        import tensorflow as tf
        import tensorflow_text  # noqa: F401  registers the operators of the exported graph

        from components.precision import computing_in
        from components.signatures import SERVING_DEFAULT

        self._tf, self._float32, self._batch_size = tf, lambda: computing_in("float32"), batch_size
        try:
            with self._float32():
                self._signature = tf.saved_model.load(folder).signatures[SERVING_DEFAULT]
        except Exception as error:
            raise UnreachableError(f"{folder} cannot be loaded: {_told(error)}; give a model that is whole") from error

    def score(self, texts: Sequence[str], pairs: Sequence[str] | None) -> list[Prediction]:
        """In batches."""
        starts = range(0, len(texts), self._batch_size)
        return [prediction for start in starts for prediction in self._batch(texts, pairs, start)]

    def _batch(self, texts: Sequence[str], pairs: Sequence[str] | None, start: int) -> list[Prediction]:
        part = slice(start, start + self._batch_size)
        inputs = {"text": texts[part]} | ({} if pairs is None else {"text_pair": pairs[part]})
        try:
            with self._float32():
                given = {name: self._tf.constant(list(values), self._tf.string) for name, values in inputs.items()}
                answers = self._signature(**given)
            rows = zip(answers["scores"].numpy().tolist(), answers["predicted"].numpy().tolist(), strict=True)
            return [Prediction(tuple(scores), _label(label)) for scores, label in rows]
        except Exception as error:
            raise RefusedError(_told(error)) from error

    def close(self) -> None:
        """Nothing to give back."""


class _ServedModel:
    def __init__(self, client: Client) -> None:
        self._client = client

    def score(self, texts: Sequence[str], pairs: Sequence[str] | None) -> list[Prediction]:
        """Several requests at once."""
        try:
            return list(self._client.predict_stream(texts, pairs=pairs))
        except (InvalidRequest, TooLarge) as error:
            # Without the server's own words, which might quote a text.
            raise RefusedError(error.code.name if error.code else type(error).__name__) from error
        except ServingError as error:
            raise UnreachableError(str(error)) from error

    def close(self) -> None:
        """Ends the connection."""
        self._client.close()


def _label(predicted: Any) -> Any:
    return predicted.decode() if isinstance(predicted, bytes) else tuple(predicted)


def _told(error: Exception) -> str:
    from components.model_failure import cause_of

    return cause_of(error)
