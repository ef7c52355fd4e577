"""`bin/wem …`: the commands of operators, collected from the domains."""

from __future__ import annotations

import logging
import signal
import sys
import threading

import click
import sqlalchemy as sa
from flask import Flask
from flask.cli import FlaskGroup

from wem import clock, create_app, create_worker_app, schedule
from wem.accounts.cli import create_admin
from wem.bounces.cli import read_mail_command
from wem.contracts.cli import due_command
from wem.db import db
from wem.demo.cli import demo
from wem.domains.cli import dkim
from wem.erasure.cli import backup_command, forget_backups_command, restore_command
from wem.inbound.cli import inbound, poll_imap, receive, replay_inbound
from wem.settings import ROOT, SettingsError

log = logging.getLogger("wem.cli")


def _app() -> Flask:
    try:
        return create_worker_app()
    except SettingsError as error:
        print(f"wem: {error}", file=sys.stderr)
        sys.exit(2)


@click.group(cls=FlaskGroup, create_app=_app, add_default_commands=False, add_version_option=False)
def main() -> None:
    """WeM's commands."""


@main.command()
def migrate() -> None:
    """Bring the database to the present tables."""
    from flask_migrate import upgrade

    with create_app().app_context():
        upgrade(str(ROOT / "migrations"))


@main.command()
def timetable() -> None:
    """Ring the periodic jobs until told to stop."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    while not stopped.wait(1):
        try:
            schedule.ring_due(clock.now())
        except sa.exc.SQLAlchemyError as error:
            # The database may be away; the timetable waits for it.
            log.warning("the timetable waits for the database: %s", error)
            db.session.rollback()


main.add_command(create_admin)
main.add_command(demo)
main.add_command(dkim)
main.add_command(read_mail_command)
main.add_command(inbound)
main.add_command(due_command)
main.add_command(receive)
main.add_command(backup_command)
main.add_command(forget_backups_command)
main.add_command(restore_command)
main.add_command(poll_imap)
main.add_command(replay_inbound)


if __name__ == "__main__":
    main()
