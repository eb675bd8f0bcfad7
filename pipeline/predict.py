"""`bertline predict`: texts, or a file of them, through a served model and out again, row by row."""

from __future__ import annotations

import contextlib
import itertools
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from components.errors import ConfigError, DataError
from pipeline.predict_output import STANDARD, Output, PredictionStopped, open_output, progress
from pipeline.predict_rows import (
    CSV,
    JSON_LINES,
    TEXT,
    CsvWriter,
    JsonLinesWriter,
    Lines,
    Reader,
    Row,
    Writer,
    given,
    is_usable,
    read,
    shown_label,
)
from pipeline.sigterm import sigterm_as_interrupt
from serving.client import BadSetting, Client, Prediction, ServingError, Tls

_FORMATS = {
    ".csv": CSV, ".tsv": CSV, ".jsonl": JSON_LINES, ".ndjson": JSON_LINES, ".json": JSON_LINES, ".txt": TEXT,
}  # fmt: skip
_NO_DELIMITERS = '"\r\n\0'
_SHOWN_CHARACTERS = 60


@dataclass(frozen=True)
class Options:
    """The options of `bertline predict` (see there)."""

    server: str
    model: str
    version: int | None
    label: str | None
    signature: str
    input: Path | None
    form: str | None
    column: str | None
    delimiter: str | None
    output: Path
    ca: Path | None
    certificate: Path | None
    key: Path | None
    timeout: float
    batch_size: int
    pair: tuple[str, ...] = ()
    pair_column: str | None = None


def run(texts: tuple[str, ...], options: Options) -> None:
    """Classifies the texts, or the rows of the input, and writes each with what was predicted.

    Raises:
        ConfigError, DataError: it could not begin, for an option or a header.
        PredictionStopped: a row could not be read or written, the server failed, or Ctrl-C or SIGTERM ended it.
    """
    if bool(texts) == (options.input is not None):
        raise ConfigError("give either texts or --input FILE (- for standard input)")
    _check_pairs(texts, options)
    with contextlib.ExitStack() as stack:
        stack.enter_context(sigterm_as_interrupt())
        client = stack.enter_context(_connect(options))
        if texts and options.output == STANDARD and sys.stdout.isatty():
            _show_table(texts, options.pair, client)
            return
        reader = given(texts, options.pair) if options.input is None else _open(options.input, options, stack)
        writer = _writer(reader, options)
        output = stack.enter_context(open_output(options.output))
        advance = stack.enter_context(progress(options.input, options.output))
        _predict(client, reader, writer, output, advance)


def _check_pairs(texts: tuple[str, ...], options: Options) -> None:
    if options.pair and options.input is not None:
        raise ConfigError("--pair is the second text of one on the command line; of a file, give --pair-column")
    if options.pair and len(options.pair) != len(texts):
        raise ConfigError(f"there are {len(texts)} text(s) and {len(options.pair)} --pair; give one for each, in order")
    if options.pair_column is not None and options.input is None:
        raise ConfigError("--pair-column is of an --input; of a text on the command line, give --pair")


def _connect(options: Options) -> Client:
    files = (options.ca, options.certificate, options.key)
    try:
        return Client(
            options.server,
            options.model,
            version=options.version,
            label=options.label,
            signature=options.signature,
            timeout=options.timeout,
            batch_size=options.batch_size,
            tls=Tls(*files) if any(files) else None,
        )
    except BadSetting as error:
        raise ConfigError(str(error)) from error


def _show_table(texts: tuple[str, ...], pairs: tuple[str, ...], client: Client) -> None:
    try:
        predictions = client.predict(texts, pairs or None)
        for line, prediction in enumerate(predictions, 1):
            _check(prediction, line)
    except (ServingError, DataError) as error:
        raise PredictionStopped(str(error)) from error
    both = [" / ".join(row) for row in zip(texts, pairs, strict=True)] if pairs else texts
    for text, prediction in zip(both, predictions, strict=True):
        shown = " ".join(text.split())
        shown = shown if len(shown) <= _SHOWN_CHARACTERS else f"{shown[: _SHOWN_CHARACTERS - 1]}…"
        scores = " ".join(f"{score:.4f}" for score in prediction.scores)
        click.echo(f"{shown:{_SHOWN_CHARACTERS}}  {scores}  {shown_label(prediction)}")


