"""A template is compiled once for all processes, and again when anything that goes into it has changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
import pytest
from flask import Flask

from wem.web import compiled_templates
from wem.web.compiled_templates import keep_compiled_templates


@pytest.fixture
def process(tmp_path: Path) -> Any:
    """Return a function that does what a new process does, and says what it rendered and how often it compiled."""
    (tmp_path / "sources").mkdir()

    def render(source: str = "{{ 6 * 7 }}") -> tuple[str, int]:
        (tmp_path / "sources" / "page.html").write_text(source)
        app = Flask("process", template_folder=tmp_path / "sources")
        keep_compiled_templates(app, tmp_path / "kept")
        compiled: list[str] = []
        generate = app.jinja_env._generate
        app.jinja_env._generate = lambda *given, **named: compiled.append("") or generate(*given, **named)  # type: ignore
        return app.jinja_env.get_template("page.html").render(), len(compiled)

    return render


@pytest.fixture(autouse=True)
def _writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.dont_write_bytecode", False)


def test_the_second_process_compiles_nothing(process: Any) -> None:
    assert [process(), process()] == [("42", 1), ("42", 0)]


def test_another_source_is_compiled(process: Any) -> None:
    assert [process(), process("{{ 6 * 8 }}"), process()] == [("42", 1), ("48", 1), ("42", 1)]


def test_so_is_what_another_jinja_left(process: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    process()
    monkeypatch.setattr(jinja2, "__version__", "0")
    assert process() == ("42", 1)


def test_and_what_other_filters_left(process: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    process()
    monkeypatch.setattr(compiled_templates.filters, "__file__", __file__)
    assert process() == ("42", 1)


def test_a_file_cut_off_is_nothing(process: Any, tmp_path: Path) -> None:
    process()
    [kept] = (tmp_path / "kept").iterdir()
    kept.write_bytes(kept.read_bytes()[:-9])
    assert [process(), process()] == [("42", 1), ("42", 0)]


def test_who_may_not_write_compiles(process: Any, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("no folder")
    assert [process(), process()] == [("42", 1), ("42", 1)]


def test_python_can_be_told_to_keep_nothing(process: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    assert process() == ("42", 1)
    assert not (tmp_path / "kept").exists()
