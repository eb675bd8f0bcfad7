"""One of several workers of a training: `python -m components.trainer.worker JOB FOLDER`, TF_CONFIG saying which.

JOB is the job.json that the Trainer step writes into its model_run folder, and FOLDER where the chief exports to; both
must be reachable for all, as must the data, the encoder and the checkpoints.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import logging
import os
import socket
import sys
import threading
from collections.abc import Mapping
from typing import Any

from components import errors
from components.errors import BertlineError
from components.progress import Progress, listening

# What this process tells the one that started it, a JSON object a line.
PROGRESS, ERROR, MESSAGE = "progress", "error", "message"
_LOG = logging.getLogger(__name__)


class Starter:
    """The process that started this one, at the other end of a socket: it is told how things go, and when it ends,
    this one does.
    """

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._socket.set_inheritable(False)
        threading.Thread(target=self._end_with_it, name="starter", daemon=True).start()

    def tell_progress(self, progress: Progress) -> None:
        """Hands a report on."""
        self._tell({PROGRESS: dataclasses.asdict(progress)})

    def tell_error(self, error: BertlineError) -> None:
        """Hands over what the user can mend, as the nearest kind that `components.errors` has."""
        kinds = (kind.__name__ for kind in type(error).__mro__ if kind.__module__ == errors.__name__)
        self._tell({ERROR: next(kinds), MESSAGE: str(error)})

    def _tell(self, message: Mapping[str, Any]) -> None:
        self._socket.sendall(json.dumps(message, default=float).encode() + b"\n")

    def _end_with_it(self) -> None:
        with contextlib.suppress(OSError):  # it ended before it read all that it was told
            self._socket.recv(1)  # nothing is ever sent: the socket was closed
        _LOG.error("the process that started this worker has ended, and so does the worker")
        os._exit(1)


def main(arguments: list[str]) -> int:
    """Trains; returns the exit code."""
    parser = argparse.ArgumentParser("python -m components.trainer.worker", description="A worker of a training.")
    parser.add_argument("job", metavar="JOB", help="the job.json that the chief's Trainer wrote")
    parser.add_argument("folder", metavar="FOLDER", help="where the chief exports the model to")
    parser.add_argument("--starter", type=int, help=argparse.SUPPRESS)  # a socket's descriptor: see worker_process
    given = parser.parse_args(arguments)
    logging.getLogger("apache_beam").setLevel(logging.WARNING)  # hundreds of lines when it is imported
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.INFO)
    starter = None if given.starter is None else Starter(given.starter)
    try:
        with contextlib.nullcontext() if starter is None else listening(starter.tell_progress):
            _train(given.job, given.folder)
    except BertlineError as error:
        sys.stderr.write(f"error: {error}\n")
        if starter is not None:
            starter.tell_error(error)
        return 1
    return 0


def _train(path: str, folder: str) -> None:
    import tensorflow as tf

    from components.trainer.job import Job
    from components.trainer.run import train_and_export

    try:
        with tf.io.gfile.GFile(path) as file:
            job = Job.from_json(file.read())
    except (tf.errors.OpError, TypeError, ValueError) as error:
        raise errors.TrainingError(
            f"JOB {path} cannot be read ({error}); give the path of the job.json that the chief's Trainer wrote, which "
            "this machine must reach too"
        ) from error
    train_and_export(job, folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
