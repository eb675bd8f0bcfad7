from __future__ import annotations

import contextlib
import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from components.errors import ConfigError, DataError
from pipeline.data import show as verb
from tests.components.exploration.examples import Text, write_split
from tests.components.exploration.making import account

CONFIG: Any = SimpleNamespace(
    pipeline=SimpleNamespace(name="task"),
    labels=SimpleNamespace(kind="binary", names=("neg", "pos")),
    encoder=SimpleNamespace(max_tokens=128),
)


@pytest.fixture
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What `show` prints of a task whose data is ingested already."""
    output = io.StringIO()
    console = Console(file=output, width=80, markup=False, highlight=False)
    splits = {"train": [Text("good", ("pos",)), Text("bad")], "eval": [], "test": [Text("so so")]}
    examples = {split: write_split(tmp_path / "examples" / split, texts) for split, texts in splits.items()}
    found = SimpleNamespace(
        examples=examples, summary=SimpleNamespace(to_dict=lambda: account(rows=3)), refusal=DataError("1 of 3 is bad")
    )
    monkeypatch.setattr(verb, "looking", lambda config, name: contextlib.nullcontext((console, tmp_path)))
    monkeypatch.setattr(verb, "ingested", lambda config, folder, console: found)
    return output


def test_the_terminal_alone(output: io.StringIO, tmp_path: Path):
    verb.show(CONFIG, None)
    assert "Some of pos" in output.getvalue()
    assert "A run would stop: 1 of 3 is bad" in output.getvalue()
    assert not list(tmp_path.glob("*.html"))


def test_the_page_and_its_path(output: io.StringIO, tmp_path: Path):
    page = tmp_path / "page.html"
    page.write_text("an older one")
    verb.show(CONFIG, page)
    assert str(page) in output.getvalue()
    assert page.read_text(encoding="utf-8").rstrip().endswith("</html>")
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["page.html"]


@pytest.mark.parametrize(("name", "problem"), [("", "is a folder"), ("nowhere/page.html", "there is no folder")])
def test_a_path_that_cannot_be_written_is_said_at_once(
    name: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(verb, "ingested", lambda *_: pytest.fail("it has begun to work"))
    with pytest.raises(ConfigError, match=problem):
        verb.show(CONFIG, tmp_path / name)
