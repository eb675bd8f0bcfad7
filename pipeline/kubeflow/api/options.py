"""How the API is reached, from the configuration and the options of the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pipeline.kubeflow.errors import KubeflowError
from pipeline.kubeflow.settings import Api


@dataclass(frozen=True)
class ApiOptions:
    """The options that every verb of the API takes; None where an option was not given."""

    host: str | None = None
    namespace: str | None = None
    experiment: str | None = None
    token_env: str | None = None
    token_file: Path | None = None
    ca: Path | None = None

    def over(self, section: Mapping[str, Any]) -> Api:
        """The section `kubeflow.api` with what was given laid over it. Raises KubeflowError for every wrong value."""
        given = {
            "host": self.host, "namespace": self.namespace, "experiment": self.experiment,
            "token_env": self.token_env, "ca": None if self.ca is None else str(self.ca),
        }  # fmt: skip
        settings = {**section, **{name: value for name, value in given.items() if value is not None}}
        try:
            return Api.model_validate(settings)
        except ValidationError as error:
            faults = "; ".join(_describe(fault) for fault in error.errors(include_url=False))
            raise KubeflowError(f"kubeflow.api: {faults}; mend the option or the file of --with") from error


def _describe(fault: Any) -> str:
    key = ".".join(str(part) for part in fault["loc"])
    if key == "host":
        return f"host is {fault['input']!r}, which lacks its scheme: write http://{fault['input']} or https://..."
    return f"{key} is {fault['input']!r}: {fault['msg']}"
