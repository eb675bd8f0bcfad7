"""What is submitted: a task, which is compiled first, or a file that was compiled before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from pipeline.kubeflow.errors import KubeflowError

_MARKS = {"pipelineInfo", "pipelineSpec", "deploymentSpec", "schemaVersion"}


def is_compiled(target: str) -> bool:
    """Whether the target is a file that holds a compiled pipeline, by what stands in it."""
    path = Path(target)
    if not path.is_file():
        return False
    try:
        documents = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return False  # whoever reads it as a configuration says what is wrong
    return any(isinstance(document, dict) and not _MARKS.isdisjoint(document) for document in documents)


def check_alone(target: str, overrides: Iterable[str]) -> None:
    """Raises KubeflowError where settings are laid over a file that was compiled without them."""
    if any(True for _ in overrides):
        raise KubeflowError(f"--set has no effect on {target}, which is compiled; give it to `bertline compile`")


def api_section(layers: Iterable[str]) -> dict[str, Any]:
    """The section kubeflow.api of configuration files, later ones over earlier ones; nothing else in them is read."""
    section: dict[str, Any] = {}
    for layer in layers:
        settings: Any = _read(layer)
        for name in ("kubeflow", "api"):
            settings = settings.get(name) if isinstance(settings, Mapping) else None
        if isinstance(settings, Mapping):
            section |= settings
    return section


def _read(path: str) -> Any:
    try:
        return yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise KubeflowError(f"--with {path} cannot be read ({error.strerror}); give the path of a YAML file") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise KubeflowError(f"--with {path} is no YAML: {' '.join(str(error).split())}") from error
