"""`bin/wem create-admin`: the first staff member."""

from __future__ import annotations

import click
import sqlalchemy as sa
from flask.cli import with_appcontext

from wem import audit
from wem.accounts.models import Account, hasher
from wem.accounts.rules import PASSWORD_LEAST, StaffRole, password_problem
from wem.db import db


@click.command("create-admin")
@click.option("--email", prompt="E-mail address")
@click.option("--name", prompt="Name")
@click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True, envvar="WEM_ADMIN_PASSWORD")
@with_appcontext
def create_admin(email: str, name: str, password: str) -> None:
    """Make a staff member with every right."""
    email = email.strip().lower()
    if "@" not in email:
        raise click.ClickException("That is not an e-mail address.")
    if password_problem(password, email):
        raise click.ClickException(f"Please choose a password of at least {PASSWORD_LEAST} characters, hard to guess.")
    if db.session.scalar(sa.select(Account.id).where(Account.email == email)):
        raise click.ClickException(f"{email} signs in already.")
    account = Account(email=email, name=name.strip(), staff_role=StaffRole.admin)
    account.set_password(hasher.hash(password))
    db.session.add(account)
    db.session.flush()
    audit.record("account.create_admin", by=None, subject=account)
    db.session.commit()
    click.echo(f"{email} may sign in at /login.")
