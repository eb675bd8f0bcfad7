"""Every package, message, field, enum and method of ours is TensorFlow's or TensorFlow Serving's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from google.protobuf import descriptor_pool

from serving.protos import messages
from serving.server.service_names import register_descriptors

register_descriptors()
STOCK = descriptor_pool.Default()

FILES = [
    messages.POOL.FindFileByName(f"{name}.proto") for name in ("tensorflow", "tensorflow_error", "tensorflow_serving")
]


def with_nested(message) -> Iterator:
    yield message
    for nested in message.nested_types:
        yield from with_nested(nested)


MESSAGES = [
    message for file in FILES for outer in file.message_types_by_name.values() for message in with_nested(outer)
]
ENUMS = [enum for file in FILES for enum in file.enum_types_by_name.values()]
ENUMS += [enum for message in MESSAGES for enum in message.enum_types]
SERVICES = [service for file in FILES for service in file.services_by_name.values()]


def facts(field) -> tuple:
    """What decides how a field is written on the wire and named in JSON and text."""
    kind = field.message_type or field.enum_type
    choice = field.containing_oneof
    # `label` is deprecated in protobuf 6, but the only name that protobuf 3 has.
    return (
        field.name, field.number, field.type, field.label, field.has_presence,
        kind.full_name if kind else None, choice.name if choice else None,
    )  # fmt: skip


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.full_name)
def test_every_field_is_the_stock_one(message):
    stock = {field.name: field for field in STOCK.FindMessageTypeByName(message.full_name).fields}
    for field in message.fields:
        assert facts(field) == facts(stock[field.name])


@pytest.mark.parametrize("enum", ENUMS, ids=lambda enum: enum.full_name)
def test_every_value_is_the_stock_one(enum):
    stock = STOCK.FindEnumTypeByName(enum.full_name).values_by_name
    for value in enum.values:
        assert value.number == stock[value.name].number


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.full_name)
def test_every_method_is_the_stock_one(service):
    stock = STOCK.FindServiceByName(service.full_name).methods_by_name
    for method in service.methods:
        assert method.input_type.full_name == stock[method.name].input_type.full_name
        assert method.output_type.full_name == stock[method.name].output_type.full_name


def test_nothing_was_forgotten():
    assert len(MESSAGES) > 30
    assert len(ENUMS) == 3
    assert len(SERVICES) == 2
