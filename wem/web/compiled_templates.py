"""Compiled templates are kept beside their sources, as Python keeps its own: to compile them all takes six seconds."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import jinja2
from flask import Flask
from jinja2.bccache import Bucket

from wem.settings import ROOT
from wem.web import filters

FOLDER = ROOT / "templates" / "__pycache__"


class Kept(jinja2.FileSystemBytecodeCache):
    """What was compiled from the same source by the same Jinja with the same filters; who may not write only reads."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder), "%s.jinja")
        # Jinja works constants out when it compiles, by what a filter does then.
        self.compiler = jinja2.__version__.encode() + Path(filters.__file__).read_bytes()

    def get_source_checksum(self, source: str) -> str:
        return hashlib.sha256(self.compiler + source.encode()).hexdigest()

    def load_bytecode(self, bucket: Bucket) -> None:
        try:
            super().load_bytecode(bucket)
        except OSError:
            pass

    def dump_bytecode(self, bucket: Bucket) -> None:
        if sys.dont_write_bytecode:
            return
        try:
            Path(self.directory).mkdir(exist_ok=True)
            super().dump_bytecode(bucket)
        except OSError:
            pass  # an installation that nobody may write to


def keep_compiled_templates(app: Flask, folder: Path = FOLDER) -> None:
    app.jinja_env.bytecode_cache = Kept(folder)
