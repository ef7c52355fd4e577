"""What may be an image of a mailing: kinds, sizes, what is left of it in a mail, how much a customer may keep."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable

MOST_BYTES = 10 * 1024 * 1024  # of one file as it comes
MOST_FILES = 20  # at once
MB = 1024 * 1024
# A mail is about 600 wide; twice that is sharp on phones, more is weight alone.
SHOWN_WIDTH = 600


class ImageState(enum.StrEnum):
    received = "received"  # 準備中
    ready = "ready"
    refused = "refused"


class ImageKind(enum.StrEnum):
    """What we keep: what every mail program shows. The value is the end of the file's name."""

    jpeg = "jpg"
    png = "png"
    gif = "gif"


MEDIA_TYPES = {ImageKind.jpeg: "image/jpeg", ImageKind.png: "image/png", ImageKind.gif: "image/gif"}


class ImageProblem(enum.StrEnum):
    """Why a file is not taken."""

    empty = "empty"
    too_large = "too_large"  # bytes
    svg = "svg"
    heic = "heic"
    other = "other"  # no image, or of a kind that is not taken
    too_many_pixels = "too_many_pixels"
    too_long = "too_long"  # a moving picture
    broken = "broken"
    too_hard = "too_hard"  # the limits of memory or time ended it
    fault = "fault"  # ours
    quota = "quota"


_SVG = re.compile(rb"<(?:!DOCTYPE\s+)?svg[\s>]", re.IGNORECASE)
_TEXT_BEFORE = 1024


def problem_of(head: bytes, size: int) -> ImageProblem | None:
    """Return why a file cannot be taken, told by its first kilobyte and its size in bytes; None when it may be one.

    Names and types that came with it are not asked: they say what somebody wants it to be.
    """
    if size == 0:
        return ImageProblem.empty
    if _known(head):
        return ImageProblem.too_large if size > MOST_BYTES else None
    if _SVG.search(head[:_TEXT_BEFORE]):
        return ImageProblem.svg
    if head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif", b"avis"):
        return ImageProblem.heic
    return ImageProblem.other


def _known(head: bytes) -> bool:
    if head[:4] == b"RIFF":
        return head[8:12] == b"WEBP"
    return head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a"))


def shown_size(width: int, height: int) -> tuple[int, int]:
    """Return width and height at which an image stands in a mail, in CSS pixels."""
    if width <= SHOWN_WIDTH:
        return width, height
    return SHOWN_WIDTH, max(1, round(height * SHOWN_WIDTH / width))


def quota_bytes(megabytes: str, course: str) -> int:
    """Return how many bytes of images a customer of this course may keep.

    `megabytes` is the usual number, then courses that differ, by their codes: `300 light:100 pro:2000`.
    """
    usual, *others = megabytes.split()
    own = dict(part.split(":", 1) for part in others)
    return int(own.get(course, usual)) * MB


_OURS = re.compile(r"/i/([0-9a-f]{32})\.(?:jpg|png|gif)(?![0-9A-Za-z])")


def tokens_in(html: str, origin: str) -> set[str]:
    """Return the names of our images in a text, by their addresses on the public origin (`https://public.example`)."""
    return {found[1] for found in _OURS.finditer(html) if html[: found.start()].endswith(origin)}


def is_ours(address: str, origin: str) -> str | None:
    """Return the name of our image behind an address; None for what is elsewhere, empty for what no image has."""
    if not address.startswith(f"{origin}/i/"):
        return None
    found = _OURS.fullmatch(address[len(origin) :])
    return found[1] if found else ""


def stays_in_sight(states: Iterable[str]) -> bool:
    """Return whether an image that mailings in these states show must go on being served: one has left or may leave.

    Only of drafts it is known that nobody has them.
    """
    return any(state != "draft" for state in states)
