"""The user's own files: delimited text, JSON Lines, Parquet or TFRecord, with columns named by the settings."""

from __future__ import annotations

from collections.abc import Iterator

from components.errors import ConfigError, DataError
from components.example_gen import spans, storage
from components.example_gen.formats import formats
from components.example_gen.formats.columns import Columns, check_settings
from components.example_gen.formats.file import InputFile
from components.example_gen.rows import EXAMPLES, PREVIOUS, SERVING, BadRow, Row
from components.example_gen.settings import NEWEST_SPAN, DataSettings, LabelSettings, Serving
from components.example_gen.sources import places
from components.example_gen.sources.source_file import SourceFile
from components.features import TEST, TRAIN


def list_files(data: DataSettings) -> list[SourceFile]:
    """The files of `data.path`, of `data.test_path`, and of the span before the newest for comparison.

    Raises:
        ConfigError: path and span are malformed, or do not go together, or `data.test_path` has a place for a span.
        DataError: nothing matches, a folder is given, or a file stands in both paths.
    """
    places.required_path(data)
    tests = [] if data.test_path is None else _match("data.test_path", data.test_path, official=TEST)
    official = TRAIN if tests else None
    listed = _list_spans(data, official) if spans.has_span(data.path) else _list_plain(data, official)
    if tests:
        _check_apart(data, listed, tests)
    return [*listed, *tests]


def list_serving(serving: Serving | None) -> list[SourceFile]:
    """The files of texts that users sent.

    Raises:
        ConfigError: the path has a place for a span.
        DataError: nothing matches, or a folder is given.
    """
    return [] if serving is None else _match("data.serving.path", serving.path, role=SERVING)


def _check_apart(data: DataSettings, listed: list[SourceFile], tests: list[SourceFile]) -> None:
    trained_on = {storage.resolved(file.path) for file in listed}
    both = next((file.name for file in tests if storage.resolved(file.path) in trained_on), None)
    if both is not None:
        raise DataError(
            f"{both} is matched by data.path {data.path!r} and by data.test_path {data.test_path!r}, and what is "
            "tested on must not be trained on; make one of them narrower"
        )


def check(data: DataSettings, labels: LabelSettings, files: list[SourceFile]) -> None:
    """Looks whether every file can be read and has the columns.

    Raises:
        ConfigError: the columns do not go with the labels, or the format of a file cannot be told.
        DataError: a file is damaged, not of its format, or lacks a column.
    """
    for file in files:
        columns = columns_of(data, labels, file.role)
        check_settings(columns)
        format_name, input_file = _open_as(data, file)
        try:
            formats.module(format_name).check(input_file, columns)
        except DataError as error:
            if file.role != PREVIOUS:
                raise
            raise DataError(
                f"{error}\nthe file is of span {file.span}, which the newest span is compared with; "
                "give it the same columns, or take it away"
            ) from error


def read(data: DataSettings, labels: LabelSettings, file: SourceFile) -> Iterator[Row | BadRow]:
    """The rows of a file that passed `check`."""
    format_name, input_file = _open_as(data, file)
    return formats.module(format_name).read(input_file, columns_of(data, labels, file.role))


def columns_of(data: DataSettings, labels: LabelSettings, role: str) -> Columns:
    """The columns of files of a role: texts that users sent have no label, and only examples have further columns."""
    if role == SERVING and data.serving is not None:
        return Columns(data.serving.text, data.serving.text_pair, section="data.serving")
    others = data.columns if role == EXAMPLES else ()
    return Columns(
        data.text, data.text_pair, data.label, labels.names, labels.holds_many, data.label_delimiter, others=others
    )


def _open_as(data: DataSettings, file: SourceFile) -> tuple[str, InputFile]:
    """The file's format, and what its reader must know of the file."""
    is_serving = file.role == SERVING and data.serving is not None
    section = data.serving if is_serving and data.serving is not None else data
    key = "data.serving" if is_serving else "data"
    name = formats.format_of(file.path, section.format, section.delimiter, key)
    delimiter = formats.delimiter_of(name, section.delimiter)
    return name, InputFile(file.path, file.name, delimiter, file.official)


def _list_plain(data: DataSettings, official: str | None) -> list[SourceFile]:
    if data.test_span == NEWEST_SPAN:
        raise ConfigError(
            f"data.test_span is {NEWEST_SPAN}, but data.path {data.path!r} has no {{SPAN}}; write {{SPAN}} where the "
            "number stands in the names, or leave data.test_span out"
        )
    return _match("data.path", data.path or "", official=official)


def _list_spans(data: DataSettings, official: str | None) -> list[SourceFile]:
    """The files of the window's spans, oldest first, and those of the span to compare with if it is not among them."""
    selection = spans.select(data.path or "", data.span, data.window)
    newest = selection.portions[-1].span
    files: list[SourceFile] = []
    for portion in selection.portions:
        split = official
        if data.test_span == NEWEST_SPAN:
            split = TEST if portion.span == newest else TRAIN
        files.extend(SourceFile(storage.shown(path), path, portion.span, official=split) for path in portion.paths)
    before = _reference(data, selection)
    if before is not None and before.span not in {portion.span for portion in selection.portions}:
        files.extend(SourceFile(storage.shown(path), path, before.span, PREVIOUS) for path in before.paths)
    return files


def _reference(data: DataSettings, selection: spans.Selection) -> spans.Portion | None:
    """The span that the newest is compared with."""
    newest = selection.portions[-1].span
    if not isinstance(data.reference_span, int):
        return selection.previous
    if data.reference_span > newest:
        raise ConfigError(
            f"data.reference_span is {data.reference_span}, which is after span {newest}, the newest that is read; "
            "give an earlier one"
        )
    return spans.select(data.path or "", data.reference_span, 1).portions[0]


def _match(key: str, path: str, role: str = EXAMPLES, official: str | None = None) -> list[SourceFile]:
    """The files of no span that match."""
    if spans.has_places(path):
        raise ConfigError(
            f"{key} {path!r} is of no span, so that it takes no {{SPAN}}, {{VERSION}} or date; name its files"
            + (f", or leave it out and set data.test_span: {NEWEST_SPAN}" if official == TEST else "")
        )
    if storage.is_folder(path):
        raise DataError(f"{key} {path!r} is a folder; name the files in it, as in {places.join(path, '*.csv')!r}")
    found = storage.find(path)
    if not found:
        raise DataError(f"{key} {path!r} matches no file{storage.seen_from(path)}; correct it")
    return [SourceFile(storage.shown(name), name, role=role, official=official) for name in found]
