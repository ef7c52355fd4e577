"""Tells customers of their invoices by notice, in place of paper (22-2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import sqlalchemy as sa
from flask_babel import force_locale, gettext

from wem import clock
from wem.billing import ways_to_pay
from wem.billing.invoice_models import Invoice
from wem.billing.invoice_wording import DOCUMENTS
from wem.billing.rules import InvoiceKind
from wem.contracts import addressing
from wem.contracts.describing import in_japanese
from wem.contracts.models import Contract
from wem.db import db
from wem.notices.rules import Addressee, NoticeKind, Words
from wem.notices.telling import tell
from wem.settings import settings

AT_ONCE = 10  # notices in one transaction: each is a mail that is written out
PAPER = "paper-invoice"  # code of the option by which invoices come by post too


def untold(last: int = 0) -> list[int]:
    """Return invoices of which nobody was told yet."""
    found = sa.select(Invoice.id).where(Invoice.told_at.is_(None), Invoice.id > last)
    return list(db.session.scalars(found.order_by(Invoice.id).limit(AT_ONCE)))


def tell_of(invoice_id: int) -> None:
    """Tell of an invoice, once; by letter to who has the option or no mail address. The caller commits."""
    row = db.session.get(Invoice, invoice_id, with_for_update=True, populate_existing=True)
    if row is None or row.told_at is not None:
        return
    row.told_at = clock.now()
    with force_locale("ja"):
        notice = tell(
            addressee(row),
            words(row),
            NoticeKind.invoice,
            customer_id=None if row.third_party else row.customer_id,
            about=row.about,
            by_letter=on_paper(row.contract, row.issued_on),
            terms_version=None if row.third_party else row.contract.terms_version,
        )
    row.notice_id = notice.id


def addressee(row: Invoice) -> Addressee:
    to = row.recipient
    if not row.third_party:
        # To where the customer is reached today, by the name that the document is made out to.
        return replace(addressing.addressee(row.contract), name=to["name"], honorific=to["honorific"])
    return Addressee(to["name"], to.get("email", ""), to["postal_code"], to["address"], to["honorific"])


def on_paper(contract: Contract, day: date) -> bool:
    """Return whether invoices go by post: only by an option (22-2)."""
    return any(option.code == PAPER for option in contract.options_on(day))


def words(row: Invoice) -> Words:
    """Return what the notice says: all that a qualified invoice must, so that it is one by itself."""
    gives_back = row.kind is InvoiceKind.give_back
    facts = [
        (gettext("Document"), str(DOCUMENTS[row.kind])),
        (gettext("Invoice number"), row.number),
        (gettext("Issued on"), in_japanese(row.issued_on)),
        (gettext("Issued by"), f"{row.issuer['name']} {row.issuer['number']}"),
    ]
    if row.period_from and row.period_to:
        days = f"{in_japanese(row.period_from)} – {in_japanese(row.period_to)}"
        facts.append((gettext("Period of the service"), days))
    if row.corrects is not None:
        facts.append((gettext("Refers to"), f"{row.corrects.number}（{in_japanese(row.corrects.issued_on)}）"))
    sign = -1 if gives_back else 1
    facts += [(line["label"], yen(sign * line["amount"])) for line in row.lines]
    for each in row.taxes:
        if each.rate:
            text = gettext("%(net)s, tax %(tax)s", net=yen(sign * each.net), tax=yen(sign * each.tax))
            facts.append((gettext("Taxed at %(rate)s %%", rate=each.rate), text))
        else:
            facts.append((gettext("Not subject to tax"), yen(sign * each.net)))
    total = gettext("Given back, with tax") if gives_back else gettext("Total with tax")
    facts.append((total, yen(sign * row.total)))
    way = ways_to_pay.way_to_pay(row)
    if way.how == "paid":
        facts.append((gettext("Payment"), gettext("Paid already")))
    elif row.due_on and row.total > 0:
        facts.append((gettext("To be paid by"), in_japanese(row.due_on)))
    if 0 < way.missing != row.total:
        facts.append((gettext("Still to be paid"), yen(way.missing)))
    if row.note:
        facts.append((gettext("Remarks"), row.note))
    before = gettext("We give back what is named below.") if gives_back else gettext("We charge what is named below.")
    after = []
    if not row.third_party:
        url = f"{settings().PORTAL_URL}/invoices/{row.number}"
        text = (
            gettext("The return invoice is ready on the web; it takes the place of paper (Art. 22-2): %(url)s")
            if gives_back
            else gettext("The document is ready on the web; it takes the place of paper (Art. 22-2): %(url)s")
        )
        after += [*ways_to_pay.sentences(way), str(text) % {"url": url}]
    elif row.total > 0:
        after.append(gettext("Please transfer it to: %(account)s", account=settings().PROVIDER_ACCOUNT))
    title = gettext("Return invoice %(number)s") if gives_back else gettext("Invoice %(number)s")
    return Words(str(title) % {"number": row.number}, [before], facts, after, contract=not row.third_party)


def yen(amount: int) -> str:
    return str(gettext("%(amount)s yen", amount=f"{amount:,}"))
