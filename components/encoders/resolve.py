"""From `encoder.handle` to a SavedModel folder on this machine."""

from __future__ import annotations

from pathlib import Path

from components.encoders.embedded import embedded_encoder
from components.encoders.handles import EMBEDDED, address, local_folder


def resolve_encoder(handle: str) -> Path:
    """The absolute path of the encoder's SavedModel.

    The embedded encoder is converted on first use; one of the catalogue, or at an address, is downloaded on first use,
    into TFHUB_CACHE_DIR.

    Raises:
        EncoderError: the handle names nothing that there is, or an address that is not TF Hub's or Kaggle's, or it
            cannot be converted or downloaded.
    """
    if handle == EMBEDDED:
        return embedded_encoder()
    url = address(handle)
    if url is None:
        return local_folder(handle)

    from components.encoders.hub import downloaded

    return downloaded(url)
