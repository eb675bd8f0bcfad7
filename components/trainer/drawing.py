"""What was trained, to look at: Keras' own summary as text, and the layers with their shapes as a drawing.

What is trained is told by the variables that are: training.frozen_layers freezes parts of a layer of the model, which
Keras' `trainable` knows nothing of.
"""

from __future__ import annotations

import dataclasses
import io
import os
import textwrap
from collections.abc import Sequence
from typing import Any
from xml.sax import saxutils

import tensorflow as tf
import tf_keras as keras

SUMMARY_FILE = "model_summary.txt"
DIAGRAM_FILE = "model.svg"
_LINE = 120  # characters of the summary
# What the lines of Keras' summary begin with that tell how many parameters there are, of which two go by `trainable`.
_KERAS_TOTALS = ("Total params", "Trainable params", "Non-trainable params")
_BOX_WIDTH, _BOX_HEIGHT, _GAP_ACROSS, _GAP_DOWN = 2.6, 0.78, 0.3, 0.55  # inches
_NAME_CHARACTERS = 34
_INK, _TRAINED, _FROZEN, _PLAIN = "#1b1b1b", "#d6e6fb", "#e4e4e4", "#ffffff"  # at least 12:1 for ink on each
_SETTINGS = {"svg.fonttype": "none", "svg.hashsalt": "bertline", "text.parse_math": False, "font.size": 9}
_NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))


@dataclasses.dataclass(frozen=True)
class Box:
    """A layer: its name and class, the shape of what it gives, its parameters and how many of them are trained, the
    layers that it takes from.

    `row` counts from 0 at the inputs: one below the lowest layer that it takes from.
    """

    name: str
    kind: str
    shape: str
    parameters: int
    trained: int
    sources: tuple[str, ...]
    row: int


def write_model_description(model: keras.Model, folder: str, trained: Sequence[tf.Variable]) -> None:
    """Writes `model_summary.txt` and `model.svg` into a folder or URL, which is made where there is none.

    Args:
        model: a functional model of a few layers; a layer that is a model itself is drawn as one.
        folder: where to.
        trained: the variables of the model that are trained.
    """
    tf.io.gfile.makedirs(folder)
    for name, text in ((SUMMARY_FILE, summarise(model, trained)), (DIAGRAM_FILE, draw(model, trained))):
        with tf.io.gfile.GFile(os.path.join(folder, name), "w") as file:
            file.write(text)


def summarise(model: keras.Model, trained: Sequence[tf.Variable]) -> str:
    """Keras' table of layers, and how many parameters of each, and of all, are trained and frozen."""
    lines: list[str] = []
    model.summary(line_length=_LINE, print_fn=lines.append)
    lines = [line.rstrip() for line in lines if not line.startswith(_KERAS_TOTALS)]
    boxes = layer_boxes(model, trained)
    of_layers = [f"{box.name}: {_parameters(box)}" for box in boxes if box.parameters]
    total, of_trained = (sum(_size(weight) for weight in weights) for weights in (model.weights, trained))
    totals = (total, of_trained, total - of_trained)
    of_all = [f"{name}: {count}" for name, count in zip(_KERAS_TOTALS, totals, strict=True)]
    return "\n".join([*lines, *of_layers, "_" * _LINE, *of_all]) + "\n"


def draw(model: keras.Model, trained: Sequence[tf.Variable]) -> str:
    """An SVG of the model: a box a layer, from the inputs down, and an arrow for each that it takes from.

    It reads on its own: its letters are text, its title and description are for screen readers, and colour says
    nothing that is not written too.
    """
    boxes = layer_boxes(model, trained)
    return _accessible(_svg(boxes), f"Layers of {model.name}", describe(boxes))


def layer_boxes(model: keras.Model, trained: Sequence[tf.Variable]) -> list[Box]:
    """The layers of a functional model, inputs first, with how many parameters of each are among those trained."""
    is_trained = {id(variable) for variable in trained}
    sources = {layer.name: _sources(layer, model) for layer in model.layers}
    rows: dict[str, int] = {}
    for name in sources:
        _row(name, sources, rows)
    boxes = [
        Box(
            layer.name,
            type(layer).__name__,
            _shape(layer),
            sum(_size(weight) for weight in layer.weights),
            sum(_size(weight) for weight in layer.weights if id(weight) in is_trained),
            sources[layer.name],
            rows[layer.name],
        )
        for layer in model.layers
    ]
    return sorted(boxes, key=lambda box: box.row)


def describe(boxes: list[Box]) -> str:
    """The drawing in words, a sentence a layer."""
    return " ".join(f"{box.name} ({box.kind}) gives {box.shape}{_taken(box)}; {_parameters(box)}." for box in boxes)


def _sources(layer: Any, model: keras.Model) -> tuple[str, ...]:
    """Names of the layers whose outputs a layer takes, each once, in its order."""
    known = {layer.name for layer in model.layers}
    parents = [parent.layer.name for node in layer.inbound_nodes for parent in node.parent_nodes]
    return tuple(dict.fromkeys(name for name in parents if name in known and name != layer.name))


def _row(name: str, sources: dict[str, tuple[str, ...]], rows: dict[str, int]) -> int:
    if name not in rows:
        rows[name] = 1 + max((_row(source, sources, rows) for source in sources[name]), default=-1)
    return rows[name]


def _shape(layer: Any) -> str:
    """The shape of a layer's output; of an encoder's many, those that a classifier takes, by their names."""
    # A layer that has been called more than once has one shape a call.
    shape = layer.get_output_shape_at(0)
    if isinstance(shape, dict):
        of_encoder = [name for name in ("sequence_output", "pooled_output") if name in shape]
        return ", ".join(f"{name} {_written(shape[name])}" for name in of_encoder or list(shape)[:2])
    if isinstance(shape, list):
        shape = shape[0]
    return _written(shape)


