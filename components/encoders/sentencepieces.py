"""What a SentencePiece model holds, read from its bytes.

The fields are those of ModelProto in google/sentencepiece, src/sentencepiece_model.proto. They are described here,
since its generated module comes with a package that nothing else here needs.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

_PACKAGE = "bertline.sentencepiece"
# As Model Garden looks them up (official/nlp/modeling/layers/text_layers.py); what is unknown has a type, no name.
REQUIRED_PIECES = ("<pad>", "[CLS]", "[SEP]")
_NORMAL, _UNKNOWN = 1, 2  # ModelProto.SentencePiece.Type


class Pieces(NamedTuple):
    """The pieces in the order of their ids, and the id of what stands for all that is none of them."""

    texts: tuple[str, ...]
    unk_id: int


def read_pieces(model: bytes) -> Pieces:
    """The pieces of a serialized SentencePiece model. Raises ValueError where the bytes are none."""
    message = _MODEL()
    try:
        with warnings.catch_warnings():
            # Of some broken bytes protobuf 3 only warns; that they hold no pieces is said below.
            warnings.simplefilter("ignore", RuntimeWarning)
            message.ParseFromString(model)
    except (DecodeError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from error
    unknown = [number for number, piece in enumerate(message.pieces) if piece.type == _UNKNOWN]
    if not unknown:
        raise ValueError("it has no piece for the unknown")
    return Pieces(tuple(piece.piece for piece in message.pieces), unknown[0])


def _model_class() -> Any:
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name=f"{_PACKAGE}.proto", package=_PACKAGE, syntax="proto2")
    model = file.message_type.add(name="ModelProto")
    piece = model.nested_type.add(name="SentencePiece")
    piece.field.add(name="piece", number=1, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL)
    kind = piece.field.add(name="type", number=3, type=field.TYPE_INT32, label=field.LABEL_OPTIONAL)
    kind.default_value = str(_NORMAL)
    pieces = model.field.add(name="pieces", number=1, type=field.TYPE_MESSAGE, label=field.LABEL_REPEATED)
    pieces.type_name = f".{_PACKAGE}.ModelProto.SentencePiece"
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return _class_maker(pool)(pool.FindMessageTypeByName(f"{_PACKAGE}.ModelProto"))


def _class_maker(pool: descriptor_pool.DescriptorPool) -> Callable[[Any], Any]:
    """What makes a message's class of its descriptor: a function since protobuf 4.22, a factory before."""
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass
    factory: Any = message_factory.MessageFactory(pool)
    return factory.GetPrototype


_MODEL = _model_class()
