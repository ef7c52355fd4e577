"""`bin/wem inbound`, `replay-inbound`: the door, and having mail routed anew."""

from __future__ import annotations

import logging
import sys

import click
from flask import current_app
from flask.cli import with_appcontext

from wem.inbound.listening import listen_until_stopped
from wem.settings import settings


@click.command()
@with_appcontext
def inbound() -> None:
    """Take mail by LMTP and SMTP until told to stop."""
    # Its own words hold the addresses of those who write.
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    try:
        listen_until_stopped(current_app._get_current_object())  # type: ignore[attr-defined]
    except OSError as error:
        loaded = settings()
        ports = f"{loaded.INBOUND_LMTP_PORT} and {loaded.INBOUND_SMTP_PORT}"
        print(f"wem: the door cannot listen on {loaded.INBOUND_HOST}, ports {ports}: {error.strerror}", file=sys.stderr)
        sys.exit(1)
