"""Purposes that the consent clauses do not name: announced, changed, given up; each customer told and asked (同意3)."""

from __future__ import annotations

import sqlalchemy as sa
from flask_babel import force_locale, gettext

from wem import audit, clock, queue
from wem.contracts import addressing
from wem.contracts.models import Contract
from wem.contracts.rules import ContractState
from wem.contracts.state_rules import Illegal
from wem.db import db
from wem.notices import telling
from wem.notices.rules import NoticeKind, Words
from wem.privacy.purpose_models import PurposeText, UsePurpose

AT_ONCE = 100


def announce(title: str, text: str, *, by: int) -> UsePurpose:
    """Return the purpose, public from now on; until a customer's yes it is a no. The caller commits."""
    row = UsePurpose()
    row.texts.append(PurposeText(number=1, title=title, text=text, published_by=by))
    db.session.add(row)
    db.session.flush()
    audit.record("purpose.announce", by=by, subject=row, name=title)
    _ring(row)
    return row


def change(row: UsePurpose, title: str, text: str, asks: bool, *, by: int) -> PurposeText:
    """Return the next version of the text. With `asks` every yes so far is over, and all are told and asked anew.

    Raises Illegal for a purpose that was given up, and for the same text.
    """
    if row.closed_at is not None or (row.current.title, row.current.text) == (title, text):
        raise Illegal("nothing is to be changed")
    made = PurposeText(number=row.current.number + 1, title=title, text=text, asks=asks, published_by=by)
    row.texts.append(made)
    if asks:
        row.asks_from, row.told_after, row.told_at = made.number, 0, None
        _ring(row)
    audit.record("purpose.change", by=by, subject=row, name=title, version=made.number)
    return made


def close(row: UsePurpose, *, by: int) -> None:
    """Give a purpose up: nobody's data are used for it any more."""
    if row.closed_at is None:
        row.closed_at, row.closed_by = clock.now(), by
        audit.record("purpose.close", by=by, subject=row, name=row.current.title)


def _ring(row: UsePurpose) -> None:
    queue.ring(queue.WORK, "wem.privacy.jobs.tell_purpose", row.id)


def tell_next(row: UsePurpose) -> int:
    """Tell the next customers of a purpose; returns how many, 0 when all know. The caller holds the row and commits."""
    if row.told_at is not None or row.closed_at is not None:
        return 0
    contracts = db.session.scalars(
        sa.select(Contract)
        .where(Contract.state != ContractState.ended, Contract.id > row.told_after)
        .order_by(Contract.id)
        .limit(AT_ONCE)
    ).all()
    with force_locale("ja"):
        words = _words(row)
    for contract in contracts:
        row.told_after = contract.id
        telling.tell(
            addressing.addressee(contract),
            words,
            NoticeKind.general,
            customer_id=contract.customer_id,
            about=addressing.about(contract),
            by=row.current.published_by,
        )
    if not contracts:
        row.told_at = clock.now()
    return len(contracts)


def _words(row: UsePurpose) -> Words:
    text = row.current
    return Words(
        gettext("A new purpose of use: may we ask for your consent?"),
        [gettext("We would like to use your data for the purpose below, which our consent clauses do not name yet.")],
        [
            (gettext("Purpose"), text.title),
            (gettext("What it means"), text.text),
            (gettext("Version of the text"), str(text.number)),
        ],
        [
            gettext(
                "We do not do so unless you agree. Please sign in and answer on the page “Use of your data” "
                "(/data-use); without an answer it stays a no."
            )
        ],
        contract=False,
    )
