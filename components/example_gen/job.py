"""What a step, or a look at the data, is to read: from plain settings to files and vocabulary."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from components.encoders.vocabulary import AnyVocabulary
from components.example_gen import spans
from components.example_gen.settings import DataSettings, EncoderSettings, LabelSettings
from components.example_gen.sources import registry
from components.example_gen.sources.registry import SourceFile
from components.transform.preprocessing import encoder_vocabulary


@dataclasses.dataclass(frozen=True)
class Job:
    """What is read and how: the settings with the span's number, the files of all roles, the encoder's vocabulary."""

    data: DataSettings
    labels: LabelSettings
    files: list[SourceFile]
    vocabulary: AnyVocabulary

    @property
    def version(self) -> int | None:
        """The version of the newest span; None without versions."""
        if self.newest_span is None or self.data.path is None:
            return None
        return spans.select(self.data.path, self.newest_span, 1).portions[-1].version

    @property
    def newest_span(self) -> int | None:
        """The span that is compared with the one before it; None without spans."""
        return self.data.span if isinstance(self.data.span, int) else None

    @property
    def previous_span(self) -> int | None:
        """The span that the newest is compared with: the one before it, or the reference. None where there is none.

        A span that is its own reference is compared with none: so a drift that is right is accepted.
        """
        if self.newest_span is None:
            return None
        if isinstance(self.data.reference_span, int):
            return self.data.reference_span if self.data.reference_span < self.newest_span else None
        spans = (file.span for file in self.files if file.span is not None)
        return max((span for span in spans if span < self.newest_span), default=None)


def new_job(data: Mapping[str, Any], labels: Mapping[str, Any], encoder: Mapping[str, Any]) -> Job:
    """The job of the sections of a configuration, as plain JSON values, after the checks of the source.

    Raises:
        ConfigError: the source is unknown, its path and span do not go together, or its labels have no name.
        DataError: a file, column or span is missing, or a file cannot be read.
        EncoderError: the encoder is not there, or has no vocabulary.
    """
    settings = registry.resolve(DataSettings.from_dict(data))
    names = LabelSettings.from_dict(labels)
    files = registry.checked_files(settings, names)
    of_encoder = dataclasses.asdict(EncoderSettings.from_dict(encoder))
    return Job(settings, names, files, encoder_vocabulary(of_encoder))
