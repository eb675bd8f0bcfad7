from __future__ import annotations

import json
import math
import struct

import numpy as np
import pytest

from serving.server.errors import ServingError
from serving.server.rest.json_text import Writer, decimals, parse, shown, type_name


def message_of(body: bytes) -> str:
    with pytest.raises(ServingError) as error:
        parse(body)
    return error.value.message


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a": [1, 2.5, "x", null, true]}', {"a": [1, 2.5, "x", None, True]}),
        (b'  {"a": 1}  ', {"a": 1}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a": 1} and more', {"a": 1}),
        (b'{"a": "\\ud83d\\ude00"}', {"a": "😀"}),
        (b'{"a": "\\\\ud83d"}', {"a": "\\ud83d"}),
        ('{"a": "grüße"}'.encode(), {"a": "grüße"}),
        (b"{}", {}),
    ],
)
def test_reads_objects(body, expected):
    assert parse(body) == expected


def test_reads_numbers_that_json_does_not_have():
    assert parse(b'{"a": [Infinity, -Infinity]}') == {"a": [math.inf, -math.inf]}
    assert math.isnan(parse(b'{"a": NaN}')["a"])


def test_bytes_that_are_no_utf8_come_through():
    assert parse(b'{"a": "\xff\xfe\x80"}')["a"].encode("utf-8", "surrogateescape") == b"\xff\xfe\x80"


# Offsets and words are RapidJSON's: https://github.com/Tencent/rapidjson/blob/master/include/rapidjson/error/en.h
@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "JSON Parse error: The document is empty"),
        (b"   ", "JSON Parse error: The document is empty. at offset: 3"),
        (b"{", "JSON Parse error: Missing a name for object member. at offset: 1"),
        (b"{a: 1}", "JSON Parse error: Missing a name for object member. at offset: 1"),
        (b'{"a": 1,}', "JSON Parse error: Missing a name for object member. at offset: 8"),
        (b'{"a": 1, }', "JSON Parse error: Missing a name for object member. at offset: 9"),
        (b'{"a" 1}', "JSON Parse error: Missing a colon after a name of object member. at offset: 5"),
        (b'{"a": 1 "b": 2}', "JSON Parse error: Missing a comma or } after an object member. at offset: 8"),
        (b'{"a": [1 2]}', "JSON Parse error: Missing a comma or ] after an array element. at offset: 9"),
        (b'{"a": ["]", 1 2]}', "JSON Parse error: Missing a comma or ] after an array element. at offset: 14"),
        (b'{"a": [1, 2', "JSON Parse error: Missing a comma or ] after an array element. at offset: 11"),
        (b'{"a": [1,]}', "JSON Parse error: Invalid value. at offset: 9"),
        (b'{"a": }', "JSON Parse error: Invalid value. at offset: 6"),
        (b'{"a": xyz}', "JSON Parse error: Invalid value. at offset: 6"),
        (b'{"a": nul}', "JSON Parse error: Invalid value. at offset: 9"),
        (b"nonsense", "JSON Parse error: Invalid value. at offset: 1"),
        (b'{"a": "x', "JSON Parse error: Missing a closing quotation mark in string. at offset: 8"),
        (b'{"a": "x\ny"}', "JSON Parse error: Invalid encoding in string. at offset: 8"),
        (b'{"a": "\\x"}', "JSON Parse error: Invalid escape character in string. at offset: 7"),
        ('{"ä": }'.encode(), "JSON Parse error: Invalid value. at offset: 7"),
        (b'{"a": "\\ud83d"}', "JSON Parse error: The surrogate pair in string is invalid."),
        (b'{"a": "\\udc80"}', "JSON Parse error: The surrogate pair in string is invalid."),
        (b'{"a": "\\ud83d\\ud83d\\ude00"}', "JSON Parse error: The surrogate pair in string is invalid."),
        (b'{"a": ' + b"9" * 10_000 + b"}", "JSON Parse error: Number too big to be stored in double."),
        (b"[1]", "JSON Value: [1] Is not object"),
        (b'"text"', 'JSON Value: "text" Is not object'),
        (b"null", "JSON Value: null Is not object"),
    ],
)
def test_says_what_is_malformed_in_rapidjsons_words(body, message):
    assert message_of(body) == message


def test_deep_nesting_is_an_error_like_any_other():
    assert message_of(b'{"a": ' + b"[" * 100_000).startswith("JSON Parse error: ")


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (None, "Null"),
        (True, "True"),
        (False, "False"),
        ({}, "Object"),
        ([], "Array"),
        ("", "String"),
        (1, "Number"),
        (1.5, "Number"),
    ],
)
def test_names_types_as_rapidjson_does(value, name):
    assert type_name(value) == name


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([1, [2, "x"]], '[1, [2, "x"]]'),
        ({"a": 1, "b": [True, None]}, '{\n    "a": 1,\n    "b": [true, null]\n}'),
        ([{"a": {}}, []], '[{\n        "a": {}\n    }, []]'),
        (1.5, "1.5"),
        ('ä\n"', '"ä\\n\\""'),
    ],
)
def test_shows_values_in_rapidjsons_layout(value, text):
    assert shown(value) == text


def test_shows_only_the_beginning_of_what_is_long():
    assert shown(list(range(1000))).startswith("[0, 1, 2")
    assert len(shown(list(range(1000)))) < 300
    assert len(shown({"texts": ["x" * 100] * 10})) < 400


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.5, "0.5"),
        (1.0, "1.0"),
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (0.1, "0.1"),
        (1 / 3, "0.333333343"),
        (0.98765432, "0.987654328"),
        (9000000.0, "9e+06"),
        (16777217.0, "16777216.0"),
        (3e-05, "3e-05"),
        (1e-45, "1.4013e-45"),
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
    ],
)
def test_writes_float32_as_tensorflow_serving_does(number, text):
    assert decimals([float(np.float32(number))]) == [text]


@pytest.mark.parametrize(("number", "text"), [(1 / 3, "0.33333333333333331"), (0.1, "0.1"), (1e300, "1e+300")])
def test_writes_float64_with_its_own_digits(number, text):
    assert decimals([number], double=True) == [text]


def test_every_float32_reads_back_as_itself():
    bits = np.random.default_rng(7).integers(0, 2**32, 20_000, dtype=np.uint32)
    numbers = bits.view(np.float32)
    numbers = numbers[np.isfinite(numbers)]
    texts = decimals(numbers.tolist())
    assert all(
        struct.unpack("f", struct.pack("f", json.loads(text)))[0] == n for text, n in zip(texts, numbers, strict=False)
    )


def test_decimals_of_nothing_are_none():
    assert decimals([]) == []


def test_a_writer_can_change_the_layout_of_arrays():
    writer = Writer()
    writer.open("{")
    writer.key("rows")
    writer.open("[")
    for number in (1, 2):
        writer.single_line_arrays = True
        writer.open("[")
        writer.raw(str(number))
        writer.close()
        writer.single_line_arrays = False
    writer.close()
    writer.close()
    assert writer.text() == '{\n    "rows": [[1], [2]\n    ]\n}'
