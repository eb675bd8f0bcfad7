"""What the Trainer leaves in its outputs' folders. Imports nothing, so that whoever reads it need not either."""

HISTORY_FILE = "history.json"  # what there is to tell of the training
JOB_FILE = "job.json"  # for the other workers of the same training
SERVING_MODEL = "Format-Serving"  # the SavedModel in a Model: tfx.utils.path_constants.SERVING_MODEL_DIR
