"""`bin/wem dkim`: the records of the service's own domain, and whether they stand in DNS."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from wem.domains import checking, founding
from wem.domains.models import finding_of
from wem.settings import settings


@click.command("dkim")
@click.option("--check", is_flag=True, help="Ask DNS now.")
@with_appcontext
def dkim(check: bool) -> None:
    """Print what to publish for the service's domain; its keys are made when they are not there yet."""
    domain = founding.service_domain()
    if check:
        domain = checking.check(domain.id) or domain
    for record in domain.records(settings().bounce_domain):
        click.echo(f"{record.name}. {record.type} " + " ".join(f'"{piece}"' for piece in record.pieces))
        if check:
            click.echo(f"    {finding_of(domain, record).get('finding', 'unchecked')}")
