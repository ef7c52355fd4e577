"""`bin/wem demo`: makes the demo in an empty database, and says who signs in."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from wem.db import db
from wem.demo import making
from wem.demo.customers import COLLEAGUES, CUSTOMERS, DELEGATE, OTHERS, PARTNER, PASSWORD, STAFF
from wem.settings import settings

FILE = "demo.txt"
NOTHING = "No demo data: the database had customers already."


@click.command("demo")
@click.option("--show", is_flag=True, help="Say addresses and sign-ins again; make nothing.")
@with_appcontext
def demo(show: bool) -> None:
    """Make two invented customers with readers in an empty database, and print who signs in."""
    if settings().production:
        raise click.ClickException("Demo data has a known password and is never made in production.")
    file = settings().var / FILE
    if show:
        if not file.exists():
            raise click.ClickException("There is no demo here. Make it with: bin/wem demo")
        click.echo(
            f"Portal {settings().PORTAL_URL}   Public {settings().PUBLIC_URL}\n" + file.read_text("utf-8"), nl=False
        )
        return
    if making.anybody_here():
        text = file.read_text("utf-8") if file.exists() else NOTHING + "\n"
    else:
        making.make()
        db.session.commit()
        text = sign_ins()
    # Read by bin/run at each start: as long as it is there, the demo is not asked for again.
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    click.echo(text, nl=False)


def sign_ins() -> str:
    """Return who signs in with what; without host and port, which change from start to start."""
    lines = [f"Sign in at the portal's /login, password of all: {PASSWORD}"]
    for customer in (*CUSTOMERS, *OTHERS):
        for _, email, role in customer.people:
            lines.append(f"  {email:<30} {role.value} of {customer.name}")
    lines.append(f"  {DELEGATE[1]:<30} delegate of the first two")
    lines.append(f"  {STAFF[1]:<30} staff (administrator)")
    lines += [f"  {email:<30} staff ({role.value})" for _, email, role in COLLEAGUES]
    lines.append(f"  {PARTNER[3]:<30} partner {PARTNER[1]}")
    pages = "  ".join(f"/h/{customer.slug}/" for customer in CUSTOMERS)
    return "\n".join([*lines, f"Readers' pages, on the public address: {pages}"]) + "\n"
