"""`bertline encoders convert`: a checkpoint to a SavedModel, whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from components.durable import sync, sync_tree
from components.encoders.vocabulary import read_vocabulary
from components.errors import EncoderError
from pipeline.encoder_verbs.described import print_encoder
from pipeline.encoder_verbs.quietly import quietly
from pipeline.quiet import QuietConsole
from pipeline.sigterm import sigterm_as_interrupt

if TYPE_CHECKING:
    from components.encoders.inspect import EncoderInfo


def convert(source: Path, destination: Path) -> None:
    """Writes the checkpoint as a SavedModel, and prints what it is and the next command.

    `destination` has its name once all of it is written, and was found to be an encoder with its vocabulary.

    Raises:
        EncoderError: the destination is there already or cannot be written, or the checkpoint cannot be converted.
    """
    target = destination.expanduser().absolute()
    if target.exists() or target.is_symlink():
        raise EncoderError(f"{target} is there already; give a new folder, or remove it")
    with sigterm_as_interrupt(), quietly(), _partial(target) as partial:
        info = _write(source, partial)
        sync_tree(partial)
        partial.rename(target)
        sync(target.parent)
    print_encoder(QuietConsole(markup=False, highlight=False, soft_wrap=True), target, info, str(target))


def _write(source: Path, partial: Path) -> EncoderInfo:
    from components.encoders.convert import convert_checkpoint
    from components.encoders.inspect import inspect_encoder

    convert_checkpoint(source, partial)
    info = inspect_encoder(partial)
    read_vocabulary(info, None, None)
    return info


@contextmanager
def _partial(target: Path) -> Iterator[Path]:
    """A folder to write in, beside the target, of which nothing is left."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".partial", dir=target.parent))
        try:
            yield folder / "encoder"
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise EncoderError(
            f"{target} cannot be written ({error.strerror or error}); make room, or give another folder"
        ) from error
