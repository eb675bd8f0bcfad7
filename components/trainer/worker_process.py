"""This machine's worker of a training that several share, as a process of its own."""

from __future__ import annotations

import json
import logging
import os
import shlex
import socket
import subprocess
import sys

import tensorflow as tf

from components import errors, progress
from components.errors import BertlineError, TrainingError
from components.trainer import devices, worker
from components.trainer.files import JOB_FILE
from components.trainer.job import Job

_LOG = logging.getLogger(__name__)


def run_as_worker(job: Job, folder: str) -> None:
    """Trains in a process of its own: workers can be joined only before anything was computed, and TFX has by now.

    The other workers run the same command (`components.trainer.worker`) with a TF_CONFIG of their own. What the worker
    prints goes where this process prints, as it comes; its progress is reported here; and it ends when this one does.

    Raises:
        BertlineError: the worker's own.
        TrainingError: it ended in any other way than well.
    """
    path = os.path.join(job.log_dir, JOB_FILE)
    tf.io.gfile.makedirs(job.log_dir)
    with tf.io.gfile.GFile(path, "w") as file:
        file.write(job.to_json())
    command = [sys.executable, "-m", worker.__name__, path, folder]
    _LOG.info("training as worker %d of all that run: %s", devices.worker_number(), shlex.join(command))
    here, there = socket.socketpair()
    with here:
        with there:
            process = subprocess.Popen([*command, "--starter", str(there.fileno())], pass_fds=[there.fileno()])
        try:
            error = _heed(here)
            code = process.wait()
        finally:
            process.kill()  # where this one was interrupted; else it has ended
            process.wait()
    if error is not None:
        raise error
    if code:
        raise TrainingError(f"the worker ended with exit code {code}; see the log")


def _heed(told: socket.socket) -> BertlineError | None:
    """Reports what the worker reports until it has ended; returns its error, if it told one."""
    error = None
    with told.makefile(encoding="utf-8") as lines:
        for line in lines:
            if not line.endswith("\n"):  # it was killed while it wrote
                break
            message = json.loads(line)
            if worker.PROGRESS in message:
                progress.report(progress.Progress(**message[worker.PROGRESS]))
            else:
                error = getattr(errors, message[worker.ERROR])(message[worker.MESSAGE])
    return error
