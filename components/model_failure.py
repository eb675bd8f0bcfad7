"""Says in a sentence why a model could not be scored, without the texts that were in the batch."""

from __future__ import annotations

import tensorflow as tf

from components.errors import causes

# What TensorFlow writes around the message of the operator that failed.
_FRAME = ("Graph execution error", "Detected at node", "<stack traces", "[[{{", "File ", "(")
_MOST_CHARACTERS = 300


def cause_of(error: BaseException) -> str:
    """Type and first telling line of the error of TensorFlow's behind this one, or of this one if there is none.

    TFMA's own message repeats the batch, and the innermost error is of its first, vain way of calling a signature.
    """
    chosen = next((cause for cause in causes(error) if isinstance(cause, tf.errors.OpError)), error)
    lines = [line.strip() for line in str(chosen).splitlines()]
    telling = next((line for line in lines if line and not line.startswith(_FRAME)), "")
    return f"{type(chosen).__name__}: {telling[:_MOST_CHARACTERS]}" if telling else type(chosen).__name__
