"""Has an image made of a file, by a program of its own that may take so much memory and time and no more."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from wem.mailings.image_rules import ImageKind, ImageProblem

_PROGRAM = Path(__file__).with_name("image_pixels.py")
# The program ends itself after 40 seconds of work; one that waits for nothing is ended by us.
SECONDS = 90


class NotMade(Exception):
    """No image can be made of the file; `problem` says why."""

    def __init__(self, problem: ImageProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem


@dataclass(frozen=True)
class Made:
    """An image as it goes into mails; sizes in points."""

    kind: ImageKind
    width: int
    height: int
    moving: bool
    content: bytes


def make(path: Path) -> Made:
    """Return the image that a file becomes; raises NotMade. Takes up to a minute of the processor."""
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(_PROGRAM), str(path)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        # It did not work for as long as it may: the machine was busy.
        raise NotMade(ImageProblem.fault) from None
    first, _, content = done.stdout.partition(b"\n")
    if done.returncode or not first:
        # By a signal: its limits. By itself: no memory to say so.
        hard = done.returncode < 0 or b"MemoryError" in done.stderr
        raise NotMade(ImageProblem.too_hard if hard else ImageProblem.fault)
    said = json.loads(first)
    if "refused" in said:
        raise NotMade(ImageProblem(said["refused"]))
    return Made(ImageKind(said["kind"]), said["width"], said["height"], said["moving"], content)