def _written(shape: Any) -> str:
    """A shape with what it is not fixed in as names: the first is the batch, the others tokens."""
    if shape is None or getattr(shape, "rank", 0) is None:
        return "(any shape)"
    sizes = [size if size is not None else ("tokens" if place else "batch") for place, size in enumerate(shape)]
    return f"({', '.join(map(str, sizes))})"


def _size(weight: Any) -> int:
    return int(weight.shape.num_elements())


def _taken(box: Box) -> str:
    return f" from {', '.join(box.sources)}" if box.sources else ""


def _parameters(box: Box) -> str:
    if not box.parameters:
        return "no parameters"
    frozen = box.parameters - box.trained
    if not frozen:
        return f"{box.parameters:,} parameters, trained"
    if not box.trained:
        return f"{box.parameters:,} parameters, frozen"
    return f"{box.trained:,} parameters trained, {frozen:,} frozen"


def _svg(boxes: list[Box]) -> str:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    places = _places(boxes)
    width = max(x for x, _ in places.values()) + _BOX_WIDTH + _GAP_ACROSS
    height = max(y for _, y in places.values()) + _BOX_HEIGHT + _GAP_ACROSS
    with mpl.rc_context(_SETTINGS):
        figure = Figure(figsize=(width, height))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, width), ylim=(height, 0))
        axes.set_axis_off()
        for box in boxes:
            _draw_box(axes, box, *places[box.name])
            for source in box.sources:
                _draw_arrow(axes, source, box.name, places)
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata=_NO_METADATA)
    return file.getvalue()


def _places(boxes: list[Box]) -> dict[str, tuple[float, float]]:
    """The upper left corner of each box in inches, the rows centred."""
    rows: dict[int, list[str]] = {}
    for box in boxes:
        rows.setdefault(box.row, []).append(box.name)
    most = max(len(names) for names in rows.values())
    across, down = _BOX_WIDTH + _GAP_ACROSS, _BOX_HEIGHT + _GAP_DOWN
    return {
        name: (_GAP_ACROSS + (place + (most - len(names)) / 2) * across, _GAP_ACROSS + row * down)
        for row, names in rows.items()
        for place, name in enumerate(names)
    }


def _draw_box(axes: Any, box: Box, x: float, y: float) -> None:
    from matplotlib.patches import Rectangle

    fill = _PLAIN if not box.parameters else _TRAINED if box.trained else _FROZEN
    axes.add_patch(Rectangle((x, y), _BOX_WIDTH, _BOX_HEIGHT, facecolor=fill, edgecolor=_INK, linewidth=1))
    title = textwrap.shorten(f"{box.name} ({box.kind})", _NAME_CHARACTERS, placeholder="...")
    shape = box.shape if len(box.shape) <= _NAME_CHARACTERS else box.shape.replace("), ", ")\n")
    for line, (text, weight) in enumerate(((title, "bold"), (shape, "normal"), (_parameters(box), "normal"))):
        at = y + _BOX_HEIGHT * (2 * line + 1) / 6
        size = 6.5 if "\n" in text else 9
        middle = {"ha": "center", "va": "center"}
        axes.text(x + _BOX_WIDTH / 2, at, text, color=_INK, fontweight=weight, fontsize=size, **middle)


def _draw_arrow(axes: Any, source: str, target: str, places: dict[str, tuple[float, float]]) -> None:
    """From the lower edge of a box to the upper one of the next row's, or around what stands between."""
    (from_x, from_y), (to_x, to_y) = places[source], places[target]
    start, half = (from_x + _BOX_WIDTH / 2, from_y + _BOX_HEIGHT), _BOX_HEIGHT / 2
    if to_y - from_y < 1.5 * (_BOX_HEIGHT + _GAP_DOWN):
        _draw_path(axes, [start, (to_x + _BOX_WIDTH / 2, to_y)])
    elif _is_free(start[0], from_y, to_y, places):
        side = to_x if start[0] < to_x else to_x + _BOX_WIDTH
        _draw_path(axes, [start, (start[0], to_y + half), (side, to_y + half)])
    else:
        lane = min(x for x, _ in places.values()) - _GAP_ACROSS / 2
        _draw_path(axes, [(from_x, from_y + half), (lane, from_y + half), (lane, to_y + half), (to_x, to_y + half)])


def _is_free(x: float, above: float, below: float, places: dict[str, tuple[float, float]]) -> bool:
    """Whether no box stands at `x` between two rows, nor in the lower one."""
    return not any(left <= x <= left + _BOX_WIDTH for left, top in places.values() if above < top <= below)


def _draw_path(axes: Any, points: list[tuple[float, float]]) -> None:
    xs, ys = zip(*points[:-1], strict=True)
    axes.plot(xs, ys, color=_INK, linewidth=1)
    arrow = {"arrowstyle": "-|>", "color": _INK, "linewidth": 1, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", xy=points[-1], xytext=points[-2], arrowprops=arrow)


def _accessible(svg: str, title: str, description: str) -> str:
    """The drawing with a title and a description, as one image for screen readers."""
    start = svg.index("<svg")
    end = svg.index(">", start)
    texts = (
        f'<title id="model-title">{saxutils.escape(title)}</title>'
        f'<desc id="model-description">{saxutils.escape(description)}</desc>'
    )
    named = ' role="img" aria-labelledby="model-title" aria-describedby="model-description"'
    return f"{svg[:end]}{named}>{texts}{svg[end + 1 :]}"
