"""`bin/wem due`: what would happen to contracts on a day."""

from __future__ import annotations

from datetime import datetime

import click
import sqlalchemy as sa
from flask.cli import with_appcontext

from wem import clock
from wem.accounts.models import Customer
from wem.contracts import due
from wem.contracts.due_rules import What
from wem.contracts.models import Contract
from wem.contracts.request_models import ContractRequest
from wem.db import db


@click.command("due")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="The day; today if not given.")
@with_appcontext
def due_command(on: datetime | None) -> None:
    """Print what falls due on a day, changing nothing; what the timetable would do by then comes first."""
    day = on.date() if on else clock.today()
    acts = due.plan(day)
    for act in acts:
        contract = db.session.get_one(Contract, act.contract_id)
        name = db.session.scalar(sa.select(Customer.name).where(Customer.id == contract.customer_id))
        click.echo(f"{act.day}  {act.what.value:<10}  {contract.number}  {name}{_more(act)}")
    click.echo(f"{len(acts)} on {day}; nothing was changed")
    db.session.rollback()


def _more(act: due.Act) -> str:
    if act.what is not What.change:
        return ""
    row = db.session.get_one(ContractRequest, act.row_id)
    return f"  {row.kind.value} {row.wish.get('course', '')}".rstrip()
