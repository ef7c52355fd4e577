"""Who applied in vain: what was typed goes after the months of 同意5, for no contract came of it."""

from __future__ import annotations

import sqlalchemy as sa

from wem import clock, storage
from wem.billing import refunding
from wem.billing.payment_models import Payment
from wem.contracts.application_models import Application
from wem.contracts.application_rules import ApplicationState
from wem.contracts.date_rules import months_before
from wem.db import db
from wem.documents import Document
from wem.erasure.plan_rules import ERASED
from wem.notices.models import Notice
from wem.settings import settings

AT_ONCE = 50


def forget_refused() -> int:
    """Delete applications that were refused or withdrawn long ago, with their papers, and take the words out of what
    was told; returns how many. The caller commits.
    """
    before = clock.midnight(months_before(clock.today(), int(settings().CUSTOMER_KEPT_MONTHS)))
    found = db.session.scalars(
        sa.select(Application.id)
        .where(
            Application.state.in_((ApplicationState.refused, ApplicationState.withdrawn)),
            Application.contract_id.is_(None),
            sa.func.coalesce(Application.decided_at, Application.created_at) < before,
            # Whom we still owe the first fee is not forgotten.
            ~refunding.kept_back(),
        )
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
