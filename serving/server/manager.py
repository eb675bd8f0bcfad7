"""All models that are served: which there are, which version a request is answered by, and changes while serving."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import os
from typing import Any

import grpc
from tensorflow_serving.apis import get_model_status_pb2, model_pb2
from tensorflow_serving.config import model_server_config_pb2

from serving.server.config_files import PLATFORM
from serving.server.errors import ServingError, failed_precondition, invalid_argument, not_found
from serving.server.lifecycle import END, Lifecycle, Loader, Version
from serving.server.servable import Servable

_LOG = logging.getLogger(__name__)
_SETTLING_SECONDS = 0.02


@dataclasses.dataclass(frozen=True)
class Lease:
    """A version that a request is answered by: it is not unloaded before `release` is called."""

    model: str
    version: Version

    @property
    def servable(self) -> Servable:
        """The loaded version."""
        servable = self.version.servable
        if servable is None:
            raise RuntimeError(f"version {self.version.number} of {self.model} is leased and not loaded")
        return servable

    def release(self) -> None:
        """The request has been answered."""
        self.version.release()


class Manager:
    """Models by name. All methods run in the event loop.

    Attributes:
        changed: set whenever a version begins or ends to be available; for one waiter, who clears it.
    """

    def __init__(self, loader: Loader, labels_for_unavailable: bool) -> None:
        self.changed = asyncio.Event()
        self._loader = loader
        self._labels_for_unavailable = labels_for_unavailable
        self._models: dict[str, Lifecycle] = {}

    async def apply(self, config: model_server_config_pb2.ModelServerConfig, *, wait: bool = True) -> None:
        """Serves just these models from now on. The request that changes them may come from anybody who may call.

        Args:
            config: every model with base path, policy and labels.
            wait: until the models that are new have loaded or failed.

        Raises:
            ServingError: the configuration is wrong, and nothing has changed; or a new model could not be loaded.
        """
        wanted = {model.name: model for model in self._checked(config)}
        removed = [self._models.pop(name) for name in list(self._models) if name not in wanted]
        new = {
            name: Lifecycle(model, self._loader, self.changed)
            for name, model in wanted.items()
            if name not in self._models
        }
        for name in set(wanted) & set(self._models):
            self._models[name].config = wanted[name]
        self._models.update(new)
        self.changed.set()
        await asyncio.gather(*(lifecycle.remove() for lifecycle in removed), self.poll())
        if wait:
            await _settle(list(new.values()))

    async def poll(self) -> None:
        """Looks at all base paths once."""
        await asyncio.gather(*(lifecycle.poll() for lifecycle in list(self._models.values())))

    async def poll_forever(self, seconds: float) -> None:
        """Looks at all base paths again and again, whatever goes wrong with one look."""
        while True:
            await asyncio.sleep(seconds)
            try:
                await self.poll()
            except Exception:  # noqa: BLE001  without further looks no version would ever be swapped again
                _LOG.exception("looking for versions failed")

    def ready(self) -> bool:
        """Whether every model has a version to answer with."""
        return all(lifecycle.available() for lifecycle in self._models.values())

    def lease(self, spec: model_pb2.ModelSpec) -> Lease:
        """The version that the spec names, or the latest that is available.

        Raises:
            ServingError: the name is missing, or no such version is available.
        """
        if not spec.name:
            raise invalid_argument("ModelSpec has no name specified.")
        version = self._find(spec)
        version.in_use += 1
        return Lease(spec.name, version)

    def status(self, spec: model_pb2.ModelSpec) -> get_model_status_pb2.GetModelStatusResponse:
        """The states of the model's versions, newest first, or of the one that the spec names. A label is ignored, as
        in TensorFlow Serving.

        Raises:
            ServingError: NOT_FOUND.
        """
        lifecycle = self._models.get(spec.name)
        versions = dict(lifecycle.versions) if lifecycle else {}
        if spec.WhichOneof("version_choice") == "version":
            number = spec.version.value
            if number not in versions:
                raise not_found(f"Could not find version {number} of model {spec.name}")
            versions = {number: versions[number]}
        if not versions:
            raise not_found(f"Could not find any versions of model {spec.name}")
        response = get_model_status_pb2.GetModelStatusResponse()
        for number in sorted(versions, reverse=True):
            response.model_version_status.append(_status_of(versions[number]))
        return response

    async def close(self) -> None:
        """Unloads everything, when what is being answered has been."""
        lifecycles, self._models = list(self._models.values()), {}
        await asyncio.gather(*(lifecycle.remove() for lifecycle in lifecycles))

    def _find(self, spec: model_pb2.ModelSpec) -> Version:
        choice = spec.WhichOneof("version_choice")
        lifecycle = self._models.get(spec.name)
        available = {version.number: version for version in lifecycle.available()} if lifecycle else {}
        if choice is None:
            if not available:
                raise not_found(f"Servable not found for request: Latest({spec.name})")
            return available[max(available)]
        number = self._labelled(spec) if choice == "version_label" else spec.version.value
        if number not in available:
            raise not_found(f"Servable not found for request: Specific({spec.name}, {number})")
        return available[number]

    def _labelled(self, spec: model_pb2.ModelSpec) -> int:
        lifecycle = self._models.get(spec.name)
        labels = lifecycle.config.version_labels if lifecycle else {}
        if spec.version_label not in labels:
            raise invalid_argument(f"Unrecognized servable version label: {spec.version_label}")
        return labels[spec.version_label]

    def _checked(self, config: model_server_config_pb2.ModelServerConfig) -> list[Any]:
        """The models of the configuration. Raises ServingError, in TensorFlow Serving's words (server_core.cc)."""
        if config.WhichOneof("config") != "model_config_list":
            raise invalid_argument(
                "ServerModelConfig type not supported by HandleReloadConfigRequest. "
                "Only ModelConfigList is currently supported"
            )
        models = [_with_platform(model) for model in config.model_config_list.config]
        names = [model.name for model in models]
        for model in models:
            if names.count(model.name) > 1:
                raise invalid_argument(f"Illegal to list model {model.name} multiple times in config list")
            self._check_platform(model)
            _check_model(model)
            self._check_labels(model)
        return models

    def _check_platform(self, model: Any) -> None:
        lifecycle = self._models.get(model.name)
        if lifecycle and model.model_platform and model.model_platform != lifecycle.config.model_platform:
            raise invalid_argument(
                f"Illegal to change a model's platform. For model {model.name} platform was "
                f"{lifecycle.config.model_platform} and new platform requested is {model.model_platform}"
            )

    def _check_labels(self, model: Any) -> None:
        lifecycle = self._models.get(model.name)
        available = {version.number for version in lifecycle.available()} if lifecycle else set()
        before = dict(lifecycle.config.version_labels) if lifecycle else {}
        for label, number in model.version_labels.items():
            may_wait = self._labels_for_unavailable and before.get(label, number) == number
            if number not in available and not may_wait:
                raise failed_precondition(
                    f"Request to assign label to version {number} of model {model.name}, "
                    "which is not currently available for inference"
                )


