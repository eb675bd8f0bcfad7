"""One of several workers of a training: `python -m components.trainer.worker JOB FOLDER`, TF_CONFIG saying which.

JOB is the job.json that the Trainer step writes into its model_run folder, and FOLDER where the chief exports to; both
must be reachable for all, as must the data, the encoder and the checkpoints.
"""

from __future__ import annotations

import sys

from components.errors import BertlineError


def main(arguments: list[str]) -> int:
    """Trains; returns the exit code."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m components.trainer.worker JOB FOLDER\n")
        return 2
    import tensorflow as tf

    from components.trainer.job import Job
    from components.trainer.run import train_and_export

    try:
        with tf.io.gfile.GFile(arguments[0]) as file:
            job = Job.from_json(file.read())
        train_and_export(job, arguments[1])
    except BertlineError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
