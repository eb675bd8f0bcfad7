"""The `data`, `labels` and `encoder` sections of the configuration, as this step reads them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

from components.example_gen.spans import LATEST, read_span
from components.features import BINARY, EVAL, MULTILABEL, TEST, TRAIN

# The source that is the user's own files.
FILES = "files"
# What becomes of rows that repeat the text of another.
DROP = "drop"
COUNT = "count"  # they stay, and are counted
# Where the test split comes from, where the data has spans.
ANY_SPAN = "any"
NEWEST_SPAN = "newest"
# What the newest span is compared with: the one before it, or one that is named.
PREVIOUS_SPAN = "previous"
# The format of files whose name tells it.
AUTO = "auto"

_Settings = TypeVar("_Settings")


@dataclasses.dataclass(frozen=True)
class Sample:
    """Which part of the rows is used: `fraction` of all, and of each label alike where it is stratified."""

    fraction: float = 1.0
    stratify: bool = False


@dataclasses.dataclass(frozen=True)
class Duplicates:
    """What becomes of equal texts: of an official test split's in the others, and of those within one split."""

    across_splits: str = DROP
    within_split: str = DROP


@dataclasses.dataclass(frozen=True)
class Serving:
    """Texts that users sent to the served model, without labels: what training data is compared with."""

    path: str
    format: str = AUTO
    text: str = "text"
    text_pair: str | None = None
    delimiter: str | None = None


@dataclasses.dataclass(frozen=True)
class DataSettings:
    """Where the text comes from and what is done with it; keys and defaults are those of the `data` section."""

    source: str
    path: str | None = None
    test_path: str | None = None
    format: str = AUTO
    span: int | str = LATEST
    window: int = 1
    test_span: str = ANY_SPAN
    reference_span: int | str = PREVIOUS_SPAN
    text: str = "text"
    text_pair: str | None = None
    label: str | tuple[str, ...] = "label"
    label_delimiter: str | None = None
    columns: tuple[str, ...] = ()
    delimiter: str | None = None
    sample: Sample = Sample()
    splits: Mapping[str, float] = dataclasses.field(default_factory=lambda: {TRAIN: 0.8, EVAL: 0.1, TEST: 0.1})
    duplicates: Duplicates = Duplicates()
    serving: Serving | None = None
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
        label, serving, reference = settings.label, settings.serving, settings.reference_span
        return dataclasses.replace(
            settings,
            span=read_span(settings.span),
            reference_span=reference if reference == PREVIOUS_SPAN else read_span(reference),
            label=label if isinstance(label, str) else tuple(label),
            columns=tuple(settings.columns),
            sample=_nested(Sample, settings.sample),
            duplicates=_nested(Duplicates, settings.duplicates),
            serving=None if serving is None else _nested(Serving, serving),
            length_bands=tuple(settings.length_bands),
        )


@dataclasses.dataclass(frozen=True)
class LabelSettings:
    """What the labels are called; keys and defaults are those of the `labels` section."""

    kind: str = BINARY
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

    def target(self, held: tuple[str, ...]) -> list[int]:
        """What a model is to answer, for the names that a row holds.

        Returns:
            Of two labels, [1] for the second and [0] for the first; else 1 or 0 for each of `names`.
        """
        if self.kind == BINARY:
            return [int(held == self.names[1:])]
        return [int(name in held) for name in self.names]

    @property
    def holds_many(self) -> bool:
        """Whether a row may hold any number of the labels, and none too."""
        return self.kind == MULTILABEL


@dataclasses.dataclass(frozen=True)
class EncoderSettings:
    """The encoder whose tokens texts are counted in; keys are those of the `encoder` section."""

    handle: str
    vocab_file: str | None = None
    lower_case: bool | None = None

    @classmethod
    def from_dict(cls, section: Mapping[str, Any]) -> EncoderSettings:
        """From the section as plain JSON values; keys that only other steps read are passed over."""
        return _from_dict(cls, section)


def _nested(cls: type[_Settings], value: Any) -> _Settings:
    return value if isinstance(value, cls) else _from_dict(cls, value)


def _from_dict(cls: type[_Settings], section: Mapping[str, Any]) -> _Settings:
    known = {field.name for field in dataclasses.fields(cls)}  # pyright: ignore[reportArgumentType]
    return cls(**{key: value for key, value in section.items() if key in known})
