"""A real Postfix with the configuration of deploy/, as an instance of its own in a temporary folder. Needs root."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
import time
from pathlib import Path

from bench.delivering.databases import NotHere
from bench.delivering.sinks import free_port, tool, wait_for
from wem.settings import ROOT

DEPLOY = ROOT / "deploy" / "postfix"
DEBIAN = Path("/usr/share/postfix/master.cf.dist")


class Postfix:
    """Takes mail on `port`, hands it to the sink; only folders, ports and the way out differ from deploy/.

    Mail for our own domains, handed in there or on `mx_port`, goes to the door's LMTP port. `changed` are lines of
    main.cf that differ as well.
    """

    def __init__(
        self, folder: Path, sink_port: int, least: int, seconds: float, door_port: int = 2528, **changed: str
    ) -> None:
        self.program = tool("postfix")
        if os.geteuid() != 0 or not DEBIAN.exists():
            raise NotHere("a Postfix of our own needs root and Debian's package. Type: sudo apt-get install postfix")
        self.folder = folder / "postfix"
        self.port, self.mx_port, guard_port = free_port(), free_port(), free_port()
        self._configure(guard_port, {"relayhost": f"[127.0.0.1]:{sink_port}", **changed}, door_port)
        self.guard = subprocess.Popen(
            [
                sys.executable,
                str(DEPLOY / "wem_queue_guard.py"),
                f"--listen=127.0.0.1:{guard_port}",
                f"--queue={self.folder / 'queue'}",
                f"--least={least}",
                f"--seconds={seconds}",
            ],
            cwd="/",
        )
        wait_for(guard_port)
        self._do("check")
        self._do("start")
        wait_for(self.port)

    def _configure(self, guard_port: int, changed: dict[str, str], door_port: int) -> None:
        user = pwd.getpwnam("postfix")
        self.folder.parent.chmod(0o755)
        for name in ("", "etc", "queue", "data"):
            (self.folder / name).mkdir(mode=0o755)
        os.chown(self.folder / "data", user.pw_uid, user.pw_gid)
        ours = {
            "queue_directory": self.folder / "queue",
            "data_directory": self.folder / "data",
            "inet_interfaces": "loopback-only",
            "relay_transport": f"lmtp:inet:127.0.0.1:{door_port}",
            "maillog_file": self.folder / "mail.log",
            "maillog_file_prefixes": "/tmp, /var",
            "smtp_tls_security_level": "none",
            **changed,
        }
        lines = [f"{name} = {value}" for name, value in ours.items()]
        kept = [line for line in (DEPLOY / "main.cf").read_text().splitlines() if line.split(" = ")[0] not in ours]
        (self.folder / "etc" / "main.cf").write_text("\n".join([*kept, *lines, ""]))
        services = DEBIAN.read_text().replace("smtp      inet", "#smtp      inet")
        services += (DEPLOY / "master.cf.wem").read_text()
        services = services.replace(":10026", f":{guard_port}").replace(
            "127.0.0.1:2525 inet", f"127.0.0.1:{self.port} inet"
        )
        services = services.replace("127.0.0.1:2526 inet", f"127.0.0.1:{free_port()} inet")
        services = services.replace("smtp       inet", f"127.0.0.1:{self.mx_port} inet")
        # Without the copies of the system's files that Debian's start script puts into the cage.
        services = "\n".join(_uncaged(line) for line in services.splitlines())
        (self.folder / "etc" / "master.cf").write_text(services + "\n")

    def _do(self, act: str) -> None:
        done = subprocess.run([self.program, "-c", str(self.folder / "etc"), act], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"postfix {act}: {done.stdout}{done.stderr}")

    @property
    def depth(self) -> int:
        """Return how many mails lie in incoming and active."""
        folders = (self.folder / "queue" / name for name in ("incoming", "active"))
        return sum(len(names) for folder in folders for _, _, names in os.walk(folder))

    @property
    def held(self) -> int:
        """Return how many mails lie anywhere in its queue."""
        return self.depth + sum(len(names) for _, _, names in os.walk(self.folder / "queue" / "deferred"))

    def said(self, word: str) -> int:
        """Return how many lines of its log hold a word."""
        log = self.folder / "mail.log"
        return sum(word in line for line in log.read_text(errors="replace").splitlines()) if log.exists() else 0

    def stop(self) -> None:
        self._do("stop")
        deadline = time.monotonic() + 20
        while (self.folder / "queue" / "pid" / "master.pid").exists() and time.monotonic() < deadline:
            if subprocess.run([self.program, "-c", str(self.folder / "etc"), "status"], capture_output=True).returncode:
                break
            time.sleep(0.1)
        self.guard.kill()
        self.guard.wait()


def _uncaged(line: str) -> str:
    parts = line.split()
    if line[:1] in ("#", " ", "\t", "") or len(parts) < 8 or parts[4] != "y":
        return line
    return "  ".join([*parts[:4], "n", *parts[5:]])
