"""Documents as PDF: a Typst template and plain data in, bytes out."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from wem.settings import ROOT

TEMPLATES = ROOT / "templates" / "documents"
FONTS = ROOT / "fonts"
MOST_SECONDS = 20
MOST_DATA_BYTES = 2_000_000

# Typst has no stop button, and what hangs in a thread hangs for ever: it works in a process of its own. That one
# loads nothing of ours, knows no fonts but ours, and reads no file outside the templates.
_TYPESET = """
import sys, typst
template, root, fonts = sys.argv[1:]
data = sys.stdin.buffer.read().decode()
sys.stdout.buffer.write(typst.compile(template, root=root, font_paths=[fonts], ignore_system_fonts=True,
                                      sys_inputs={"data": data}))
"""


class NotMade(Exception):
    """The document could not be set; the message is Typst's, or says that it took too long."""


def pdf(template: str, data: Mapping[str, Any]) -> bytes:
    """Return the PDF that a template below templates/documents/ (`contracts/application.typ`) makes of plain data.

    The data reach the template as JSON, so whatever people typed stays text. Raises NotMade.
    """
    path = TEMPLATES / template
    if not path.is_file() or TEMPLATES not in path.resolve().parents:
        raise NotMade(f"no template {template}")
    given = json.dumps(data, ensure_ascii=False, allow_nan=False).encode()
    if len(given) > MOST_DATA_BYTES:
        raise NotMade(f"{len(given)} bytes of data are more than a document holds")
    command = [sys.executable, "-I", "-c", _TYPESET, str(path), str(TEMPLATES), str(FONTS)]
    try:
        done = subprocess.run(command, input=given, capture_output=True, timeout=MOST_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise NotMade(f"{template} took more than {MOST_SECONDS} seconds") from error
    if done.returncode:
        # The last lines name the fault; what stands above quotes the data.
        raise NotMade(f"{template}: {done.stderr.decode('utf-8', 'replace').strip()[-500:]}")
    return done.stdout
