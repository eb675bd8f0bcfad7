"""JSON as TensorFlow Serving reads and writes it, by RapidJSON: words for what is malformed, layout, numbers.

Strings are bytes to TensorFlow, and RapidJSON passes on what is no UTF-8 unchanged, in both directions. Here such bytes
are lone surrogates in a `str`, by Python's `surrogateescape`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from serving.server.errors import ServingError, invalid_argument

_BOM = b"\xef\xbb\xbf"
_SPACE = " \t\n\r"
_SHOWN_BYTES = 256  # of a value in an error's text (kMaxJsonDebugStringBytes in tensorflow_serving/util/json_tensor.cc)
_INDENT = "    "

_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))

_DECODER = json.JSONDecoder()
_MISSING_COMMA = {
    "{": "Missing a comma or } after an object member.",
    "[": "Missing a comma or ] after an array element.",
}
# Python's words for what is wrong, and RapidJSON's (rapidjson/error/en.h).
_RAPIDJSON_WORDS = (
    ("Expecting property name", "Missing a name for object member."),
    ("Illegal trailing comma before end of object", "Missing a name for object member."),
    ("Expecting ':'", "Missing a colon after a name of object member."),
    ("Unterminated string", "Missing a closing quotation mark in string."),
    ("Invalid control character", "Invalid encoding in string."),
    ("Invalid \\uXXXX", "Incorrect hex digit after \\u escape in string."),
    ("Invalid \\escape", "Invalid escape character in string."),
)


def parse(body: bytes) -> dict[str, Any]:
    """The JSON object in the body. What follows it is not looked at.

    Raises:
        ServingError: INVALID_ARGUMENT; it is malformed, or no object.
    """
    if not body:
        raise _parse_error("The document is empty")
    text = body.removeprefix(_BOM).decode("utf-8", "surrogateescape")
    start = _after_space(text, 0)
    if start == len(text):
        raise _parse_error("The document is empty.", start)
    try:
        document = _DECODER.raw_decode(text, start)[0]
    except json.JSONDecodeError as error:
        raise _parse_error(*_place(text, error)) from error
    except ValueError as error:  # Python converts no integer of thousands of digits
        raise _parse_error("Number too big to be stored in double.") from error
    except RecursionError as error:
        raise _parse_error("Values are nested too deeply.") from error
    if _SURROGATE_ESCAPE.search(text):
        _check_surrogates(text)
    if not isinstance(document, dict):
        raise invalid_argument(f"JSON Value: {shown(document)} Is not object")
    return document


def type_name(value: Any) -> str:
    """RapidJSON's name of the value's type."""
    if value is None:
        return "Null"
    if isinstance(value, bool):
        return str(value)
    names = ((dict, "Object"), (list, "Array"), (str, "String"))
    return next((name for kind, name in names if isinstance(value, kind)), "Number")


def shown(value: Any) -> str:
    """The value as an error's text shows it: the beginning, where it is long."""
    writer = Writer(single_line_arrays=True, limit=_SHOWN_BYTES)
    writer.value(value)
    return writer.text()


def quoted(text: str) -> str:
    """The text as a JSON string."""
    return json.dumps(text, ensure_ascii=False)


def decimals(values: Iterable[float], double: bool = False) -> list[str]:
    """Each number as TensorFlow Serving writes it.

    Six significant digits where they read back as the same number, else 9 (float32) or 17 (float64); a whole number has
    ".0" after it; NaN, Infinity and -Infinity, which JSON does not have, stand without quotes.

    Args:
        values: float32 values, or float64 where `double`.
        double: of which type they are.
    """
    numbers = list(values)
    texts = [f"{number:.6g}" for number in numbers]
    kind = np.float64 if double else np.float32
    with np.errstate(over="ignore"):
        read_back = np.array([float(text) for text in texts], kind) == np.array(numbers, kind)
    digits = 17 if double else 9
    return [
        _with_point(text if same else f"{number:.{digits}g}") if math.isfinite(number) else _not_finite(number)
        for number, text, same in zip(numbers, texts, read_back, strict=True)
    ]


