"""`bin/wem inbound`, `receive`, `poll-imap`, `replay-inbound`: the ways in, and having mail routed anew."""

from __future__ import annotations

import logging
import os
import sys
import time
from datetime import datetime

import click
from flask import current_app
from flask.cli import ScriptInfo, with_appcontext
from sqlalchemy.exc import SQLAlchemyError

from wem import audit, clock
from wem.db import db
from wem.inbound import polling, receiving, replaying
from wem.inbound.listening import listen_until_stopped
from wem.inbound.states import FOR_STAFF, InboundState, Route
from wem.settings import settings

POLL_SECONDS = 3600.0
WORDS = {
    os.EX_DATAERR: "the mail is larger than INBOUND_SIZE, or goes round in circles",
    os.EX_NOUSER: "no such address here",
    os.EX_USAGE: "nobody says to which address the mail came",
    os.EX_TEMPFAIL: "the mail cannot be kept at present",
}
STATES = [state.name for state in InboundState if state is not InboundState.waiting]


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


@click.command()
@click.option("--sender", help="envelope sender; '' for a bounce")
@click.argument("recipients", nargs=-1)
def receive(recipients: tuple[str, ...], sender: str | None) -> None:
    """Take one mail from standard input, for a mail server's pipe. Exits as sysexits.h says: 75 is "try again"."""
    try:
        app = click.get_current_context().ensure_object(ScriptInfo).load_app()
        with app.app_context():
            # One byte more tells that it is too big; whatever comes behind it is not read.
            raw = sys.stdin.buffer.read(receiving.MOST_MBOX_LINE + settings().inbound_size + 1)
            status = receiving.receive(raw, recipients, sender, os.environ)
            if status in WORDS:
                print(f"wem: {WORDS[status]}", file=sys.stderr)
    except (Exception, SystemExit) as error:
        # Whatever is wrong here is no reason to send the mail back: its server keeps it and tries again.
        print(f"wem: the mail cannot be taken at present: {type(error).__name__}", file=sys.stderr)
        status = os.EX_TEMPFAIL
    sys.exit(status)


@click.command("poll-imap")
@with_appcontext
def poll_imap() -> None:
    """Fetch all unseen mail from the mailbox that IMAP_HOST names, now; the timetable does it each minute."""
    if not settings().IMAP_HOST:
        raise click.ClickException("IMAP_HOST is not set; docs/settings.md names what belongs to it")
    try:
        click.echo(f"{polling.poll(time.monotonic() + POLL_SECONDS)} mails kept")
    except (polling.PollFailed, OSError, SQLAlchemyError) as error:
        raise click.ClickException(str(error) or type(error).__name__) from error


@click.command("replay-inbound")
@click.option("--state", "states", multiple=True, type=click.Choice(STATES), help="default: what waits for staff")
@click.option("--route", type=click.Choice([route.value for route in Route]), help="only mail of these addresses")
@click.option("--since", type=click.DateTime(), help="only what came at or after this time (Japan)")
@click.option("--number", "numbers", multiple=True, type=int, help="only the mail of this number; repeatable")
@click.option("--dry-run", is_flag=True, help="only say how many")
@with_appcontext
def replay_inbound(
    states: tuple[str, ...], route: str | None, since: datetime | None, numbers: tuple[int, ...], dry_run: bool
) -> None:
    """Have arrived mail routed anew, after a rule was changed or a fault mended; what was done is not done again."""
    found = replaying.chosen(
        [InboundState[name] for name in states] or FOR_STAFF,
        Route(route) if route else None,
        since.replace(tzinfo=clock.JAPAN) if since else None,
        numbers,
    )
    count = replaying.replay(found, clock.now())
    if dry_run:
        db.session.rollback()
        click.echo(f"{count} mails would be routed anew")
        return
    if count:
        audit.record("inbound.replay", by=None, mails=count)
    db.session.commit()
    click.echo(f"{count} mails are routed anew")
