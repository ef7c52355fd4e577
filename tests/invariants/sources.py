"""The product's own files, parsed once: what the tests of all code and all templates walk over."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from wem.settings import ROOT

TEMPLATES = ROOT / "templates"


@dataclass(frozen=True)
class Module:
    """One Python file of the product."""

    name: str  # dotted
    path: Path
    tree: ast.Module

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.name.split("."))

    def where(self, node: ast.AST) -> str:
        """Return `wem/x.py:12` for a place in this file."""
        return f"{self.path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"


@cache
def modules() -> tuple[Module, ...]:
    """Return every Python file of the product, parsed.

    That takes seconds: what is asked while tests are collected, in each process, uses `module_files`.
    """
    return tuple(Module(name, path, ast.parse(path.read_text("utf-8"), str(path))) for name, path in module_files())


@cache
def module_files() -> tuple[tuple[str, Path], ...]:
    """Return (dotted name, path) of every Python file of the product: `wem/` and the two programs beside it."""
    paths = [*sorted((ROOT / "wem").rglob("*.py")), ROOT / "worker.py", ROOT / "wsgi.py"]
    return tuple((_dotted_name(path), path) for path in paths)


def _dotted_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def module(name: str) -> Module:
    """Return the product's file of this dotted name."""
    return next(each for each in modules() if each.name == name)


def templates(*suffixes: str) -> list[Path]:
    """Return all templates, or those with these suffixes."""
    return sorted(
        path
        for path in TEMPLATES.rglob("*.*")
        if path.parent.name != "__pycache__" and (not suffixes or path.suffix in suffixes)
    )


def template_name(path: Path) -> str:
    """Return a template's name as `render_template` takes it."""
    return path.relative_to(TEMPLATES).as_posix()


def calls(tree: ast.AST, *names: str) -> Iterator[ast.Call]:
    """Yield the calls of functions that are written with one of these names (`ring`, `queue.ring`)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and dotted(node.func) in names:
            yield node


def dotted(node: ast.AST) -> str:
    """Return `a.b.c` for a chain of names; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""


def argument(call: ast.Call, place: int, name: str) -> ast.expr | None:
    """Return the argument given by name or by place; None when it is not given."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    return call.args[place] if len(call.args) > place and not isinstance(call.args[place], ast.Starred) else None


def constants_of(name: str, module: Module) -> list[str]:
    """Return the values of a table of texts that stands in the module; nothing when there is none of this name."""
    for node in module.tree.body:
        if isinstance(node, ast.Assign) and dotted(node.targets[0]) == name and isinstance(node.value, ast.Dict):
            return [str(value.value) for value in node.value.values if isinstance(value, ast.Constant)]
    return []
