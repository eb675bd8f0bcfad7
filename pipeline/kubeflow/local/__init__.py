"""Runs a compiled pipeline on this machine, step by step, as the driver and the launcher of open-source Kubeflow
Pipelines would on a cluster: the file that is submitted, its own commands, each in a process of its own.

`driver` makes what a step is given, `launcher` runs it, `store` is the object store, `records` the metadata and the
cache, `run` goes from the first step to the last. What the backend would reject is refused first
(`pipeline.kubeflow.rules`). Paths of sources in the docstrings are below `backend/src` of kubeflow/pipelines.

What remains different from a cluster, or is not known:

- Steps run one after the other, in the order of what they wait for and then of their names; a cluster runs them at
  once where it can, and goes on with the other branches after one has failed.
- A step runs in this machine's environment, not in its image: this interpreter is its `python`, this process's
  environment variables are there beside the specification's, and its working folder is an empty scratch folder.
  That the image exists, can be pulled and holds what the steps need is not tested.
- CPU, memory, accelerators, node selectors, tolerations, pull secrets and security contexts are not applied; a step is
  never evicted or killed for its memory. `activeDeadlineSeconds` is.
- Volumes are folders of this machine at the paths where a cluster mounts claims. A folder of `emptyDirMounts` is what
  lies there, not an empty one; paths of secrets' volumes and config maps are refused. Secrets' environment variables
  are this process's own.
- The object store is a folder. A key that is both an object and the beginning of other keys, which a store of objects
  can hold, is an error here; credentials, buckets, endpoints and encryption play no part. Downloads take every key that
  begins with an input's, as older backends do; newer ones leave the siblings out.
- `/minio`, `/s3`, `/gcs` and `/tmp/kfp` are below a scratch folder, which $BERTLINE_MOUNT_ROOT names for the first
  three; a step that has these paths built in would not find them.
- The key of the cache takes in claims and environment variables, as newer backends do (older ones took neither), and
  is not the backend's own hash. A cluster's administrator can turn the cache off, or let its entries expire;
  objects that the store's life-cycle rules delete stay in it, so that the output of a cached step may be gone.
- Metadata lies in an SQLite file, the cache in the same; KFP keeps the cache in the API server's database, and newer
  servers keep everything there: what they hand to a step as the type and the metadata of an input may then be more.
- Retries follow Argo's back-off. Whether a pod that is lost (evicted, its node gone) is tried again depends on Argo and
  on how it was lost; here there is none. The driver's own failures are not tried again; newer backends may.
  The dashboard's Retry of a failed run keeps what Observe saw, as it keeps every step that had ended well; a run here
  always observes anew.
- A step's output goes to its log file, and into `executor-logs` when it has ended; a cluster writes both at once. What
  a step leaves running is killed as soon as its command has ended; KFP's launcher waits for whoever holds its output.
- A run that is killed without a chance to act (SIGKILL) takes its step's process group with it; what the step has put
  into a session of its own goes on, in folders that no other run uses. A pod goes on without the API server.
- The launcher replaces placeholders in no fixed order, so that a value which holds one may be replaced in turn; here
  such a value is refused.
- Sub-pipelines, loops, conditions, exit handlers, importers and the steps that make or delete claims are refused,
  though a cluster runs them.
- The API server's own limits (quotas, the size of a request, what a user may do) are not known here.
"""

from __future__ import annotations

from pipeline.kubeflow.local.errors import StepFailedError
from pipeline.kubeflow.local.run import run_compiled, steps_of

__all__ = ["StepFailedError", "run_compiled", "steps_of"]