def _open(path: Path, options: Options, stack: contextlib.ExitStack) -> Reader:
    form = _input_format(path, options)
    if path == STANDARD:
        lines = Lines(sys.stdin.buffer, "standard input")
    else:
        lines = Lines(stack.enter_context(path.open("rb")), str(path))
    columns = [options.column or "text", *filter(None, [options.pair_column])]
    return read(lines, form, columns, _delimiter(options))


def _input_format(path: Path, options: Options) -> str:
    form = options.form or _FORMATS.get(path.suffix.lower())
    if form is None:
        name = "standard input" if path == STANDARD else path
        raise ConfigError(
            f"--format: the format of {name} is not known; give {CSV}, {JSON_LINES} or {TEXT} (a line each)"
        )
    named = options.column or options.pair_column
    if form == TEXT and named:
        option = "--column" if options.column else "--pair-column"
        raise ConfigError(f"{option} {named}: plain lines have no columns; give --format {CSV} or {JSON_LINES}")
    if form != CSV and options.delimiter:
        raise ConfigError(f"--delimiter divides the columns of a CSV, and the input is {form}; give --format {CSV}")
    return form


def _delimiter(options: Options) -> str:
    delimiter = (options.delimiter or "").replace("\\t", "\t")
    if len(delimiter) > 1:
        raise ConfigError(f"--delimiter {options.delimiter}: give a single character, or \\t for the tabulator")
    if delimiter and delimiter in _NO_DELIMITERS:
        raise ConfigError(f"--delimiter {delimiter!r}: it ends a field or a line already; give another character")
    is_tabbed = options.input is not None and options.input.suffix.lower() == ".tsv"
    return delimiter or ("\t" if is_tabbed else ",")


def _writer(reader: Reader, options: Options) -> Writer:
    """CSV or JSON Lines as the output's name says; without a say, what the input is."""
    form = _FORMATS.get(options.output.suffix.lower(), reader.form)
    if form != CSV:
        _check_unlike(reader.columns or [])
        return JsonLinesWriter(reader.columns)
    if reader.columns is None:
        raise ConfigError(f"--output {options.output}: rows of JSON need not have the same keys; name it .jsonl")
    return CsvWriter(reader.columns, "\t" if options.output.suffix.lower() == ".tsv" else _delimiter(options))


def _check_unlike(columns: list[str]) -> None:
    twice = [column for column, times in Counter(columns).items() if times > 1]
    if twice:
        names = ", ".join(map(repr, twice))
        raise ConfigError(f"columns {names} stand twice, which JSON cannot hold; name the --output .csv, or rename one")


def _predict(client: Client, reader: Reader, writer: Writer, output: Output, advance: Callable[[Row], None]) -> None:
    under_way: deque[Row] = deque()
    try:
        output.write(writer.head())
        for prediction in _predictions(client, reader, under_way):
            row = under_way.popleft()
            _check(prediction, row.line)
            output.write_row(writer.row(row, prediction), row.line)
            advance(row)
    except (ServingError, DataError) as error:
        raise PredictionStopped(f"{error}; {output.outcome}") from error
    except KeyboardInterrupt as error:
        raise PredictionStopped(f"interrupted; {output.outcome}") from error


def _check(prediction: Prediction, line: int) -> None:
    if not is_usable(prediction):
        raise DataError(f"the model's score of line {line} is not a number; push a sound model")


def _predictions(client: Client, reader: Reader, under_way: deque[Row]) -> Iterator[Prediction]:
    """Of the rows as they are asked for; the rows wait for theirs."""
    first = next(reader.rows, None)
    if first is None:
        return
    rows = _noted(itertools.chain([first], reader.rows), under_way)
    if first.pair is None:
        yield from client.predict_stream(row.text for row in rows)
        return
    # Texts and second texts are taken in step, so that no more than one row is held between them.
    rows, again = itertools.tee(rows)
    yield from client.predict_stream((row.text for row in rows), pairs=(row.pair or "" for row in again))


def _noted(rows: Iterator[Row], under_way: deque[Row]) -> Iterator[Row]:
    for row in rows:
        under_way.append(row)
        yield row
