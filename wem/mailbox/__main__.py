"""`python -m wem.mailbox`: the built-in mailbox as a process."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

from wem.mailbox.current import Mailbox
from wem.mailbox.passing import Door
from wem.mailbox.receiving import listen
from wem.mailbox.rules import Behaviours
from wem.mailbox.serving import create_site, serve
from wem.mailbox.storing import Store
from wem.settings import Settings


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT. Return 0, or 2 when this must not run here."""
    if os.environ.get("WEM_ENV") == "production":
        print("wem.mailbox: refused, WEM_ENV is production; mail would be kept here instead of sent", file=sys.stderr)
        return 2
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    asyncio.run(_run(_read(arguments)))
    return 0


def _read(arguments: list[str] | None) -> argparse.Namespace:
    fields = Settings.__dataclass_fields__
    given = Settings(**{name: os.environ[name] for name in fields if name in os.environ})
    parser = argparse.ArgumentParser(prog="python -m wem.mailbox", description=__doc__)
    parser.add_argument("--smtp-port", type=int, default=int(given.SMTP_PORT), help="0 takes a free one")
    parser.add_argument("--http-port", type=int, default=urlsplit(given.MAILBOX_URL).port or 8025)
    parser.add_argument("--door-port", type=int, default=int(given.INBOUND_SMTP_PORT), help="0: mail to WeM stays here")
    parser.add_argument("--folder", type=Path, default=given.var / "mailbox", help="where the mails are kept")
    parser.add_argument("--until-eof", action="store_true", help="stop when standard input ends, with the parent")
    options = parser.parse_args(arguments)
    domains = frozenset((given.SERVICE_DOMAIN.lower(), given.bounce_domain.lower()))
    options.door = Door(given.INBOUND_HOST, options.door_port, domains)
    return options


async def _run(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    if options.until_eof:
        threading.Thread(target=_wait_for_eof, args=(loop, stop), daemon=True).start()
    shared = Mailbox(Store(options.folder), Behaviours(), options.door)
    smtp, smtp_port = await listen(shared.store, shared.behaviours, options.smtp_port, options.door)
    web = serve(create_site(shared), options.http_port)
    print(f"mailbox smtp=127.0.0.1:{smtp_port} http=127.0.0.1:{web.port}", flush=True)
    await stop.wait()
    smtp.close()
    await loop.run_in_executor(None, web.shutdown)
    shared.store.close()


def _wait_for_eof(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    while os.read(0, 4096):
        pass
    loop.call_soon_threadsafe(stop.set)


if __name__ == "__main__":
    sys.exit(main())
