"""Who applied in vain: what was typed goes after the months of 同意5, for no contract came of it.

Also where nobody ever decided: a form that was filled in and never came, or whose money never did.
"""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from wem import clock, storage
from wem.billing import refunding
from wem.billing.payment_models import Payment, Refund
from wem.billing.payment_rules import RefundState
from wem.contracts.application_models import Application
from wem.contracts.application_rules import OPEN, ApplicationState
from wem.contracts.date_rules import months_before
from wem.db import db
from wem.documents import Document
from wem.erasure.plan_rules import ERASED
from wem.notices.models import Notice
from wem.settings import settings

AT_ONCE = 50
UNDER_WAY = (RefundState.proposed, RefundState.approved)


def _owed() -> sa.ColumnElement[bool]:
    """Select whom we still owe the first fee: more came in than goes back, or what goes back is not paid out yet.

    Of an open application the money is not ours either, whatever becomes of it.
    """
    mine = sa.select(Payment.id).where(Payment.application_id == Application.id)
    under_way = mine.join(Refund, Refund.payment_id == Payment.id).where(Refund.state.in_(UNDER_WAY))
    came = sa.and_(Application.state.in_(OPEN), sa.or_(Application.paid_amount > 0, sa.exists(mine)))
    return sa.or_(refunding.kept_back(), sa.exists(under_way), sa.func.coalesce(came, sa.false()))


def forget_refused() -> int:
    """Delete applications that were refused or withdrawn long ago, or on which nothing came of an open one, with their
    papers, and take the words out of what was told; returns how many. The caller commits.
    """
    today, config = clock.today(), settings()
    decided = months_before(today, int(config.CUSTOMER_KEPT_MONTHS))
    touched = months_before(today, int(config.APPLICATION_KEPT_MONTHS))
    last_day = sa.func.max if db.engine.dialect.name == "sqlite" else sa.func.greatest
    none = sa.literal(date(2000, 1, 1), sa.Date)
    days = (Application.arrived_on, Application.fee_told_on, Application.paid_on, Application.possible_on)
    over = sa.and_(
        Application.state.in_((ApplicationState.refused, ApplicationState.withdrawn)),
        sa.func.coalesce(Application.decided_at, Application.created_at) < clock.midnight(decided),
    )
    lies = sa.and_(
        Application.state.in_(OPEN),
        sa.func.coalesce(Application.filled_at, Application.created_at) < clock.midnight(touched),
        last_day(*(sa.func.coalesce(day, none) for day in days)) < touched,
    )
    found = db.session.scalars(
        sa.select(Application.id)
        .where(sa.or_(over, lies), Application.contract_id.is_(None), ~_owed())
        .order_by(Application.id)
        .limit(AT_ONCE)
    ).all()
    about = [f"application {id}" for id in found]
    notices = db.session.scalars(sa.select(Notice.id).where(Notice.about.in_(about))).all()
    db.session.execute(
        sa.update(Notice)
        .where(Notice.id.in_(notices))
        .values(
            title=ERASED, text="", words={}, to_name="", to_honorific="", to_email="", to_postal_code="",
            to_address="", document_id=None,
        )
    )  # fmt: skip
    # The books keep the sum; whose it was goes with the application.
    db.session.execute(sa.update(Payment).where(Payment.application_id.in_(found)).values(application_id=None))
    db.session.execute(sa.delete(Application).where(Application.id.in_(found)))
    papers = [*about, *(f"notice {id}" for id in notices)]
    for row in db.session.scalars(sa.select(Document).where(Document.about.in_(papers))).all():
        storage.erase(row.storage_key)
        db.session.delete(row)
    return len(found)
