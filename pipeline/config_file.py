"""Reads a task's YAML, lays files and overrides over it, and says what is wrong with it in the user's own terms."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError
from yaml.constructor import ConstructorError

from components.errors import ConfigError
from pipeline.config import Config


class _Loader(yaml.SafeLoader):
    """YAML's safe loader, which keeps the last of equal keys, made to refuse them."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping whose keys differ. Raises ConstructorError where two are equal."""
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise ConstructorError(None, None, f"the key {key} stands twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


def load_config(name_or_path: str, overrides: Iterable[str] = (), layers: Iterable[str | Path] = ()) -> Config:
    """The checked configuration of a task.

    Args:
        name_or_path: a task of `pipeline/configs/` by its name, or a YAML file.
        overrides: `section.key=value` each, the value in YAML; they are laid over last.
        layers: YAML files of sections, each laid over the task and the layers before it: mappings are merged, lists
            and values replaced.

    Raises:
        ConfigError: no such task or file, no YAML, or a key or value that is not accepted; all of them are named.
    """
    origin, text = _read(name_or_path)
    settings = _parse(text, origin)
    for layer in layers:
        settings = merge(settings, read_layer(layer))
        origin += f" with {layer}"
    for override in overrides:
        _lay_over(settings, override)
        origin += f" with --set {override}"
    return check(settings, origin)


def check(settings: dict[str, Any], origin: str) -> Config:
    """Validates settings read from `origin`. Raises ConfigError with a line for every fault."""
    try:
        return Config.model_validate(settings)
    except ValidationError as error:
        faults = "\n".join(f"  {describe(fault)}" for fault in error.errors(include_url=False))
        raise ConfigError(f"{origin} is not a valid configuration:\n{faults}") from error


def read_layer(path: str | Path) -> dict[str, Any]:
    """The sections in a file of --with. Raises ConfigError where it cannot be read or holds none."""
    return _parse(_read_file(Path(path), "--with"), f"--with {path}")


def task_names() -> list[str]:
    """The tasks that come with bertline."""
    folder = resources.files("pipeline") / "configs"
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def dump_config(config: Config) -> str:
    """The resolved configuration as YAML, with every default written out; without a section for a cluster, if none is
    given.
    """
    settings = config.model_dump(mode="json", by_alias=True, exclude={"kubeflow"} if config.kubeflow is None else None)
    return yaml.safe_dump(settings, sort_keys=False, allow_unicode=True, width=110)


def _read(name_or_path: str) -> tuple[str, str]:
    if name_or_path in task_names():
        resource = resources.files("pipeline") / "configs" / f"{name_or_path}.yaml"
        return f"the task {name_or_path}", resource.read_text(encoding="utf-8")
    path = Path(name_or_path)
    if not path.exists():
        known = ", ".join(task_names())
        raise ConfigError(f"no configuration {name_or_path}: give the path of a YAML file, or one of {known}")
    return str(path), _read_file(path, "the configuration")


def _read_file(path: Path, what: str) -> str:
    if path.is_dir():
        raise ConfigError(f"{what} {path} is a folder; give the path of a YAML file")
    if not path.is_file():
        raise ConfigError(
            f"{what} {path}: there is no such file (seen from {Path.cwd()}); give the path of a YAML file"
        )
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error


def _parse(text: str, origin: str) -> dict[str, Any]:
    loader = _Loader(text)
    loader.name = origin  # what its errors call the text
    try:
        settings = loader.get_single_data()
    except yaml.YAMLError as error:
        raise ConfigError(f"{origin} is no YAML: {' '.join(str(error).split())}") from error
    finally:
        loader.dispose()
    if not isinstance(settings, dict):
        what = "is empty" if settings is None else f"holds a {type(settings).__name__}"
        raise ConfigError(f"{origin} must hold sections such as data: and gates:, but {what}")
    return settings


def merge(settings: dict[str, Any], layer: dict[str, Any]) -> dict[str, Any]:
    """The settings with the layer's laid over them; neither is changed."""
    merged = dict(settings)
    for key, value in layer.items():
        below = merged.get(key)
        merged[key] = merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _lay_over(settings: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    names = key.strip().split(".")
    if names[:2] == ["gates", "slices"]:
        raise ConfigError(f"--set {override}: a slice's name holds an equals sign; write gates.slices in the file")
    if not equals or not all(names):
        raise ConfigError(f"--set {override}: write it as section.key=value, such as training.epochs=2")
    section = settings
    for name in names[:-1]:
        below = section.get(name, {})
        if not isinstance(below, dict):
            raise ConfigError(f"--set {override}: {name} is a value, not a section")
        section[name] = dict(below)  # YAML's aliases make one mapping stand in several places
        section = section[name]
    try:
        section[names[-1]] = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise ConfigError(f"--set {override}: the value is no YAML; put it in quotes of its own") from error


def describe(fault: Any) -> str:
    """What one of pydantic's faults, whose `loc` begins at the top of a configuration, says in the user's terms."""
    key = ".".join(str(part) for part in fault["loc"] if part != "[key]")
    kind = fault["type"]
    if kind == "missing":
        return f"{key} is missing; it has no default"
    if kind == "extra_forbidden":
        return f"{key} is no setting{_suggestion(fault['loc'])}"
    if kind == "model_type":
        return f"{key} is {fault['input']!r}, but it is a section: write its keys below it"
    message = fault["msg"].removeprefix("Value error, ")
    if kind == "string_type":
        message += "; put it in quotes"
    if isinstance(fault["input"], (dict, BaseModel)):
        return message if key and key in message else f"{key}: {message}" if key else message
    return f"{key} is {fault['input']!r}: {message}"


def _suggestion(location: tuple[Any, ...]) -> str:
    accepted = _accepted_keys(location[:-1])
    close = difflib.get_close_matches(str(location[-1]), accepted, n=1)
    return f"; did you mean {close[0]}?" if close else f"; accepted here: {', '.join(accepted)}"


def _accepted_keys(location: tuple[Any, ...]) -> list[str]:
    model: type[BaseModel] = Config
    for part in location:
        field = model.model_fields.get(str(part))
        if field is not None:  # else a key of a mapping, such as a metric's name, whose values are of this model
            model = next(iter(_models(field.annotation)), model)
    return [field.alias or name for name, field in model.model_fields.items()]


def _models(annotation: Any) -> list[type[BaseModel]]:
    """The section models inside an annotation such as dict[str, Gate]."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models(argument)]
