"""Receipts for what is paid at our own desk (A-07)."""

from datetime import date

import pytest
import sqlalchemy as sa

from tests.documents.test_documents import words
from tests.factories import make_contract, make_customer, make_receivable
from wem.audit import AuditEvent
from wem.billing import paying, payment_rules, receipts
from wem.billing.payment_rules import PaymentWay
from wem.contracts.state_rules import Illegal
from wem.db import db
from wem.documents import Document
from wem.erasure import erasing, planning
from wem.erasure.rules import Phase

PAID = date(2026, 4, 3)


@pytest.mark.parametrize(
    ("way", "known", "allowed"),
    [(PaymentWay.desk, True, True), (PaymentWay.desk, False, False), (PaymentWay.transfer, True, False)],
)
def test_what_has_a_receipt(way, known, allowed):
    if allowed:
        payment_rules.may_have_receipt(way, known=known)
    else:
        with pytest.raises(Illegal):
            payment_rules.may_have_receipt(way, known=known)


@pytest.mark.parametrize(("amount", "stamp"), [(49_999, False), (50_000, True)])
def test_when_it_is_stamped(amount, stamp):
    assert payment_rules.needs_stamp(amount) is stamp


def test_one_receipt_for_a_payment_and_it_stays_with_the_books(world, browser_for):
    contract = make_contract(make_customer("株式会社窓口"))
    make_receivable(contract, PAID, 3_300)
    payment = paying.take(PaymentWay.desk, PAID, 55_000, contract, by=1)
    paying.settle(payment, contract, by=1)
    other = paying.take(PaymentWay.transfer, PAID, 100, contract, by=1)
    db.session.commit()
    browser, path = browser_for(world.admin), f"/staff/payments/{payment.id}"
    assert browser.get(f"{path}/receipt").status == 404
    browser.post(f"/staff/payments/{other.id}/receipt")
    assert db.session.scalar(sa.select(Document.id)) is None
    for _ in range(2):
        assert browser.post(f"{path}/receipt").location == path
    kept = db.session.scalars(sa.select(Document.id)).one()
    said = words(browser.get(f"{path}/receipt").response.get_data())
    for each in (
        "領収書",
        receipts.number(payment),
        "株式会社窓口",
        "55,000",
        "3,300",
        "51,700",
        "収入印紙",
        "T0000000000000",
    ):
        assert each in said, each
    assert "領収書（PDF）" in browser.get(path).text
    acts = db.session.scalars(sa.select(AuditEvent.action).where(AuditEvent.action.contains("receipt")))
    assert list(acts) == ["payment.denied_receipt", "payment.receipt"]
    for phase in (Phase.readers, Phase.evidence, Phase.customer):
        for _ in erasing.pieces(planning.begun(contract, phase, by=None), tell=False):
            db.session.commit()
    assert db.session.get(Document, kept, populate_existing=True) is not None, "it goes with the books"
    for _ in erasing.pieces(planning.begun(contract, Phase.books, by=None), tell=False):
        db.session.commit()
    assert db.session.get(Document, kept, populate_existing=True) is None
