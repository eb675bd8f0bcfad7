"""Under which licence an encoder's weights may be used, as far as that is known."""

from __future__ import annotations

from components.encoders import catalogue
from components.encoders.handles import EMBEDDED

# The licence that its page names: https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2
_EMBEDDED = "Apache-2.0"


def licence_of(handle: str) -> str:
    """A sentence on the licence of the encoder with this handle."""
    if handle == EMBEDDED:
        return f"{_EMBEDDED} (sentence-transformers/all-MiniLM-L6-v2)"
    entry = catalogue.find(handle) or catalogue.find_address(handle)
    if entry is not None:
        return f"as its page says: {entry.kaggle_page}"
    return "not known to bertline; ask whoever made the encoder"
