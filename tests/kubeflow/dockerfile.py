"""Reads a Dockerfile and a .dockerignore: as much of their languages as ours use, and an error for the rest."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_KEYWORDS = frozenset(
    ["FROM", "ARG", "ENV", "RUN", "COPY", "WORKDIR", "USER", "LABEL", "HEALTHCHECK", "ENTRYPOINT", "CMD"]
)
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})")


@dataclass(frozen=True)
class Instruction:
    """One instruction: `flags` are its leading --NAME=VALUE, `value` what follows, on one line."""

    line: int
    keyword: str
    flags: tuple[str, ...]
    value: str

    def flag(self, name: str) -> str | None:
        """The value of a flag that may be given once."""
        return next((flag.partition("=")[2] for flag in self.flags if flag.startswith(f"--{name}=")), None)

    def pairs(self) -> dict[str, str]:
        """ENV's or LABEL's NAME=VALUE, or ARG's with its default."""
        return {name: value for name, _, value in (word.partition("=") for word in shlex.split(self.value))}


@dataclass(frozen=True)
class Stage:
    """A stage: what it is built from, and what is done to it."""

    name: str
    base: str
    instructions: tuple[Instruction, ...]

    def of(self, keyword: str) -> list[Instruction]:
        """Its instructions of one kind."""
        return [instruction for instruction in self.instructions if instruction.keyword == keyword]

    def needs(self) -> list[str]:
        """Names of what it is built from and copies from."""
        return [self.base, *(source for copy in self.of("COPY") if (source := copy.flag("from")))]


@dataclass(frozen=True)
class Dockerfile:
    """A Dockerfile: the arguments before its first stage, with their defaults, and its stages by name."""

    arguments: dict[str, str]
    stages: dict[str, Stage]

    def lineage(self, stage: str) -> list[Stage]:
        """The stages that it is built on, beginning with the one on a base image, and itself."""
        base = self.stages[stage].base
        return [*(self.lineage(base) if base in self.stages else []), self.stages[stage]]

    def order(self, target: str) -> list[Stage]:
        """The stages that must be built for a target, in the order in which they can be."""
        wanted: list[str] = []
        for needed in self.stages[target].needs():
            if needed in self.stages:
                wanted += [stage.name for stage in self.order(needed)]
        return [self.stages[name] for name in dict.fromkeys([*wanted, target])]


def read_dockerfile(path: Path) -> Dockerfile:
    """Parses it. Raises ValueError for an instruction that is not understood, or a stage without a name."""
    arguments: dict[str, str] = {}
    stages: dict[str, list[Instruction]] = {}
    bases: dict[str, str] = {}
    name = ""
    for instruction in _instructions(path.read_text(encoding="utf-8")):
        if instruction.keyword == "FROM":
            match = re.fullmatch(r"(\S+) AS (\S+)", instruction.value)
            if match is None:
                raise ValueError(f"line {instruction.line}: a stage without a name: FROM {instruction.value}")
            name = match[2]
            bases[name], stages[name] = match[1], []
        elif name:
            stages[name].append(instruction)
        else:
            arguments.update(instruction.pairs())
    return Dockerfile(arguments, {key: Stage(key, bases[key], tuple(value)) for key, value in stages.items()})


def _instructions(text: str) -> Iterator[Instruction]:
    waiting, first = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#") or not line.strip():
            continue
        first = first if waiting else number
        waiting += line.strip() if not line.endswith("\\") else line[:-1].strip() + " "
        if not line.endswith("\\"):
            yield _instruction(waiting, first)
            waiting = ""


def _instruction(text: str, line: int) -> Instruction:
    keyword, _, rest = text.partition(" ")
    if keyword not in _KEYWORDS:
        raise ValueError(f"line {line}: {keyword} is not understood here")
    flags: list[str] = []
    rest = rest.strip()
    while rest.startswith("--"):
        flag, _, rest = rest.partition(" ")
        flags.append(flag)
        rest = rest.strip()
    return Instruction(line, keyword, tuple(flags), rest)


def expand(value: str, variables: Mapping[str, str]) -> str:
    """Puts the values of variables into `$NAME` and `${NAME}`; one that has none is empty."""
    return _VARIABLE.sub(lambda match: variables.get(match[1] or match[2], ""), value)


def words(value: str) -> list[str]:
    """A command in its JSON form."""
    return [str(word) for word in json.loads(value)]


class Ignore:
    """What a .dockerignore keeps out of the context: the last pattern that fits decides."""

    def __init__(self, text: str):
        lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
        self._patterns = [(not line.startswith("!"), _pattern(line.lstrip("!").strip("/"))) for line in lines]

    def ignores(self, path: str) -> bool:
        """Whether a file, by its path from the context's root, is kept out. A pattern also fits what lies below it."""
        ignored = False
        parents = [path, *(str(parent) for parent in Path(path).parents)]
        for ignoring, pattern in self._patterns:
            if any(pattern.fullmatch(parent) for parent in parents):
                ignored = ignoring
        return ignored

    def context(self, root: Path) -> Iterator[str]:
        """The files of the context, from its root."""
        for folder, folders, files in os.walk(root):
            # No file below is in the context: the patterns let in nothing below these.
            folders[:] = [name for name in folders if name not in (".git", ".venv", ".venv-benchmarks", "runs")]
            for name in files:
                path = str((Path(folder) / name).relative_to(root))
                if not self.ignores(path):
                    yield path


def _pattern(pattern: str) -> re.Pattern[str]:
    translated = re.escape(pattern).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
    return re.compile(translated.replace(r"\[", "[").replace(r"\]", "]"))
