"""The models that score a corpus: a SavedModel in this process, or one that a server has."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from components.errors import causes
from components.evaluator.decisions import written_decisions
from components.features import MULTILABEL
from components.model_folder import model_digest
from components.signatures import SERVING_DEFAULT
from serving.client import Client, InvalidRequest, Prediction, ServingError, TooLarge

_NODE = re.compile(r"\[\[\{\{node ([\w./-]+)\}\}\]\]")  # as TensorFlow names an operator of a graph


class RefusedError(Exception):
    """The model fails on what it was given: maybe on one row of it alone. Its text quotes no row."""


class UnreachableError(Exception):
    """The model cannot be asked at all."""


class TakesNothingError(Exception):
    """The model refuses whatever it is given."""


class Seen(NamedTuple):
    """What can be told of a model before it is asked.

    Attributes:
        identity: what tells it from any other.
        inputs: of its signature for texts; None where it has no such signature.
        labels: the names of its labels where they do not exclude each other, and it tells them.
    """

    identity: str
    inputs: tuple[str, ...] | None
    labels: tuple[str, ...] = ()


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

    def look(self) -> Seen:
        """What can be told without loading it. Raises UnreachableError."""
        ...

    def open(self) -> Model:
        """Loads or connects. Raises UnreachableError."""
        ...


@dataclasses.dataclass(frozen=True)
class Local:
    """A SavedModel, computed in this process in float32, as a server does, in batches of at most `batch_size`."""

    folder: str
    batch_size: int

    def look(self) -> Seen:
        """Reads its graph's description. Raises UnreachableError."""
        try:
            decisions = written_decisions(self.folder)
            labels = decisions.names if decisions and decisions.kind == MULTILABEL else ()
            return Seen(model_digest(self.folder), _inputs_of(self.folder), labels)
        except Exception as error:
            raise _unloadable(self.folder, error) from error

    def open(self) -> Model:
        """Loads it. Raises UnreachableError."""
        return _LocalModel(self.folder, self.batch_size)


@dataclasses.dataclass(frozen=True)
class Served:
    """A model that a server has: the arguments of `serving.client.Client`."""

    address: str
    model: str
    settings: dict[str, Any]

    def look(self) -> Seen:
        """Asks the server. Raises UnreachableError."""
        with contextlib.closing(Client(self.address, self.model, **self.settings)) as client:
            try:
                served = client.metadata()
            except ServingError as error:
                raise UnreachableError(str(error)) from error
        signature = served.signatures.get(SERVING_DEFAULT)
        inputs = None if signature is None else tuple(signature.inputs)
        return Seen(f"{self.address} {self.model} {served.version}", inputs)

    def open(self) -> Model:
        """Connects."""
        return _ServedModel(Client(self.address, self.model, **self.settings))


class _LocalModel:
    def __init__(self, folder: str, batch_size: int) -> None:
        import tensorflow as tf
        import tensorflow_text  # noqa: F401  registers the operators of the exported graph

        from components.precision import computing_in

        self._tf, self._float32, self._batch_size = tf, lambda: computing_in("float32"), batch_size
        try:
            with self._float32():
                self._signature = tf.saved_model.load(folder).signatures[SERVING_DEFAULT]
        except Exception as error:
            raise _unloadable(folder, error) from error

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
            raise RefusedError(_kind_of(error)) from error

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


def _inputs_of(folder: str) -> tuple[str, ...] | None:
    from tensorflow.core.protobuf import saved_model_pb2

    saved = saved_model_pb2.SavedModel.FromString((Path(folder) / "saved_model.pb").read_bytes())
    for graph in saved.meta_graphs:
        if "serve" in graph.meta_info_def.tags and SERVING_DEFAULT in graph.signature_def:
            return tuple(graph.signature_def[SERVING_DEFAULT].inputs)
    return None


def _unloadable(folder: str, error: Exception) -> UnreachableError:
    from components.model_failure import cause_of

    return UnreachableError(f"{folder} cannot be loaded: {cause_of(error)}; give a model that is whole")


def _kind_of(error: Exception) -> str:
    """The error's type and, of TensorFlow's, the operator that failed: its message might quote the texts."""
    import tensorflow as tf

    chosen = next((cause for cause in causes(error) if isinstance(cause, tf.errors.OpError)), error)
    nodes = _NODE.findall(str(chosen)) if isinstance(chosen, tf.errors.OpError) else []
    return f"{type(chosen).__name__} at {nodes[-1]}" if nodes else type(chosen).__name__
