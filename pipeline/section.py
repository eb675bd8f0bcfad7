"""The base of the configuration's sections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from components.errors import ConfigError

Positive = Annotated[float, Field(gt=0.0)]
Fraction = Annotated[float, Field(gt=0.0, le=1.0)]
_Checked = TypeVar("_Checked", bound="Section")


class Section(BaseModel):
    """Base of every section: unknown keys are refused, values are final."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _no_truth_values(cls, settings: Any) -> Any:
        """Python takes true for 1, and YAML takes an unquoted yes for true: neither is what was meant."""
        for name, value in settings.items() if isinstance(settings, dict) else ():
            field = cls.model_fields.get(name)
            if isinstance(value, bool) and field is not None and "bool" not in str(field.annotation):
                raise ValueError(f"{name} is {value}; write a number, or put a text in quotes")
        return settings


def checked(model: type[_Checked], settings: Mapping[str, Any], name: str) -> _Checked:
    """One section, read by itself. Raises ConfigError with every fault, keys named below `name`."""
    try:
        return model.model_validate(settings)
    except ValidationError as error:
        faults = "; ".join(_told(fault, name) for fault in error.errors(include_url=False))
        raise ConfigError(faults) from error


def _told(fault: Any, name: str) -> str:
    message = fault["msg"].removeprefix("Value error, ")
    key = ".".join((name, *map(str, fault["loc"])))
    return f"{key} is {fault['input']!r}: {message}" if fault["loc"] else message