async def _settle(lifecycles: list[Lifecycle]) -> None:
    """Waits until all are loaded. Raises ServingError where one has no version, or one that cannot be loaded."""
    while not all(lifecycle.settled() for lifecycle in lifecycles):
        await asyncio.sleep(_SETTLING_SECONDS)
    for lifecycle in lifecycles:
        if lifecycle.removed or not lifecycle.aspired():
            raise not_found(
                f"Unable to find a numerical version path for servable {lifecycle.name} at: "
                f"{lifecycle.config.base_path}"
            )
    failed = [
        f"{{name: {lifecycle.name} version: {version.number}}} due to error: {version.error}"
        for lifecycle in lifecycles
        for version in lifecycle.versions.values()
        if version.aspired and version.state == END
    ]
    if failed:
        raise ServingError(
            grpc.StatusCode.UNKNOWN, f"{len(failed)} model(s) did not become available: {{{', '.join(failed)}}}"
        )


def _with_platform(model: Any) -> Any:
    """The model with the platform that a deprecated type stands for. Raises ServingError where it has both."""
    if not model.model_type:
        return model
    if model.model_platform:
        raise invalid_argument(
            "Illegal setting both ModelServerConfig::model_type (deprecated) and ModelServerConfig::model_platform."
        )
    named = model_server_config_pb2.ModelConfig()
    named.CopyFrom(model)
    named.model_platform = PLATFORM if model.model_type == model_server_config_pb2.TENSORFLOW else "other"
    named.ClearField("model_type")
    return named


def _check_model(model: Any) -> None:
    if "\0" in model.base_path:
        raise invalid_argument(f"The base_path() of model {model.name} holds a NUL, which no path can")
    if "://" not in model.base_path and not os.path.isabs(model.base_path):  # noqa: PTH117  a URL is no Path
        raise invalid_argument(
            f"Expected model {model.name} to have an absolute path or URI; got base_path()={model.base_path}"
        )
    if not model.model_platform:
        raise invalid_argument(
            "Illegal setting neither ModelServerConfig::model_type (deprecated) nor ModelServerConfig::model_platform."
        )
    if model.model_platform != PLATFORM:
        raise invalid_argument(f"Model {model.name} requests unsupported platform {model.model_platform}")


def _status_of(version: Version) -> get_model_status_pb2.ModelVersionStatus:
    status = get_model_status_pb2.ModelVersionStatus(version=version.number, state=version.state)
    status.status.error_message = version.error
    if version.error:
        status.status.error_code = grpc.StatusCode.UNKNOWN.value[0]
    return status
