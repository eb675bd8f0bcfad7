"""From `encoder.handle` to a SavedModel folder on this machine."""

from __future__ import annotations

import http.client
import zlib
from pathlib import Path

from components.encoders.embedded import embedded_encoder
from components.encoders.handles import EMBEDDED, checked_url, is_url, local_folder
from components.errors import EncoderError


def resolve_encoder(handle: str) -> Path:
    """The absolute path of the encoder's SavedModel.

    The embedded encoder is converted on first use, a URL is downloaded on first use, into TFHUB_CACHE_DIR.

    Raises:
        EncoderError: the handle names nothing that there is, or an address that is not TF Hub's or Kaggle's, or it
            cannot be converted or downloaded.
    """
    if handle == EMBEDDED:
        return embedded_encoder()
    return _downloaded(checked_url(handle)) if is_url(handle) else local_folder(handle)


def _downloaded(url: str) -> Path:
    import tensorflow as tf
    import tensorflow_hub as hub

    # What urllib, tarfile and gfile raise inside hub.resolve, which wraps none of it.
    failures = (OSError, EOFError, ValueError, zlib.error, http.client.HTTPException, tf.errors.OpError)
    try:
        return Path(hub.resolve(url)).absolute()
    except failures as error:
        raise EncoderError(
            f"encoder.handle is {url}, which cannot be downloaded ({error}); check the address and the network, "
            "or download and unpack it elsewhere and set encoder.handle to that folder"
        ) from error
