"""`bin/wem backup`: database, media and mail store in one file; older ones go when they are past their age."""

from __future__ import annotations

import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from wem import clock
from wem.erasure import dumping, log_writing
from wem.erasure.backup_rules import FORM, Manifest, made_at, name_of, over
from wem.erasure.log_rules import Line
from wem.settings import settings

MANIFEST, FILES = "manifest.json", "files"


def back_up(folder: Path) -> Path:
    """Return the file of a new backup in a folder. Raises dumping.Failed and OSError; nothing half stays.

    The database first: a row's file is there before the row, so that none is missing but what is erased meanwhile.
    """
    folder.mkdir(parents=True, exist_ok=True)
    at = clock.now()
    # By it a restore knows the log that goes with this backup.
    log_writing.append([Line(at)])
    place, unfinished = folder / name_of(at), folder / f".{name_of(at)}.part"
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".wem-") as work, _opened(unfinished) as tar:
            dump = Path(work) / dumping.file_name()
            revision = dumping.revision()
            dumping.take(dump)
            tar.add(dump, dump.name)
            number = _add_files(tar)
            kind = "postgresql" if dump.name == dumping.POSTGRES else "sqlite"
            _add_manifest(tar, Manifest(FORM, at.isoformat(), kind, revision, number))
        with open(unfinished, "rb") as file:
            os.fsync(file.fileno())
        unfinished.replace(place)
    finally:
        unfinished.unlink(missing_ok=True)
    return place


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    # For nobody else: it holds every address there is.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file, tarfile.open(fileobj=file, mode="w") as tar:
        yield tar


def _add_files(tar: tarfile.TarFile) -> int:
    root, number = settings().var / "files", 0
    for path in sorted(root.rglob("*")):
        if not path.is_file() or path.is_symlink():
            continue
        try:
            tar.add(path, f"{FILES}/{path.relative_to(root)}", recursive=False)
        except FileNotFoundError:
            continue  # erased at this moment
        number += 1
    return number


def _add_manifest(tar: tarfile.TarFile, manifest: Manifest) -> None:
    text = json.dumps(manifest.as_dict()).encode()
    info = tarfile.TarInfo(MANIFEST)
    info.size, info.mode = len(text), 0o600
    tar.addfile(info, io.BytesIO(text))


@dataclass(frozen=True)
class Backups:
    """What stands in the folder of backups: how many, since when the oldest, and how many are past their age."""

    number: int
    oldest: datetime | None
    over: int


def kept_in() -> Path | None:
    """Return the folder in which backups stand, as far as the settings name one."""
    folder = settings().BACKUP_FOLDER
    return Path(folder) if folder else None


def standing(folder: Path) -> Backups:
    """Return what stands in a folder of backups. Raises OSError."""
    made = [begun for _, begun in _backups(folder)]
    return Backups(len(made), min(made, default=None), sum(_over(begun) for begun in made))


def forget_old(folder: Path) -> list[Path]:
    """Delete the backups of a folder that are past their age, and return them (A-23: 35 days). Raises OSError when one
    cannot be deleted, the others gone."""
    gone, failed = [], None
    for path, begun in _backups(folder):
        if _over(begun):
            try:
                path.unlink(missing_ok=True)
                gone.append(path)
            except OSError as error:
                failed = error
    if failed is not None:
        raise failed
    return gone


def _backups(folder: Path) -> list[tuple[Path, datetime]]:
    made = ((folder / name, made_at(name, clock.now())) for name in sorted(os.listdir(folder)))
    return [(path, begun) for path, begun in made if begun is not None]


def _over(begun: datetime) -> bool:
    return over(begun, int(settings().BACKUP_DAYS), clock.now())
