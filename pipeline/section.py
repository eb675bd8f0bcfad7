"""The base of the configuration's sections."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

Positive = Annotated[float, Field(gt=0.0)]


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
