"""The `data` and `labels` sections of the configuration, as this step reads them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

from components.example_gen.spans import LATEST, read_span
from components.features import EVAL, TEST, TRAIN

_Settings = TypeVar("_Settings", "DataSettings", "LabelSettings")


@dataclasses.dataclass(frozen=True)
class DataSettings:
    """Where the text comes from and what is done with it; keys and defaults are those of the `data` section."""

    source: str
    path: str | None = None
    span: int | str = LATEST
    text: str = "text"
    label: str = "label"
    delimiter: str = ","
    sample_fraction: float = 1.0
    splits: Mapping[str, float] = dataclasses.field(default_factory=lambda: {TRAIN: 0.8, EVAL: 0.1, TEST: 0.1})
    max_bad_fraction: float = 0.01
    max_characters: int = 100_000
    length_bands: tuple[int, ...] = (100, 300)

    @classmethod
    def from_dict(cls, section: Mapping[str, Any]) -> DataSettings:
        """From the section as plain JSON values; keys that only other steps read are passed over.

        Raises:
            ConfigError: `span` is neither a number, nor one written as text, nor `latest`.
        """
        settings = _from_dict(cls, section)
        return dataclasses.replace(settings, span=read_span(settings.span), length_bands=tuple(settings.length_bands))


@dataclasses.dataclass(frozen=True)
class LabelSettings:
    """What the labels are called; keys and defaults are those of the `labels` section."""

    names: tuple[str, ...] = ("neg", "pos")
    aliases: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @classmethod
    def from_dict(cls, section: Mapping[str, Any]) -> LabelSettings:
        """From the section as plain JSON values; keys that only other steps read are passed over."""
        settings = _from_dict(cls, section)
        return dataclasses.replace(settings, names=tuple(settings.names))

    @property
    def accepted(self) -> tuple[str, ...]:
        """Every value that the data may hold, aliases last."""
        return tuple(dict.fromkeys((*self.names, *self.aliases)))

    def name_of(self, raw: str) -> str | None:
        """The label that a value of the data stands for, or None where it is unknown.

        Space around the value does not count; anything else must be equal. An alias comes before a name.
        """
        value = raw.strip()
        if value in self.aliases:
            return self.aliases[value]
        return value if value in self.names else None


def _from_dict(cls: type[_Settings], section: Mapping[str, Any]) -> _Settings:
    known = {field.name for field in dataclasses.fields(cls)}
    return cls(**{key: value for key, value in section.items() if key in known})
