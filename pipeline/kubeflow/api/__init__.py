"""The API of Kubeflow Pipelines, through `kfp.Client`: pipelines, runs and schedules."""
