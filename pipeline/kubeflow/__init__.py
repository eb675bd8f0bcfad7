"""Kubeflow Pipelines: a task compiled for it, run as it would be there, submitted and scheduled."""
