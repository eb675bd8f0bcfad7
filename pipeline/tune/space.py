"""What a search tries: ranges and choices of training settings, each of which the configuration itself would accept."""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, get_args

import yaml
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from components.errors import ConfigError
from pipeline.config import Config, Encoder
from pipeline.config_file import check, merge
from pipeline.config_training import Training
from pipeline.section import Section, checked

Space = dict[str, BaseDistribution]
"""What is tried of each setting, by its dotted key."""

# Around what Devlin et al. 2019 (appendix A.3) recommend for fine-tuning BERT: learning rates of 2e-5 to 5e-5, batches
# of 16 or 32, 2 to 4 epochs, dropout 0.1; smaller encoders bear greater rates. Layer decay is ELECTRA's (Clark et al.
# 2020: 0.8 and 0.9), or none.
DEFAULT: dict[str, Any] = {
    "training.learning_rate": {"low": 1e-5, "high": 2e-4, "log": True},
    "training.batch_size": [16, 32],
    "training.epochs": {"low": 1, "high": 4},
    "training.dropout": {"low": 0.0, "high": 0.5, "step": 0.1},
    "training.warmup_fraction": {"low": 0.0, "high": 0.2, "step": 0.05},
    "training.weight_decay": {"low": 1e-3, "high": 0.1, "log": True},
    "training.layer_decay": {"low": 0.8, "high": 1.0, "step": 0.05},
}
# Those of `training` that make another model.
_OF_TRAINING = (
    "epochs",
    "batch_size",
    "optimizer",
    "learning_rate",
    "schedule",
    "warmup_fraction",
    "weight_decay",
    "clip_norm",
    "layer_decay",
    "frozen_layers",
    "loss",
    "focal_gamma",
    "class_weights",
    "label_smoothing",
    "head_size",
    "dropout",
    "patience",
    "group_by_length",
)
SEARCHABLE = ("encoder.pooling", *(f"training.{name}" for name in _OF_TRAINING))
# With one of these another loss is measured on the eval split, so that losses could not be compared.
_OF_THE_LOSS = ("training.loss", "training.focal_gamma", "training.class_weights", "training.label_smoothing")
# What needs an encoder whose layers can be told apart.
OF_LAYERS = ("training.layer_decay", "training.frozen_layers")
_JUDGING = ("training.select_by", "training.at_recall")


class Range(Section):
    """Numbers from `low` to `high`, both included."""

    low: int | float
    high: int | float
    log: bool = False
    step: int | float | None = None


def read_space(path: Path | None, config: Config) -> Space:
    """The space in a file of --search, or the default one where there is none.

    Raises:
        ConfigError: the file cannot be read; a key is no setting that can be searched; or the configuration would not
            accept a value.
    """
    settings = _default(config) if path is None else _read(path)
    origin = "the default search" if path is None else f"--search {path}"
    space = {key: _distribution(key, tried, origin) for key, tried in settings.items()}
    for key, distribution in space.items():
        _check_judged(key, config, origin)
        for value in _bounds(distribution):
            check(settings_with(config, {key: value}), f"{origin}: {key} {value} is tried, and with it the task")
    return space


def configured(config: Config, values: Mapping[str, Any], origin: str) -> Config:
    """The task with these values of dotted keys. Raises ConfigError where they do not go together."""
    return check(settings_with(config, values), origin)


def settings_with(config: Config, values: Mapping[str, Any]) -> dict[str, Any]:
    """What the task's file says, without defaults, and these values of dotted keys laid over it."""
    settings = config.model_dump(mode="json", by_alias=True, exclude_unset=True)
    for key, value in values.items():
        section, _, name = key.partition(".")
        settings = merge(settings, {section: {name: value}})
    return settings


def fitting(space: Space, unusable: Collection[str], path: Path | None) -> Space:
    """The space without the settings that the encoder cannot be trained with.

    Raises:
        ConfigError: the file of --search asks for one of them.
    """
    asked = next((key for key in space if key in unusable), None)
    if path is not None and asked is not None:
        raise ConfigError(
            f"--search {path}: {asked} is of the encoder's layers, which the names of its variables do not tell; leave "
            "it out"
        )
    return {key: tried for key, tried in space.items() if key not in unusable}


def own_values(config: Config, space: Space) -> dict[str, Any]:
    """The task's own values of the settings that are searched, whether the space has them or not."""
    return {key: _value_of(config, key) for key in space}


def _default(config: Config) -> dict[str, Any]:
    """Without what has no effect on this task."""
    return {
        key: tried
        for key, tried in DEFAULT.items()
        if not (key == "training.weight_decay" and config.training.optimizer == "adam")
    }


def _read(path: Path) -> dict[str, Any]:
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"--search {path} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"--search {path} is no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(settings, dict) or not settings:
        raise ConfigError(
            f"--search {path} must hold settings and what is tried of each, such as "
            "training.dropout: {low: 0.0, high: 0.3}"
        )
    return {str(key): tried for key, tried in settings.items()}


