"""Under which licence an encoder's weights may be used, as far as that is known."""

from __future__ import annotations

from components.encoders import catalogue
from components.encoders.handles import EMBEDDED


def licence_of(handle: str) -> str:
    """A sentence on the licence of the encoder with this handle.

    The embedded one's page names its own: https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2. The pages of
    the catalogue name none, for which TF Hub has a rule (`license` in
    https://github.com/tensorflow/hub/blob/47ef3eec22a942f68a33c99aba4e6ba4bd80857d/docs/writing_documentation.md).
    """
    if handle == EMBEDDED:
        return "Apache-2.0 (sentence-transformers/all-MiniLM-L6-v2)"
    entry = catalogue.find(handle) or catalogue.find_address(handle)
    if entry is not None:
        return f"Apache-2.0, as TF Hub assumes where a model's page names no other; its page: {entry.handle}"
    return "not known to bertline; ask whoever made the encoder"
