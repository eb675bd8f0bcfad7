"""What the Trainer leaves in its model_run folder. Imports nothing, so that whoever reads it need not either."""

HISTORY_FILE = "history.json"  # what there is to tell of the training
JOB_FILE = "job.json"  # for the other workers of the same training
