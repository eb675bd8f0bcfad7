"""`bertline encoders`: which encoders there are, and how a machine gets one."""

from __future__ import annotations

from pathlib import Path

import click

from components.errors import BertlineError
from pipeline.cli_options import STOPPED, need_pipeline, refuse

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_NEW_FOLDER = click.Path(path_type=Path)


@click.group("encoders")
def encoders_group() -> None:
    """List, look at, fetch and convert encoders, as encoder.handle names them."""
    need_pipeline()


@encoders_group.command("list")
def list_command() -> None:
    """Show the encoders that have a name."""
    from pipeline.encoder_verbs.show import print_list

    print_list()


@encoders_group.command("show")
@click.argument("name", metavar="NAME")
def show_command(name: str) -> None:
    """Show what is known of the encoder NAME without fetching it."""
    from pipeline.encoder_verbs.show import print_entry

    try:
        print_entry(name)
    except BertlineError as error:
        refuse(error)


@encoders_group.command("get")
@click.argument("name", metavar="NAME")
def get_command(name: str) -> None:
    """Fetch the encoder NAME (or one at an address of TF Hub or Kaggle) into TFHUB_CACHE_DIR, and say what it is."""
    from pipeline.encoder_verbs.get import get

    try:
        get(name)
    except BertlineError as error:
        refuse(error, STOPPED)


@encoders_group.command("convert")
@click.argument("folder", metavar="FOLDER", type=_FOLDER)
@click.argument("destination", metavar="DESTINATION", type=_NEW_FOLDER)
def convert_command(folder: Path, destination: Path) -> None:
    """Write the checkpoint in FOLDER as a SavedModel, the new folder DESTINATION.

    FOLDER is Hugging Face's (config.json, model.safetensors, and vocab.txt, tokenizer.json or spiece.model) or
    Google's (bert_config.json and vocab.txt, or albert_config.json and 30k-clean.model, with the checkpoint's files).
    """
    from pipeline.encoder_verbs.convert import convert

    try:
        convert(folder, destination)
    except BertlineError as error:
        refuse(error, STOPPED)
