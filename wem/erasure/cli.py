"""`bin/wem backup`, `bin/wem restore`: what an installation is, in one file, for at most as long as A-23 allows."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click
from flask.cli import with_appcontext

from wem.db import db
from wem.erasure import backing_up, dumping, log_writing, restoring

# Clocks, and what was erased while the backup was taken.
BEFORE = timedelta(hours=1)


@click.command("backup")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), required=False)
@with_appcontext
def backup_command(folder: Path | None) -> None:
    """Back up database, media and mail store into FOLDER (else BACKUP_FOLDER), and delete backups there that are past
    their age.

    SECRET_KEY and MASTER_KEY are not in it, nor is the log of erasures: keep those elsewhere.
    """
    folder = folder or backing_up.kept_in()
    if folder is None:
        raise click.UsageError("name a folder, or set BACKUP_FOLDER")
    if log_writing.path().resolve().is_relative_to(folder.resolve()):
        raise click.ClickException(f"the log of erasures {log_writing.path()} stands in the folder of the backups")
    try:
        path = backing_up.back_up(folder)
    except (dumping.Failed, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{path}: {path.stat().st_size:,} bytes")
    _forget(folder)
    kept = backing_up.kept_in()
    if kept is None or kept.resolve() != folder.resolve():
        click.echo("this folder is not BACKUP_FOLDER: run bin/wem forget-backups on it every day", err=True)


@click.command("forget-backups")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@with_appcontext
def forget_backups_command(folder: Path) -> None:
    """Delete the backups in FOLDER that are past BACKUP_DAYS, where they are copied to; run it every day."""
    _forget(folder)


def _forget(folder: Path) -> None:
    try:
        for gone in backing_up.forget_old(folder):
            click.echo(f"{gone} was past its age and is deleted")
    except OSError as error:
        raise click.ClickException(str(error)) from error


@click.command("restore")
@click.argument("backup", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Put it in the place of a database that holds something.")
@click.option("--without-log", is_flag=True, help="Though the log of erasures does not tell all: what went comes back.")
@with_appcontext
def restore_command(backup: Path, replace: bool, without_log: bool) -> None:
    """Bring BACKUP back; stop WeM before. What was erased since is erased anew, by the log of erasures.

    Mailings that were under way stand still until somebody goes on with them; invoices go on with the next number that
    was not given; of files for the bank that the backup does not know staff must see to what became of them.
    """
    try:
        manifest = restoring.read_manifest(backup)
        if not dumping.is_empty() and not replace:
            raise restoring.Refused("the database is not empty; with --replace it is lost")
        restoring.bring_back(backup, without_log=without_log)
        _migrate()
        still = restoring.stand_still()
        further = restoring.carry_on()
        db.session.commit()
        again = restoring.erase_anew(manifest.moment - BEFORE)
    except (restoring.Refused, dumping.Failed, OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"the backup of {manifest.begun_at} with {manifest.files:,} files is back")
    click.echo(f"standing still: {still.get('mailings', 0)} mailings; withdrawn: {still.get('mails', 0)} waiting mails")
    if further.get("invoices"):
        click.echo(f"{further['invoices']:,} invoices are not in the backup; their numbers are not given again")
    if further.get("debits"):
        click.echo(f"{further['debits']} files for the bank are not in the backup: see to them at /staff/debits")
    if without_log:
        click.echo("without a whole log of erasures: who was erased since the backup may be back")
    click.echo(f"erased anew by {log_writing.path()}: {again or 'nothing'}")


def _migrate() -> None:
    """Bring the tables of an older backup to this version."""
    db.session.remove()
    context = click.get_current_context()
    root = context.find_root().command
    assert isinstance(root, click.Group)
    command = root.get_command(context, "migrate")
    assert command is not None
    context.invoke(command)
