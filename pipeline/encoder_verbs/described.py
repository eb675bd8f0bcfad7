"""What an encoder on this machine is, in words."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from components.encoders.inspect import EncoderInfo


def print_encoder(console: Console, folder: Path, info: EncoderInfo, handle: str) -> None:
    """Prints where an encoder is, what it is, and the next command."""
    console.print(str(folder))
    for line in described(info):
        console.print(f"  {line}")
    console.print(f"next: bertline run TASK --set encoder.handle={shlex.quote(handle)}")


def described(info: EncoderInfo) -> list[str]:
    """The sizes of an encoder, and how it reads texts, a line each."""
    sizes = {"layers": info.layers, "width": info.hidden_size, "parameters": info.parameters}
    known = [f"{value:,} {name}" if name != "width" else f"width {value}" for name, value in sizes.items() if value]
    casing = {True: "uncased", False: "cased", None: "of unknown casing: set encoder.lower_case"}[info.lower_case]
    vocabulary = "brings no vocabulary: set encoder.vocab_file" if info.vocab_file is None else info.vocab_file.name
    return [
        ", ".join(known),
        f"at most {info.max_positions} tokens (encoder.max_tokens)",
        f"{info.tokenizer} with {info.vocab_size:,} pieces ({vocabulary}), {casing}",
    ]