def _distribution(key: str, tried: Any, origin: str) -> BaseDistribution:
    if key not in SEARCHABLE:
        raise ConfigError(f"{origin}: {key} {_why_not(key)}")
    if isinstance(tried, list):
        return _choice(key, tried, origin)
    if not isinstance(tried, dict):
        raise ConfigError(
            f"{origin}: {key} is {tried!r}; write a list of values, or {{low: ..., high: ...}} with log or step"
        )
    try:
        return _range(key, checked(Range, tried, key))
    except ConfigError as error:
        raise ConfigError(f"{origin}: {error if key in str(error) else f'{key}: {error}'}") from error


def _choice(key: str, values: list[Any], origin: str) -> CategoricalDistribution:
    odd = [value for value in values if not isinstance(value, (bool, int, float, str, type(None)))]
    if odd:
        raise ConfigError(f"{origin}: {key} lists {odd[0]!r}; list single values")
    if len({repr(value) for value in values}) != len(values) or len(values) < 2:
        raise ConfigError(f"{origin}: {key} lists {values}; list two values or more, each once")
    return CategoricalDistribution(values)


def _range(key: str, tried: Range) -> BaseDistribution:
    kinds = _kinds(_field(key).annotation)
    if not kinds & {int, float}:
        raise ConfigError(f"{key} is no number; write a list of values")
    if tried.low >= tried.high:
        raise ConfigError(f"{key} goes from {tried.low} to {tried.high}; let low be below high")
    if tried.log and (tried.low <= 0 or tried.step is not None):
        raise ConfigError(f"{key} is on a log scale, which begins above 0 and has no step")
    if tried.step is not None and not 0 < tried.step <= tried.high - tried.low:
        raise ConfigError(f"{key} has the step {tried.step}; it must be above 0, and no wider than from low to high")
    if float in kinds:
        return FloatDistribution(tried.low, tried.high, log=tried.log, step=tried.step)
    numbers = [number for number in (tried.low, tried.high, tried.step) if number is not None]
    if not all(float(number).is_integer() for number in numbers):
        raise ConfigError(f"{key} is a whole number, and low, high and step must be, too")
    return IntDistribution(int(tried.low), int(tried.high), log=tried.log, step=int(tried.step or 1))


def _check_judged(key: str, config: Config, origin: str) -> None:
    if config.training.select_by == "loss" and key in _OF_THE_LOSS:
        raise ConfigError(
            f"{origin}: {key} changes what the loss is, so that losses cannot be compared; set training.select_by to "
            "auc, auc_pr, accuracy or f1"
        )


def _why_not(key: str) -> str:
    section, _, name = key.partition(".")
    if section in ("data", "labels", "schema") or (section == "encoder" and name in Encoder.model_fields):
        return "would change the data steps, which run once for all trials; search with each value of it by itself"
    if key == "training.seed":
        return "is chance, and its best value would mean nothing; leave it out"
    if key in _JUDGING:
        return "is what trials are judged by; set it in the task"
    if section == "training" and name in Training.model_fields:
        return "makes no other model; set it in the task"
    if section in Config.model_fields and section not in ("training", "encoder"):
        return "is nothing that the training depends on; leave it out"
    close = difflib.get_close_matches(key, SEARCHABLE, n=1)
    return (
        f"is no setting; {f'did you mean {close[0]}?' if close else 'these can be searched: ' + ', '.join(SEARCHABLE)}"
    )


def _field(key: str) -> Any:
    section, _, name = key.partition(".")
    return {"training": Training, "encoder": Encoder}[section].model_fields[name]


def _kinds(annotation: Any) -> set[type]:
    """The classes that an annotation such as `Annotated[int, ...] | None` is made of."""
    if isinstance(annotation, type) and not get_args(annotation):
        return {annotation}
    # A mapping's values are no values of the setting itself.
    return set() if getattr(annotation, "__origin__", None) is dict else _kinds_of_all(get_args(annotation))


def _kinds_of_all(annotations: tuple[Any, ...]) -> set[type]:
    return {kind for annotation in annotations for kind in _kinds(annotation)}


def _bounds(distribution: BaseDistribution) -> tuple[Any, ...]:
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices
    assert isinstance(distribution, (IntDistribution, FloatDistribution))  # noqa: S101  there is no other
    return distribution.low, distribution.high


def _value_of(config: Config, key: str) -> Any:
    section, _, name = key.partition(".")
    return getattr(getattr(config, section), name)


def holds(distribution: BaseDistribution, value: Any) -> bool:
    """Whether a value is among those that are tried."""
    if isinstance(distribution, CategoricalDistribution):
        return any(value == choice and type(value) is type(choice) for choice in distribution.choices)
    assert isinstance(distribution, (IntDistribution, FloatDistribution))  # noqa: S101  there is no other
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    steps = (value - distribution.low) / (distribution.step or 1.0)
    on_a_step = distribution.step is None or math.isclose(steps, round(steps), abs_tol=1e-8)
    return distribution.low <= value <= distribution.high and on_a_step
