"""The bodies of the demo's drafts."""

from __future__ import annotations

from pathlib import Path


def body(name: str, kind: str) -> str:
    """Return the HTML (`html`) or text (`txt`) of a draft."""
    return (Path(__file__).parent / "drafts" / f"{name}.{kind}").read_text("utf-8")
