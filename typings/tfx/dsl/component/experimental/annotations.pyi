# TFX's are classes indexed by a metaclass: to a type checker, what a function component gets is the argument itself.
from typing import Annotated, TypeVar

_T = TypeVar("_T")

InputArtifact = Annotated[_T, "input"]
OutputArtifact = Annotated[_T, "output"]
Parameter = Annotated[_T, "parameter"]
