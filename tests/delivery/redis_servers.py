"""A Redis server of a test's own, on a socket; it can be killed and started again."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from wem.running.redis_server import answers, find_server, program


class RedisServer:
    """A running server; `url` stays the same when it is started again."""

    def __init__(self) -> None:
        # Sockets have room for about a hundred bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="wem-redis-", dir="/tmp"))
        self.url = f"unix://{self.folder}/s"
        self.start()

    def start(self) -> None:
        command = program(find_server(), self.folder / "s", self.folder / "data").command
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while not answers(self.url):
            assert time.monotonic() < deadline, "Redis did not start"
            time.sleep(0.01)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        self.kill()
        shutil.rmtree(self.folder)
