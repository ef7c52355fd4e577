"""Starting a process so that it cannot outlive us, and finding what is left of it."""

from __future__ import annotations

import atexit
import ctypes
import gc
import os
import runpy
import signal
import sys
import threading
import traceback
import warnings
from pathlib import Path

from wem.running.programs import PYTHON

_SET_PDEATHSIG = 1  # prctl(2)
_SET_NAME = 15
_SET_CHILD_SUBREAPER = 36


def _prctl(option: int, argument: int | bytes) -> None:
    # Not Linux, or a C library without it: ends are then found by their process group alone.
    call = getattr(ctypes.CDLL(None), "prctl", None)
    if call is not None:
        call(option, argument, 0, 0, 0)


def adopt_orphans() -> None:
    """Make us the parent of every descendant whose parent dies, so that none escapes the stop."""
    _prctl(_SET_CHILD_SUBREAPER, 1)


def spawn(command: tuple[str, ...], name: str, folder: Path) -> tuple[int, int]:
    """Start a command in a process group of its own; return its process id and a descriptor with all that it says.

    When the supervisor dies, even by SIGKILL, the kernel sends the process SIGTERM.
    """
    reading, writing = os.pipe()
    parent = os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    gc.freeze()  # the fork shares these pages for as long as the collector leaves them alone
    pid = os.fork()
    if pid:
        os.close(writing)
        os.set_blocking(reading, False)
        return pid, reading
    code = 1
    try:
        os.setpgid(0, 0)
        _prctl(_SET_PDEATHSIG, signal.SIGTERM)
        _prctl(_SET_NAME, f"wem {name}".encode())
        if os.getppid() != parent:
            os._exit(0)
        _forget_parent(writing)
        os.chdir(folder)
        code = _run_python(command[1:]) if command[0] == PYTHON else _become(command)
    except BaseException:
        traceback.print_exc()
    finally:
        _leave(code)
    raise AssertionError  # not reached


def _forget_parent(writing: int) -> None:
    """Give the fork its own signals, output and nothing else of the supervisor's."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(writing, 1)
    os.dup2(writing, 2)
    os.closerange(3, 1024)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]


def _become(command: tuple[str, ...]) -> int:
    try:
        os.execvp(command[0], command)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
    return 127


def _run_python(arguments: tuple[str, ...]) -> int:
    """Do what `python ARGUMENTS` does; return its exit status."""
    sys.path[0] = os.getcwd()
    try:
        if arguments[0] == "-m":
            sys.argv = [arguments[1], *arguments[2:]]
            with warnings.catch_warnings():
                # "found in sys.modules": loaded before the fork, which is the point of the fork.
                warnings.simplefilter("ignore", RuntimeWarning)
                runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = list(arguments)
            runpy.run_path(arguments[0], run_name="__main__")
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _leave(code: int) -> None:
    """End the fork as an interpreter ends, but without unwinding into the supervisor's own frames."""
    try:
        threading._shutdown()  # type: ignore[attr-defined]  # waits for threads that are not daemons
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def kill_group(group: int) -> None:
    """End what a dead leader left in its process group."""
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def offspring(of: int) -> list[int]:
    """Return the process ids of all living descendants, those of dead children included where the kernel adopts."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name may hold spaces and brackets: only what follows the last bracket is fields.
            state, parent = entry.read_text("utf-8", "replace").rpartition(")")[2].split()[:2]
        except (OSError, ValueError):
            continue
        if state != "Z":
            parents.setdefault(int(parent), []).append(int(entry.parent.name))
    found: list[int] = []
    waiting = [of]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found
