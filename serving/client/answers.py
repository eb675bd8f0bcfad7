"""What the client gives back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

AVAILABLE = "AVAILABLE"
END = "END"
OK = "OK"


@dataclass(frozen=True)
class Prediction:
    """What the model says of one text.

    Attributes:
        scores: probabilities [labels], float32; one alone is that of the positive label of two.
        predicted: the label's name or, where labels do not exclude each other, [labels] whether each holds.
    """

    scores: tuple[float, ...]
    predicted: str | tuple[bool, ...]

    @property
    def score(self) -> float:
        """The positive label's probability; raises ValueError unless the model has two labels."""
        if len(self.scores) != 1:
            raise ValueError(f"there are {len(self.scores)} scores, so none is that of a positive label; use scores")
        return self.scores[0]


@dataclass(frozen=True)
class VersionStatus:
    """How a version of a model is.

    Attributes:
        version: its number.
        state: START, LOADING, AVAILABLE, UNLOADING or END (unloaded, or never loaded).
        error_code: OK, or the code of what keeps it from being served.
        error_message: that in words.
    """

    version: int
    state: str
    error_code: str = OK
    error_message: str = ""


@dataclass(frozen=True)
class TensorSpec:
    """A signature's tensor: TensorFlow's name of the type; the size of each dimension (-1: any), None if unknown."""

    dtype: str
    shape: tuple[int, ...] | None


@dataclass(frozen=True)
class Signature:
    """What a signature takes and gives, by name."""

    inputs: dict[str, TensorSpec]
    outputs: dict[str, TensorSpec]


@dataclass(frozen=True)
class Metadata:
    """A served model: name, the version that answered, and its signatures by name."""

    model: str
    version: int
    signatures: dict[str, Signature]


def predictions(
    texts: int, scores: Sequence[Sequence[float]], predicted: Sequence[str | Sequence[bool]]
) -> list[Prediction]:
    """One prediction a text.

    Args:
        texts: how many were sent.
        scores: [texts, labels]
        predicted: [texts] names or [texts, labels] booleans.

    Raises:
        ValueError: the answer has another number of rows.
    """
    if not len(scores) == len(predicted) == texts:
        raise ValueError(f"{texts} texts were answered with {len(scores)} scores and {len(predicted)} predicted labels")
    return [
        Prediction(tuple(row), label if isinstance(label, str) else tuple(label))
        for row, label in zip(scores, predicted, strict=True)
    ]
