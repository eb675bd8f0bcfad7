"""What lies in the folder of a task's runs, ROOT/NAME. Imports nothing, so that whoever looks there need not either."""

STORE_FILE = "metadata.sqlite"  # TFX's ML Metadata
ARTIFACTS = "artifacts"  # what the steps of all runs leave: STEP/OUTPUT/EXECUTION
LOGS = "logs"
REPORTS = "reports"  # a folder a run, with its record and its report
CHECKPOINTS = "checkpoints"  # where training.checkpoints is not set
SERVED = "served"  # TF Serving's base path, where push.folder is not set
TUNE = "tune"  # what searches leave
KUBEFLOW = "kubeflow"  # object store, records and logs of `bertline compile --run-local`

RUN_ID_FORMAT = "%Y-%m-%dT%H-%M-%S.%f"
LOG, TUNE_LOG = "{}.log", "{}-tune.log"  # by the run's id
