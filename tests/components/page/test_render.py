from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import TemplateRuntimeError, TemplateSyntaxError

from components.page.render import environment

COMPONENTS = Path(__file__).resolve().parents[3] / "components"


def render(folder: Path, source: str) -> str:
    (folder / "own.html").write_text('{% extends "page.html" %}' + source)
    return environment(folder).get_template("own.html").render()


def test_every_page_stands_in_the_one_frame():
    framed = [path.name for path in COMPONENTS.glob("*/templates/*.html") if "<head>" in path.read_text()]
    assert framed == ["page.html"]


def test_the_frame_obeys_nothing_from_elsewhere_and_takes_what_a_page_has(tmp_path):
    page = render(
        tmp_path, "{% block title %}t{% endblock %}{% block header %}h{% endblock %}{% block main %}m{% endblock %}"
    )
    assert page.startswith("<!DOCTYPE html>\n")
    assert "default-src 'none'" in page
    assert "<title>t</title>" in page
    assert page.index("h\n</header>") < page.index("m\n</main>")


def test_a_page_without_a_title_is_none(tmp_path):
    with pytest.raises((TemplateRuntimeError, TemplateSyntaxError), match="title"):
        render(tmp_path, "{% block header %}h{% endblock %}{% block main %}m{% endblock %}")
