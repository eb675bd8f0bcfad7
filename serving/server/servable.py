"""One loaded version of a model: a SavedModel in a session of its own, as in TensorFlow Serving.

A session, not eager functions: closing it frees variables, threads and batch queues, so that swapping versions for days
leaves the memory flat.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_text  # noqa: F401  registers the operators of text models
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

from serving.server import batching
from serving.server.options import Batching, Parallelism

_TAG = "serve"
# A signature of TensorFlow's own, which initialises and is not for requests.
_INIT_OP = "__saved_model_init_op"

# What one row can make a whole batch fail with. A full queue or a lack of memory is none of these.
_FAULTS_OF_CONTENTS = (
    tf.errors.InvalidArgumentError,
    tf.errors.OutOfRangeError,
    tf.errors.DataLossError,
    tf.errors.FailedPreconditionError,
    tf.errors.NotFoundError,
    tf.errors.UnknownError,
    tf.errors.InternalError,
    tf.errors.UnimplementedError,
)

Arrays = dict[str, np.ndarray]
_Call = Callable[..., list[np.ndarray]]


class LoadError(Exception):
    """A folder that holds no SavedModel which can be served."""


class Servable:
    """A loaded SavedModel.

    Attributes:
        signatures: the SignatureDef of each signature, by key.
        callable_signatures: the keys of those that requests may name.
    """

    def __init__(
        self, folder: str, parallelism: Parallelism, batching_options: Batching | None, request_rows: int
    ) -> None:
        """Loads the SavedModel.

        Args:
            folder: of the version.
            parallelism: threads of the session.
            batching_options: None computes each request alone.
            request_rows: rows of a request at most.

        Raises:
            LoadError: the folder holds no SavedModel of TensorFlow 2 for serving.
            Exception: whatever TensorFlow raises for one that is damaged.
        """
        self.signatures: dict[str, meta_graph_pb2.SignatureDef] = _read_signatures(folder)
        graph = tf.Graph()
        with graph.as_default():
            model: Any = tf.saved_model.load(folder)
            entries = {
                key: _Entry(key, model.signatures[key], batching_options, request_rows)
                for key in self.signatures
                if key != _INIT_OP
            }
            self.callable_signatures = frozenset(entries)
            initializers = [tf.compat.v1.global_variables_initializer(), tf.compat.v1.tables_initializer()]
        self._session = tf.compat.v1.Session(graph=graph, config=_session_config(parallelism))
        try:
            self._session.run(initializers)
            self._runs = {key: entry.bind(self._session) for key, entry in entries.items()}
        except BaseException:
            self._session.close()
            raise

    def run(self, signature: str, inputs: Mapping[str, np.ndarray]) -> Arrays:
        """Every output of the signature, by name, in the order of rows that was given.

        Args:
            signature: a key of `signatures`.
            inputs: an array for each input of the signature.

        Raises:
            tf.errors.OpError: TensorFlow's own error of the computation.
            ValueError: an array's shape or type is not the signature's.
        """
        return self._runs[signature](inputs)

    def close(self) -> None:
        """Frees everything. Nothing may be running any more."""
        self._runs.clear()
        self._session.close()


class _Entry:
    """The part of the graph that answers one signature."""

    def __init__(self, key: str, function: Any, batching_options: Batching | None, request_rows: int) -> None:
        specs: dict[str, tf.TensorSpec] = function.structured_input_signature[1]
        self._inputs = {
            name: tf.compat.v1.placeholder(spec.dtype, spec.shape, name=f"{key}_{name}") for name, spec in specs.items()
        }
        self._output_names = list(function.structured_outputs)
        flat = _flattened(function, list(specs), self._output_names, list(specs.values()))
        output_specs = [tf.TensorSpec(output.shape, output.dtype) for output in flat.outputs]
        self._bounds: Sequence[int] = ()
        placeholders = list(self._inputs.values())
        self._alone = list(flat(*placeholders))
        self._queue = tf.compat.v1.placeholder(tf.int32, [], name=f"{key}_queue")
        self._batched: list[tf.Tensor] = []
        if batching_options is None or not batching.can_be_batched(list(specs.values()), output_specs):
            return
        if batching.takes_texts(list(specs.values())):
            self._bounds = batching_options.length_class_bounds
        queues = [
            functools.partial(batching.batched, flat, placeholders, f"{key}_{number}", batching_options, request_rows)
            for number in range(len(self._bounds) + 1)
        ]
        # The queue is chosen inside the graph: TensorFlow prepares a function anew for every callable, which would cost
        # the first request of each class a second.
        self._batched = list(tf.switch_case(self._queue, queues))  # pyright: ignore[reportArgumentType]

    def bind(self, session: tf.compat.v1.Session) -> Callable[[Mapping[str, np.ndarray]], Arrays]:
        """The function that runs this signature in the session."""
        placeholders = list(self._inputs.values())
        alone: _Call = session.make_callable(self._alone, placeholders)
        batched: _Call | None = None
        if self._batched:
            batched = session.make_callable(self._batched, [self._queue, *placeholders])

        def run(inputs: Mapping[str, np.ndarray]) -> Arrays:
            given = [inputs[name] for name in self._inputs]
            # The scheduler gives a request without rows outputs without their inner dimensions.
            if batched is None or not all(values.size for values in given):
                values = alone(*given)
            else:
                values = _apart_if_it_fails(batched, alone, batching.length_class(inputs, self._bounds), given)
            return dict(zip(self._output_names, values, strict=True))

        return run


def _apart_if_it_fails(batched: _Call, alone: _Call, queue: int, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """Computes in a batch; alone if the batch fails on its contents, which may be somebody else's."""
    try:
        return batched(queue, *inputs)
    except _FAULTS_OF_CONTENTS:
        return alone(*inputs)


def _flattened(function: Any, names: list[str], outputs: list[str], specs: list[tf.TensorSpec]) -> Any:
    """The signature as a ConcreteFunction from a list of tensors to a list of tensors, in the order of the names."""

    @tf.function(input_signature=[tf.TensorSpec(spec.shape, spec.dtype) for spec in specs])
    def flat(*arguments: tf.Tensor) -> list[tf.Tensor]:
        answers = function(**dict(zip(names, arguments, strict=True)))
        return [answers[output] for output in outputs]

    return flat.get_concrete_function()  # pyright: ignore[reportFunctionMemberAccess]


def _read_signatures(folder: str) -> dict[str, meta_graph_pb2.SignatureDef]:
    path = Path(folder, "saved_model.pb")
    if not path.is_file():
        raise LoadError(f"Could not find SavedModel .pb or .pbtxt at supplied export directory path: {folder}")
    saved_model = saved_model_pb2.SavedModel()
    try:
        saved_model.ParseFromString(path.read_bytes())
    except Exception as error:  # protobuf's DecodeError is of another class in each of its implementations
        raise LoadError(f"{path} is no SavedModel: {error}") from error
    for meta_graph in saved_model.meta_graphs:
        if _TAG in meta_graph.meta_info_def.tags:
            return dict(meta_graph.signature_def)
    raise LoadError(f"Could not find meta graph def matching supplied tags: {{ {_TAG} }}")


def _session_config(parallelism: Parallelism) -> Any:
    return tf.compat.v1.ConfigProto(
        intra_op_parallelism_threads=parallelism.intra_op,
        inter_op_parallelism_threads=parallelism.inter_op,
        use_per_session_threads=True,  # threads that end with the session
    )
