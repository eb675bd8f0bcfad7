"""What is submitted, and where to, from the configuration, files of --with and the options of the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from pipeline.config import Config
from pipeline.config_file import describe, load_config, merge, read_layer
from pipeline.kubeflow.errors import KubeflowError
from pipeline.kubeflow.settings import Api

_MARKS = {"pipelineInfo", "pipelineSpec", "deploymentSpec", "schemaVersion"}


@dataclass(frozen=True)
class Access:
    """How the API is reached, in the words of the command line.

    Attributes:
        layers: files that kubeflow.api stands in.
        options: keys of kubeflow.api that were given as options, None where one was not.
        token_file: see `connect`.
    """

    layers: Sequence[str]
    options: Mapping[str, Any]
    token_file: Path | None = None

    def settings(self, config: Config | None = None) -> Api:
        """The section `kubeflow.api`, of a configuration or of the files alone, with the options over it.

        Raises:
            BertlineError: a value is wrong, or a file has no such section.
        """
        if config is None:
            section = _api_section(self.layers)
        else:
            section = {} if config.kubeflow is None else config.kubeflow.api.model_dump(exclude_unset=True)
        given = {name: str(value) for name, value in self.options.items() if value is not None}
        try:
            return Api.model_validate({**section, **given})
        except ValidationError as error:
            faults = [fault | {"loc": ("kubeflow", "api", *fault["loc"])} for fault in error.errors(include_url=False)]
            raise KubeflowError(f"{'; '.join(map(describe, faults))}; mend the option or the file of --with") from error


def load(target: str, overrides: Sequence[str], layers: Sequence[str]) -> Config | None:
    """The configuration of a task, None for a file that is compiled already. Raises BertlineError."""
    if not is_compiled(target):
        return load_config(target, overrides, layers)
    if overrides:
        raise KubeflowError(f"--set has no effect on {target}, which is compiled; give it to `bertline compile`")
    return None


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


def _api_section(layers: Sequence[str]) -> dict[str, Any]:
    """The section kubeflow.api of files, later ones over earlier ones; nothing else in them is read."""
    section: dict[str, Any] = {}
    for layer in layers:
        settings: Any = read_layer(layer)
        for name in ("kubeflow", "api"):
            settings = settings.get(name) if isinstance(settings, dict) else None
        if not isinstance(settings, dict):
            raise KubeflowError(
                f"--with {layer} has no section kubeflow.api, which alone is read of it here; give a file that has "
                "one, or leave it out"
            )
        section = merge(section, settings)
    return section
