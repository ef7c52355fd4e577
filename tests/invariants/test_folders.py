"""Each folder of storage is one domain's: whoever sweeps it knows all that may name a file there."""

from __future__ import annotations

import ast
from collections import defaultdict

from tests.invariants.sources import Module, modules
from tests.invariants.test_imports import area

KEEPS = {"keep", "keep_all"}


def folders() -> dict[str, set[str]]:
    """Return the folders of storage, each with the domains that keep files there."""
    found = defaultdict(set)
    for module in modules():
        for node in ast.walk(module.tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in KEEPS
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "storage"
            ):
                found[folder_of(module, node.args[0])].add(area(module.name))
    return found


def folder_of(module: Module, given: ast.expr) -> str:
    """Return a folder that is written where it is used, or as a constant of the same file."""
    if isinstance(given, ast.Constant):
        return str(given.value)
    assert isinstance(given, ast.Name), f"{module.where(given)}: name the folder by a word or a constant of the file"
    for node in module.tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == given.id for t in node.targets):
            assert isinstance(node.value, ast.Constant), module.where(node)
            return str(node.value.value)
    raise AssertionError(f"{module.where(given)}: {given.id} is no constant of this file")


def test_no_folder_is_kept_to_by_two_domains() -> None:
    found = folders()
    assert {"uploads", "evidence", "documents", "mail"} <= set(found)
    shared = {folder: sorted(areas) for folder, areas in found.items() if len(areas) > 1}
    assert not shared, f"a sweep of one of them would erase the other's files: {shared}"
