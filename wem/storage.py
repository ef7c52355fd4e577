"""Files by key under var/files: uploads, images, documents, raw mail."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from wem.settings import settings


class TooLarge(Exception):
    """The stream holds more bytes than allowed; nothing was kept."""


def _path(key: str) -> Path:
    folder, _, name = key.partition("/")
    if not folder.isalnum() or not name.replace("-", "").isalnum():
        raise ValueError("not a storage key")
    return settings().var / "files" / folder / name[:2] / name


def keep(folder: str, stream: BinaryIO, most: int) -> tuple[str, int]:
    """Keep what the stream holds, durably, and return its key and size in bytes.

    Raises TooLarge past `most` bytes.
    """
    key = f"{folder}/{secrets.token_hex(16)}"
    path = _path(key)
    path.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    try:
        with open(path, "xb") as file:
            while chunk := stream.read(1 << 20):
                size += len(chunk)
                if size > most:
                    raise TooLarge
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return key, size


def keep_all(folder: str, contents: Iterable[bytes], writers: Executor) -> list[str]:
    """Keep several texts, durably with their names, and return their keys; nothing stays when one cannot be kept.

    They stand on one shelf, whose directory is written down once, and wait for the disk together in `writers`:
    several hundred a second where one after the other takes some milliseconds each.
    """
    contents, shelf = list(contents), secrets.token_hex(1)
    keys = [f"{folder}/{shelf}{secrets.token_hex(15)}" for _ in contents]
    paths = [_path(key) for key in keys]
    if not paths:
        return []
    if not paths[0].parent.is_dir():
        paths[0].parent.mkdir(parents=True, exist_ok=True)
        _write_down(paths[0].parent.parent)
        _write_down(paths[0].parent.parent.parent)
    # All of them end before anything is taken back: a writer that is still at it would leave its file behind.
    done = [writers.submit(_keep_one, path, content) for path, content in zip(paths, contents, strict=True)]
    errors = [error for each in done if (error := each.exception())]
    try:
        if errors:
            raise errors[0]
        _write_down(paths[0].parent)
    except BaseException:
        for path in paths:
            path.unlink(missing_ok=True)
        raise
    return keys


def _keep_one(path: Path, content: bytes) -> None:
    with open(path, "xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _write_down(folder: Path) -> None:
    """Have the names in a folder outlive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def path_of(key: str) -> Path:
    """Return where the file of this key is; it may be gone."""
    return _path(key)


def old_files(folder: str, before: datetime) -> Iterator[tuple[str, Path]]:
    """Yield (key, file) for what was last written to a folder before a moment, unfinished files of a key too."""
    for path in (settings().var / "files" / folder).glob("*/*"):
        # It may be erased at this moment.
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < before.timestamp():
                yield f"{folder}/{path.name.partition('.')[0]}", path


def erase(key: str) -> None:
    """Delete the file of this key; nothing happens when it is gone already."""
    _path(key).unlink(missing_ok=True)
