"""Every table says whose rows it holds and when they go (wem/erasure/plan_rules.py): a new one cannot be forgotten."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.invariants.conftest import put_in_place
from tests.invariants.stage import Stage
from wem import models, storage
from wem.billing import final
from wem.contracts.models import Contract
from wem.contracts.rules import ContractState, EndReason
from wem.db import Base, db
from wem.erasure import erasing, finding, planning
from wem.erasure.models import Erasure
from wem.erasure.plan_rules import OTHERS, PLAN
from wem.erasure.rules import Phase
from wem.inquiries.models import Inquiry
from wem.inquiries.state_rules import InquiryState

# Columns that make a table a customer's or a reader's.
OWNED = ("customer_id", "contract_id", "dispatch_id", "subscriber_id", "mailing_id", "list_id")
# table: why a column of that kind makes it nobody's.
NOT_OWNED = {
    "stop": "numbers alone",
    "mail_slot": "hashes, for a day",
    "incident": "our own words, public",
    "erasure": "the record of erasure itself",
}
# What may still name the customer when all is over.
LEFT = {"customer", "returned_page", "erasure", "stop", "incident", "audit_event"}  # that the books went


def test_every_table_is_in_the_plan() -> None:
    assert models
    tables = {table.name for table in Base.metadata.sorted_tables}
    named = set(PLAN) | set(OTHERS)
    assert not tables - named, f"say in wem/erasure/plan_rules.py when these go: {sorted(tables - named)}"
    assert not named - tables, f"no such tables any more: {sorted(named - tables)}"
    assert not set(PLAN) & set(OTHERS)


def test_no_table_with_somebodys_data_is_nobodys() -> None:
    wrong = [
        table.name
        for table in Base.metadata.sorted_tables
        if table.name in OTHERS and table.name not in NOT_OWNED and any(name in table.columns for name in OWNED)
    ]
    assert not wrong, wrong


@pytest.mark.parametrize("name", sorted(PLAN))
def test_a_line_of_the_plan_fits_its_table(name: str) -> None:
    table = Base.metadata.tables[name]
    for rows in PLAN[name]:
        assert rows.gone or rows.blanked, "it goes at some time, or loses its words"
        for way in rows.ways:
            assert way.column in table.columns
            assert not way.table or (way.key in Base.metadata.tables[way.table].columns and way.table in PLAN)
        for column, value in rows.values.items():
            assert column in table.columns, column
            assert value is not None or table.columns[column].nullable, f"{column} cannot be empty"
        for column in rows.files:
            assert column in table.columns or (name, column) in finding.WITHIN
        # A condition makes some rows go earlier; the others need a line of their own.
        assert not rows.only or any(not other.only for other in PLAN[name]) or name in ("document",)


def test_each_phase_has_an_order() -> None:
    """Whoever names another's row goes before it."""
    for phase in Phase:
        names = [name for name, _ in finding.gone_in(phase)]
        assert names, phase
        for table in Base.metadata.sorted_tables:
            for key in table.foreign_keys:
                parent = key.column.table.name
                if parent != table.name and table.name in names and parent in names:
                    assert names.index(table.name) < names.index(parent), (table.name, parent)


def rows_of(customer_id: int) -> dict[str, int]:
    """Return how many rows of each table are a customer's."""
    found = {}
    for name, planned in PLAN.items():
        table = Base.metadata.tables[name]
        number = db.session.scalar(
            sa.select(sa.func.count()).select_from(table).where(finding.whose(name, planned[-1], customer_id))
        )
        if number:
            found[name] = number
    return found


def dump(customer_id: int) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of a customer."""
    return {
        name: sorted(
            (tuple(row) for row in db.session.execute(
                sa.select(Base.metadata.tables[name]).where(finding.whose(name, planned[-1], customer_id))
            )),
            key=repr,
        )
        for name, planned in PLAN.items()
    }  # fmt: skip


def test_one_of_two_customers_goes_and_the_other_stays_as_it_was(
    whole_app: Flask, staged: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over rows of every kind: all four phases, none of which leaves what it should take, or touches the other's."""
    erased: list[str] = []
    monkeypatch.setattr(storage, "erase", erased.append)  # the files are those of the other tests too
    with whole_app.app_context():
        put_in_place(whole_app, whole_app.config["WEM"].var / "staged.sqlite3")
        contract = db.session.get_one(Contract, staged.ours.contract_id)
        contract.state, contract.ended_on, contract.end_reason = ContractState.ended, date(2026, 4, 1), EndReason.void
        # What readers asked the help desk goes when it is closed.
        db.session.execute(sa.update(Inquiry).values(state=InquiryState.closed))
        db.session.execute(sa.delete(Erasure))  # those of the stage
        # The law's time for invoices is over for this customer.
        db.session.execute(sa.text("DROP TRIGGER invoice_deleted"))
        db.session.commit()
        final.account(contract)
        db.session.commit()
        number, before, theirs = contract.number, rows_of(staged.ours.customer_id), dump(staged.theirs.customer_id)
        gone: dict[str, int] = {}
        for phase in Phase:
            row = planning.begun(db.session.get_one(Contract, staged.ours.contract_id), phase, by=None)
            for _ in erasing.pieces(row):
                db.session.commit()
            for what, count in row.counts.items():
                gone[what] = gone.get(what, 0) + count
            assert row.contract_number == number and row.finished_at
            if phase is Phase.readers:
                assert not addresses_left(whole_app, staged)
        after = rows_of(staged.ours.customer_id)
        assert set(after) <= LEFT, f"left behind: {after}"
        missing = {name for name in before if name not in gone and name not in LEFT}
        assert not missing, f"not counted: {missing}"
        assert gone["files"] and erased
        assert dump(staged.theirs.customer_id) == theirs
        db.session.remove()


def addresses_left(app: Flask, staged: Stage) -> set[str]:
    """Return the addresses of our readers that stand in the whole database file."""
    db.session.commit()
    # What nobody can know to be a reader's: strangers who wrote to the help desk, and mail that staff have to read.
    strangers = sa.select(Inquiry.address).where(Inquiry.customer_id.is_(None))
    unknown = set(db.session.scalars(strangers))
    db.session.execute(sa.text("DELETE FROM inbound_mail"))
    db.session.commit()
    with db.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("VACUUM")
    path = Path(app.config["WEM"].var) / "wem.sqlite3"
    content = path.read_bytes()
    ours = {address for address in staged.addresses if address.endswith(staged.ours.secret)}
    return {address for address in ours - unknown if address.encode() in content}
