"""Encoders whose dropout draws other masks in every process, made repeatable.

A random operator that was traced without seeds has the attributes seed=0 and seed2=0, and then takes its seeds from the
machine's entropy whenever its kernel is made: https://www.tensorflow.org/api_docs/python/tf/random/set_seed. No seed
that is set later reaches it, so it is given one in the graph itself.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import itertools
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.framework import op_def_registry

from components.encoders.handles import saved_model_file

_SEEDS = ("seed", "seed2")
# What the patched folder has of its own, or, as the fingerprint of a graph that is another now, not at all.
_NOT_LINKED = ("saved_model.pb", "fingerprint.pb")


@contextlib.contextmanager
def seeded_encoder(folder: Path, seed: int) -> Iterator[Path]:
    """Gives a SavedModel that computes what that in `folder` does, with every random operator seeded.

    Args:
        folder: of the SavedModel, which stays as it is.
        seed: from which, and its place in the graph, each operator without seeds gets its own.

    Yields:
        The folder itself where no operator lacks seeds; otherwise one that is there inside the block alone: a layer
        that was loaded from it works on, but its assets can no longer be saved.

    Raises:
        EncoderError: the folder holds no SavedModel.
    """
    saved_model = saved_model_pb2.SavedModel()
    saved_model.ParseFromString(saved_model_file(folder).read_bytes())
    unseeded = [graph for graph in map(_Graph, saved_model.meta_graphs) if graph.lacks_seeds()]
    if not unseeded:
        yield folder
        return
    for graph in unseeded:
        graph.give_seeds(seed)
    with tempfile.TemporaryDirectory(prefix="bertline-encoder-") as patched:
        for entry in folder.absolute().iterdir():
            if entry.name not in _NOT_LINKED:
                Path(patched, entry.name).symlink_to(entry)
        Path(patched, "saved_model.pb").write_bytes(saved_model.SerializeToString(deterministic=True))
        yield Path(patched)


class _Graph:
    """A SavedModel's graph and its library of functions, which is changed in place."""

    def __init__(self, meta_graph: Any) -> None:
        self._main = meta_graph.graph_def.node
        self._library = meta_graph.graph_def.library.function
        self._functions = {function.signature.name: function for function in self._library}
        self._drawing: dict[str, frozenset[str]] = {}  # the answers of `_drawing_in`

    def lacks_seeds(self) -> bool:
        """Whether a random operator has none."""
        return any(True for _, nodes in self._bodies() for _ in self._unseeded(nodes))

    def give_seeds(self, seed: int) -> None:
        """Gives each operator without seeds its own."""
        self._part(self._main)
        for name in list(self._functions):
            self._drawing_in(name)
        for function, nodes in self._bodies():
            for node in self._unseeded(nodes):
                for name in _SEEDS:
                    node.attr[name].i = _number(f"{seed} {function} {node.name} {name}")

    def _bodies(self) -> Iterator[tuple[str, Any]]:
        yield "", self._main
        for function in self._library:
            yield function.signature.name, function.node_def

    @staticmethod
    def _unseeded(nodes: Iterable[Any]) -> Iterator[Any]:
        random = (node for node in nodes if _is_random(node.op))
        # An attribute that has its default, 0, may be left out; to look it up by its name would put it in.
        return (node for node in random if not any(node.attr[name].i for name in _SEEDS if name in node.attr))

    def _drawing_in(self, name: str) -> frozenset[str]:
        """The functions with operators without seeds that a call of this one runs, each of them once."""
        if name not in self._drawing:
            nodes = self._functions[name].node_def
            own = {name} if any(True for _ in self._unseeded(nodes)) else set()
            self._drawing[name] = frozenset(own | self._part(nodes))
        return self._drawing[name]

    def _part(self, nodes: Iterable[Any]) -> set[str]:
        """Has every call run functions of its own, where these draw: seeds are a function's, so that layers that share
        one, as ALBERT's do, would all have the same masks. Returns the functions that draw.
        """
        drawing: set[str] = set()
        for call, field in self._calls(nodes):
            if not drawing.isdisjoint(self._drawing_in(getattr(call, field))):
                setattr(call, field, self._copy(getattr(call, field)))
            drawing |= self._drawing_in(getattr(call, field))
        return drawing

    def _copy(self, name: str) -> str:
        """Adds a copy of a function with copies of those that it calls and that draw; returns its name."""
        names = (f"{name}_{number}" for number in itertools.count(1))
        copied = next(each for each in names if each not in self._functions)
        function = self._library.add()
        function.CopyFrom(self._functions[name])
        function.signature.name = copied
        self._functions[copied] = function
        for call, field in self._calls(function.node_def):
            if self._drawing_in(getattr(call, field)):
                setattr(call, field, self._copy(getattr(call, field)))
        return copied

    def _calls(self, nodes: Iterable[Any]) -> Iterator[tuple[Any, str]]:
        """Where the nodes name functions of the library: a message and its field."""
        for node in nodes:
            if node.op in self._functions:
                yield node, "op"
            for value in list(node.attr.values()):
                for function in (value.func, *value.list.func):
                    if function.name in self._functions:
                        yield function, "name"


@functools.cache
def _is_random(op: str) -> bool:
    """Whether an operator draws by seeds in its attributes. What TensorFlow does not know it cannot load either.

    Not by the SavedModel's own list of operators: it lacks those of functions that no signature calls.
    """
    definition = op_def_registry.get(op)
    if definition is None or not definition.is_stateful:
        return False
    return {attribute.name for attribute in definition.attr}.issuperset(_SEEDS)


def _number(text: str) -> int:
    """Of 63 bits and never 0, which would be none."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1 | 1