class Writer:
    """Writes JSON in RapidJSON's layout, piece by piece.

    Objects have a member a line; arrays an element a line, or all on one line.

    Attributes:
        single_line_arrays: the layout of arrays from here on.
    """

    def __init__(self, single_line_arrays: bool = False, limit: int | None = None) -> None:
        """Args:
        single_line_arrays: see above.
        limit: stops at the first piece that begins after so many bytes.
        """
        self.single_line_arrays = single_line_arrays
        self._limit = limit
        self._size = 0
        self._pieces: list[str] = []
        self._levels: list[list[Any]] = []  # for each open array or object: its closing bracket, and how many elements

    def text(self) -> str:
        """What has been written."""
        return "".join(self._pieces)

    def open(self, bracket: str) -> None:
        """Begins an array (`[`) or an object (`{`)."""
        self._element(bracket)
        self._levels.append(["]" if bracket == "[" else "}", 0])

    def close(self) -> None:
        """Ends the innermost array or object."""
        bracket, count = self._levels.pop()
        if count and not (bracket == "]" and self.single_line_arrays):
            bracket = self._new_line() + bracket
        self._put(bracket)

    def key(self, name: str) -> None:
        """Writes the name of a member; its value has to follow."""
        level = self._levels[-1]
        level[1] += 1
        self._put((",", "")[level[1] == 1] + self._new_line() + quoted(name) + ": ")

    def raw(self, text: str) -> None:
        """Writes a value that is JSON already."""
        self._element(text)

    def string(self, value: str) -> None:
        """Writes a string."""
        self._element(quoted(value))

    def value(self, value: Any) -> None:
        """Writes whatever `parse` gives."""
        if isinstance(value, str):
            self.string(value)
        elif isinstance(value, dict):
            self._members(value)
        elif isinstance(value, list):
            self._elements(value)
        else:
            self.raw("" if isinstance(value, float) and not math.isfinite(value) else json.dumps(value))

    def _members(self, members: dict[str, Any]) -> None:
        self.open("{")
        for name, value in members.items():
            if self._full():
                return
            self.key(name)
            self.value(value)
        self.close()

    def _elements(self, elements: list[Any]) -> None:
        self.open("[")
        for value in elements:
            if self._full():
                return
            self.value(value)
        self.close()

    def _element(self, text: str) -> None:
        if self._levels and self._levels[-1][0] == "]":
            self._levels[-1][1] += 1
            comma = "," if self._levels[-1][1] > 1 else ""
            space = (" " if comma else "") if self.single_line_arrays else self._new_line()
            text = comma + space + text
        self._put(text)

    def _new_line(self) -> str:
        return "\n" + _INDENT * len(self._levels)

    def _put(self, text: str) -> None:
        if not self._full():
            self._pieces.append(text)
            if self._limit is not None:
                self._size += len(text.encode("utf-8", "surrogateescape"))

    def _full(self) -> bool:
        return self._limit is not None and self._size >= self._limit


def _with_point(text: str) -> str:
    return text if "." in text or "e" in text else text + ".0"


def _not_finite(number: float) -> str:
    if math.isnan(number):
        return "NaN"
    return "Infinity" if number > 0 else "-Infinity"


def _parse_error(words: str, offset: int | None = None) -> ServingError:
    return invalid_argument(f"JSON Parse error: {words}" + ("" if offset is None else f" at offset: {offset}"))


def _place(text: str, error: json.JSONDecodeError) -> tuple[str, int]:
    """RapidJSON's words for the error, and the byte at which it would have noticed."""
    message, position = error.msg, error.pos
    words = next((theirs for ours, theirs in _RAPIDJSON_WORDS if message.startswith(ours)), "Invalid value.")
    if message.startswith("Illegal trailing comma"):
        position = _after_space(text, position + 1)
    elif message.startswith("Unterminated string"):
        position = len(text)
    elif message.startswith("Expecting"):
        position = _after_space(text, position)
        if "value" in message:
            position = _after_literal(text, position)
    before = text[:position].encode("utf-8", "surrogateescape")
    if message.startswith("Expecting ','"):
        words = _MISSING_COMMA[_open_bracket(before)]
    return words, len(before)


def _after_space(text: str, position: int) -> int:
    rest = text[position:]
    return position + len(rest) - len(rest.lstrip(_SPACE))


def _after_literal(text: str, position: int) -> int:
    """RapidJSON reads `nul` as far as it goes before it finds that it is not `null`."""
    for literal in ("null", "true", "false"):
        read = 0
        while read < len(literal) and text[position : position + read + 1] == literal[: read + 1]:
            read += 1
        if read:
            return position + read
    return position


def _open_bracket(before: bytes) -> str:
    """The innermost bracket that is open at the end of what comes before."""
    depth = 0
    for bracket in reversed(_STRING.sub(b"", before).translate(None, _NO_BRACKETS)):
        depth += 1 if bracket in b"]}" else -1
        if depth < 0:
            return chr(bracket)
    raise ValueError("no bracket is open")


def _check_surrogates(text: str) -> None:
    """Escapes of UTF-16 surrogates come in pairs or not at all.

    Raises:
        ServingError: INVALID_ARGUMENT; one stands alone. (Python would take it for one of the bytes that are no UTF-8.)
    """
    high = -1  # where the escape of a high surrogate has just ended
    for match in _ESCAPE.finditer(text):
        code = int(match[1], 16) if match[1] else 0
        completes = 0xDC00 <= code <= 0xDFFF and match.start() == high
        if (high >= 0 or 0xDC00 <= code <= 0xDFFF) and not completes:
            break
        high = match.end() if 0xD800 <= code <= 0xDBFF else -1
    else:
        if high < 0:
            return
    raise _parse_error("The surrogate pair in string is invalid.")
