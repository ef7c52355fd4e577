"""Writes docs/settings.md from `Settings`: python -m tests.invariants.settings_page > docs/settings.md"""

from __future__ import annotations

from dataclasses import fields

from wem.settings import ROOT, Settings

PAGE = ROOT / "docs" / "settings.md"
COMMAND = ".venv/bin/python -m tests.invariants.settings_page > docs/settings.md"
HEAD = """# Settings

Every setting is an environment variable; there is no settings file. None of them is needed to try WeM. In production
(`WEM_ENV=production`) `SECRET_KEY`, `MASTER_KEY` and `ERASURE_LOG` must be given, and WeM does not start without them.

| name | default | what it is for |
|---|---|---|
"""
FOOT = f"""
`bin/run` reads `PORT` too: the portal's port; the public pages and the built-in mailbox take the ports beside it.

This page is made from `wem/settings.py` by `{COMMAND}`; a test compares them.
"""


def page() -> str:
    """Return what docs/settings.md must say."""
    rows = []
    for field in fields(Settings):
        default = f"`{field.default}`" if field.default else "–"
        rows.append(f"| `{field.name}` | {default} | {field.metadata['what']} |\n")
    return HEAD + "".join(rows) + FOOT


if __name__ == "__main__":
    print(page(), end="")
