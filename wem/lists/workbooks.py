"""Excel workbooks (xlsx), read through a process of their own as CSV."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from wem.lists.problems import FileProblem, UnreadableFile

_PROGRAM = Path(__file__).with_name("workbook_cells.py")


class _Pipe:
    """What the program writes; its early death is an error, never a short file."""

    def __init__(self, process: "subprocess.Popen[bytes]", stream: IO[bytes]):
        self._process, self._stream = process, stream

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        if not data and self._process.wait() != 0:
            raise UnreadableFile(_why_it_died(self._process))
        return data


@contextmanager
def opened(path: Path, skip: int = 0, most: int | None = None) -> Iterator[tuple[list[str], _Pipe]]:
    """The names of the sheets, and the first sheet's rows after `skip` (at most `most`) as UTF-8 CSV.

    Raises UnreadableFile, also from read().
    """
    limits = [str(skip)] if most is None else [str(skip), str(most)]
    process = subprocess.Popen(
        [sys.executable, "-I", str(_PROGRAM), str(path), *limits],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    with process.stdout as stream:
        try:
            first = stream.readline()
            if not first:
                raise UnreadableFile(_why_it_died(process))
            said = json.loads(first)
            if "refused" in said:
                raise UnreadableFile(FileProblem(said["refused"]))
            yield said["sheets"], _Pipe(process, stream)
        finally:
            process.kill()
            process.wait()


def _why_it_died(process: "subprocess.Popen[bytes]") -> FileProblem:
    # By a signal: its limits of memory and time. By itself: the parser's panic over a damaged sheet.
    return FileProblem.WORKBOOK_TOO_LARGE if process.wait() < 0 else FileProblem.BROKEN_WORKBOOK


def to_csv(path: Path, target: Path) -> list[str]:
    """Write the first sheet as UTF-8 CSV with commas to `target` and return the names of all sheets.

    A workbook has to be unpacked anew for each reading; a large one that is read in many steps is better turned
    into CSV once. Raises UnreadableFile.
    """
    part = target.with_name(target.name + ".part")
    try:
        with opened(path) as (sheets, source), open(part, "wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return sheets
