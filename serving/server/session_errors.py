"""TensorFlow's errors of a computation as the wire's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import grpc
import tensorflow as tf

from serving.server.errors import ServingError, invalid_argument

_CODES = {code.value[0]: code for code in grpc.StatusCode}


@contextmanager
def as_serving_errors() -> Iterator[None]:
    """Raises ServingError for what TensorFlow raises inside the block, with the same code.

    A shape that does not fit a placeholder is the client's fault: INVALID_ARGUMENT.
    """
    try:
        yield
    except tf.errors.OpError as error:
        raise ServingError(_CODES.get(error.error_code, grpc.StatusCode.UNKNOWN), error.message) from error
    except ValueError as error:
        raise invalid_argument(str(error)) from error
