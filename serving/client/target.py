"""Which model, version and signature a call is for."""

from __future__ import annotations

from dataclasses import dataclass

from serving.client.errors import BadSetting

_LARGEST_VERSION = 2**63 - 1


@dataclass(frozen=True)
class Target:
    """A choice of model.

    Attributes:
        model: its name.
        version: a version of it; None: the label's, or else the latest.
        label: a version label ("stable"); never together with a version.
        signature: the signature that is called.

    Raises:
        BadSetting: the choice cannot be made.
    """

    model: str
    version: int | None = None
    label: str | None = None
    signature: str = "serving_default"

    def __post_init__(self) -> None:
        if not self.model:
            raise BadSetting("model: the name is empty; give the name that the model is served under")
        if self.version is not None and self.label is not None:
            raise BadSetting(f"both version {self.version} and label {self.label!r} are given; give one of them")
        if self.version is not None and not 0 <= self.version <= _LARGEST_VERSION:
            raise BadSetting(f"version {self.version} is no version; give one from 0 on")
        if self.label == "":
            raise BadSetting("label: the name is empty; leave it out for the latest version")
