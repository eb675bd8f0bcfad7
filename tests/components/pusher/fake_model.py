"""Folders that look like a SavedModel to whoever does not load it."""

from __future__ import annotations

from pathlib import Path


def write_fake_model(folder: Path, content: str = "weights", shards: int = 1) -> Path:
    """A complete SavedModel by its file names, with `content` in its variables."""
    (folder / "variables").mkdir(parents=True)
    (folder / "assets").mkdir()
    (folder / "saved_model.pb").write_text("graph")
    (folder / "assets" / "vocab.txt").write_text("[PAD]")
    (folder / "variables" / "variables.index").write_text("index")
    for shard in range(shards):
        (folder / "variables" / f"variables.data-{shard:05}-of-{shards:05}").write_text(content)
    return folder
