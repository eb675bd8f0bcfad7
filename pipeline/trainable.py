"""Which tasks can be trained: ingestion reads more kinds than the trainer knows yet."""

from __future__ import annotations

from components.errors import ConfigError
from components.features import BINARY
from pipeline.config import Config


def check_trainable(config: Config) -> None:
    """Raises ConfigError where the task's data can be fetched, checked and shown, but no model of it trained."""
    for key, unknown in (
        (f"labels.kind {config.labels.kind}", config.labels.kind != BINARY),
        ("data.text_pair", config.data.text_pair is not None),
    ):
        if unknown:
            raise ConfigError(
                f"{key}: such data can be looked at (bertline data check, bertline data show), but not trained on "
                "yet; training knows one text and two labels"
            )
