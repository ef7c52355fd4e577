"""An iterator run in a process of its own, so that reading a file and writing rows share no core."""

from __future__ import annotations

import contextlib
import marshal
import os
import signal
import struct
import traceback
import warnings
from collections.abc import Generator, Iterator
from typing import Any, BinaryIO, NoReturn

from wem.lists.problems import FileProblem, UnreadableFile

_SIZE = struct.Struct(">BQ")
_ITEM, _UNREADABLE, _FAILED, _END = range(4)


class ReaderDied(Exception):
    """The reading process came to an end that was not its own wish; the text says what is known."""


def ahead(items: Iterator[Any]) -> Generator[Any, None, None]:
    """Yield the items, each made while the one before is worked on.

    They must be plain (text, numbers, bytes, tuples, lists) and need nothing but files: the other process is a copy of
    this one and must not touch the connections that it inherits. Raises UnreadableFile and ReaderDied.
    """
    from_child, to_parent = os.pipe()
    with warnings.catch_warnings():
        # Newer Pythons warn of threads; the copy runs none of their code.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os.close(from_child)
        _be_reader(items, to_parent)
    os.close(to_parent)
    try:
        with open(from_child, "rb") as pipe:
            yield from _received(pipe)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _be_reader(items: Iterator[Any], to_parent: int) -> NoReturn:
    """Make the items and write them; a parent that is gone ends it, by the broken pipe."""
    try:
        with open(to_parent, "wb") as pipe:
            try:
                for item in items:
                    _send(pipe, _ITEM, marshal.dumps(item))
                _send(pipe, _END, b"")
            except UnreadableFile as error:
                _send(pipe, _UNREADABLE, error.problem.value.encode())
            except OSError:
                raise
            except Exception:
                _send(pipe, _FAILED, traceback.format_exc().encode())
    except OSError:
        pass
    finally:
        # Neither flush nor close what belongs to the parent.
        os._exit(0)


def _send(pipe: BinaryIO, kind: int, data: bytes) -> None:
    pipe.write(_SIZE.pack(kind, len(data)))
    pipe.write(data)
    pipe.flush()


def _received(pipe: BinaryIO) -> Iterator[Any]:
    while True:
        head = pipe.read(_SIZE.size)
        if len(head) < _SIZE.size:
            raise ReaderDied("it was killed")
        kind, size = _SIZE.unpack(head)
        data = pipe.read(size)
        if len(data) < size:
            raise ReaderDied("it was killed")
        if kind == _END:
            return
        if kind == _UNREADABLE:
            raise UnreadableFile(FileProblem(data.decode()))
        if kind == _FAILED:
            raise ReaderDied(data.decode())
        yield marshal.loads(data)  # noqa: S302 - our own copy wrote it
