"""Keeps programs running: starts them, starts them again, stops them all, and writes what they say into one log."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from wem.running import children
from wem.running.logfile import LogFile
from wem.running.programs import Program

TICK = 0.1  # seconds between two looks at what nobody announces
STEADY = 10.0  # seconds after which a start counts as good
LONGEST_PAUSE = 10.0  # seconds before a program that keeps failing is started again
DRAIN = 20.0  # seconds that a program gets to finish what it has in hand
COMPLAIN_AFTER = 3  # starts in a row that fail before its last lines are shown


@dataclass
class _Child:
    program: Program
    pid: int = 0
    started: float = 0.0
    failures: int = 0
    due: float | None = None  # when it is to be started again
    status: int | None = None
    pipes: set[int] = field(default_factory=set)


class Supervisor:
    """One thread; `wait_until` and `watch` do the work while they wait."""

    def __init__(self, log: LogFile, folder: Path, pids: Path, say: Callable[[str], None]) -> None:
        self._log, self._folder, self._pids, self._say = log, folder, pids, say
        self._children: dict[str, _Child] = {}
        self._unread: dict[int, bytes] = {}
        self._selector = selectors.DefaultSelector()
        self._stops = 0
        self._stopping = False
        children.adopt_orphans()
        self._woken, waking = socket.socketpair()
        for end in (self._woken, waking):
            end.setblocking(False)
        self._waking = waking
        self._selector.register(self._woken, selectors.EVENT_READ)
        signal.set_wakeup_fd(waking.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._asked_to_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    @property
    def stop_asked(self) -> bool:
        return self._stops > 0

    def start(self, program: Program) -> None:
        """Start a program and keep it running."""
        child = self._children[program.name] = _Child(program)
        self._spawn(child)

    def running(self, name: str) -> bool:
        """Say whether a program has a living process at this moment."""
        child = self._children.get(name)
        return child is not None and child.pid > 0

    def failures(self, name: str) -> int:
        """Return how often in a row a program ended soon after its start."""
        return self._children[name].failures

    def run_once(self, program: Program) -> int:
        """Run a program to its end; return its exit status, negative when a signal ended it."""
        self._stopping, before = True, self._stopping  # not to be started again
        child = self._children[program.name] = _Child(program)
        self._spawn(child)
        while child.status is None:
            self._turn()
            if self.stop_asked and child.pid:
                os.kill(child.pid, signal.SIGTERM)
        self._stopping = before
        del self._children[program.name]
        return child.status

    def forget(self, name: str) -> None:
        """Keep a program that is not running from being started again."""
        self._children.pop(name, None)

    def wait_until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Work until the condition holds; False when the time is over or a stop was asked for."""
        deadline = time.monotonic() + seconds
        while not self.stop_asked and time.monotonic() < deadline:
            if condition():
                return True
            self._turn()
        return False

    def watch(self) -> None:
        """Work until a stop is asked for."""
        while not self.stop_asked:
            self._turn(longest=1.0)

    def stop(self) -> None:
        """End everything, the later stages first; a second request to stop ends the patience."""
        self._stopping = True
        for stage in sorted({child.program.stage for child in self._children.values()}, reverse=True):
            self._stop([child for child in self._children.values() if child.program.stage == stage])
        self._end_orphans()
        for fd in list(self._unread):
            self._read(fd)

    def _stop(self, group: list[_Child]) -> None:
        for child in group:
            if child.pid:
                os.kill(child.pid, signal.SIGTERM)
        asked = self._stops
        deadline = time.monotonic() + DRAIN
        while any(child.pid for child in group):
            self._turn()
            if time.monotonic() > deadline or self._stops > max(asked, 1):
                for child in group:
                    if child.pid:
                        self._log.line("supervisor", f"{child.program.name} does not end and is killed")
                        children.kill_group(child.pid)
                deadline = time.monotonic() + DRAIN

    def _end_orphans(self) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            deadline = time.monotonic() + 3
            left = children.offspring(os.getpid())
            for pid in left:
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    continue
            while left and time.monotonic() < deadline:
                self._turn()
                left = children.offspring(os.getpid())

    def _spawn(self, child: _Child) -> None:
        name = child.program.name
        child.pid, pipe = children.spawn(child.program.command, name, self._folder)
        child.started, child.due, child.status = time.monotonic(), None, None
        self._selector.register(pipe, selectors.EVENT_READ, name)
        self._unread[pipe] = b""
        unfinished = self._pid_file(name).with_suffix(".new")
        unfinished.write_text(f"{child.pid}\n")
        unfinished.replace(self._pid_file(name))
        self._log.line("supervisor", f"{name} started, process {child.pid}")

    def _pid_file(self, name: str) -> Path:
        return self._pids / f"{name}.pid"

    def _turn(self, longest: float = TICK) -> None:
        due = [child.due for child in self._children.values() if child.due is not None]
        pause = min([longest, *(max(0.0, moment - time.monotonic()) for moment in due)])
        for key, _ in self._selector.select(pause):
            if key.fileobj is self._woken:
                self._woken.recv(4096)
            else:
                self._read(key.fd)
        self._reap()
        for child in self._children.values():
            if child.due is not None and child.due <= time.monotonic() and not self._stopping:
                self._spawn(child)

    def _read(self, fd: int) -> None:
        name = self._selector.get_key(fd).data
        while True:
            try:
                piece = os.read(fd, 65536)
            except BlockingIOError:
                return
            *lines, rest = (self._unread[fd] + piece).split(b"\n")
            # A line without an end must not grow for ever.
            if not piece or len(rest) > 65536:
                lines, rest = [*lines, *([rest] if rest else [])], b""
            for line in lines:
                self._log.line(name, line.decode(errors="replace"))
            self._unread[fd] = rest
            if not piece:
                self._selector.unregister(fd)
                del self._unread[fd]
                os.close(fd)
                return

    def _reap(self) -> None:
        while True:
            try:
                pid, raw = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            for child in self._children.values():
                if child.pid == pid:
                    self._ended(child, os.waitstatus_to_exitcode(raw))

    def _ended(self, child: _Child, status: int) -> None:
        name, pid, child.pid, child.status = child.program.name, child.pid, 0, status
        self._pid_file(name).unlink(missing_ok=True)
        # A web server that is killed leaves its worker behind, which would keep the port.
        children.kill_group(pid)
        how = f"ended with status {status}" if status >= 0 else f"was ended by {signal.Signals(-status).name}"
        self._log.line("supervisor", f"{name} {how}")
        if self._stopping:
            return
        lived = time.monotonic() - child.started
        child.failures = 0 if lived > STEADY else child.failures + 1
        pause = 0.0 if not child.failures else min(LONGEST_PAUSE, 0.25 * 2 ** (child.failures - 1))
        child.due = time.monotonic() + pause
        self._say(f"{name} {how}; starting it again")
        if child.failures == COMPLAIN_AFTER:
            self._say("\n".join(f"    {line}" for line in self._log.last(name)))

    def _asked_to_stop(self, number: int, frame: FrameType | None) -> None:
        self._stops += 1
