"""`bin/run`: start WeM, or with `--check` prove that it does its main job."""

from __future__ import annotations

import argparse
import os
import sys

from wem.running import checking, starting
from wem.settings import SettingsError


def main(arguments: list[str]) -> int:
    """Return the exit status: 0 stopped as asked or checked, 1 failed, 2 could not start."""
    parser = argparse.ArgumentParser(prog="bin/run", description="Start WeM on this machine; Ctrl-C stops it.")
    parser.add_argument("--check", action="store_true", help="prove in a temporary folder that WeM does its main job")
    parser.add_argument("--port", type=int, metavar="N", help="portal on N, public pages on N+1, mailbox on N+25")
    given = parser.parse_args(arguments)
    if given.check:
        return checking.check()
    port = given.port
    if port is None and os.environ.get("PORT", "").isdigit():
        port = int(os.environ["PORT"])
    try:
        return starting.run(port, os.environ)  # type: ignore[arg-type]
    except (starting.CannotStart, SettingsError) as error:
        return starting.complain(str(error))
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
