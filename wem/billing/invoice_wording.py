"""The words of invoices, month closes and arrears; what stands on a document is Japanese, as it was issued."""

from __future__ import annotations

from datetime import date

from flask_babel import force_locale, gettext
from flask_babel import lazy_gettext as _l

from wem.billing.dunning_rules import Proposal
from wem.billing.invoice_rules import ItemKind, Line
from wem.billing.rules import CloseState, CloseStep, Held, InvoiceKind, Occasion

DOCUMENTS = {InvoiceKind.invoice: _l("Qualified invoice"), InvoiceKind.give_back: _l("Qualified return invoice")}
OCCASIONS = {
    Occasion.initial: _l("First fee"),
    Occasion.monthly: _l("Monthly fee"),
    Occasion.final: _l("Final account"),
    Occasion.settlement: _l("Settlement by days"),
    Occasion.correction: _l("Correction"),
    Occasion.cost: _l("Costs of fictitious addresses"),
    Occasion.third_party: _l("Costs, to a third party"),
    Occasion.by_hand: _l("By hand"),
}
STATES = {
    CloseState.drafting: (_l("The dry run is being worked out"), "progress"),
    CloseState.drafted: (_l("Waits for your decision"), "warning"),
    CloseState.running: (_l("Being closed"), "progress"),
    CloseState.done: (_l("Month closed"), "success"),
}
STEPS = {
    CloseStep.settle: _l("Settle the month before: peaks and usable days"),
    CloseStep.end: _l("End contracts and make their final accounts"),
    CloseStep.terms: _l("Renew terms"),
    CloseStep.changes: _l("Carry out accepted changes"),
    CloseStep.open: _l("Fix the tiers by the count at 0:00"),
    CloseStep.invoice: _l("Issue invoices"),
    CloseStep.tell: _l("Tell the customers"),
}
HELD = {
    Held.no_price: _l("The count is above the highest tier: agree on a price"),
    Held.fault: _l("It could not be worked out; the log says why"),
}
NOT_READY = _l(
    "Nothing can be issued yet: our registration number (INVOICE_REGISTRATION_NUMBER) or our address "
    "(PROVIDER_ADDRESS) is a sample. Have them set, then try again."
)
# Why a contract stands among those to look at before the close.
LOOK_AT = {
    "no_price": _l("The count is above the highest tier"),
    "returned": _l("Something is given back"),
    "changed": _l("Differs much from the month before"),
    "suspended": _l("Suspended"),
    "no_mandate": _l("No mandate for direct debit is registered"),
    "count_differs": _l("A recount of addresses differed"),
    "no_month": _l("The month before has no record: no difference is charged"),
    "fault": _l("It could not be worked out; the log says why"),
}


# Words and the badge's kind.
PROPOSALS = {
    Proposal.wait: (_l("Wait"), "neutral"),
    Proposal.remind: (_l("Send a reminder"), "info"),
    Proposal.suspend: (_l("Suspend"), "warning"),
    Proposal.collect: (_l("Decide how to collect"), "warning"),
    Proposal.terminate: (_l("Terminate"), "error"),
}
# Codes of the audit trail.
ACTS = {
    "contract.final_account": _l("Made the final account"),
    "contract.remind": _l("Sent a reminder to pay"),
    "count.correct": _l("Set a count of addresses right"),
    "invoice.issue": _l("Issued an invoice"),
    "invoice.settle": _l("Noted the payment of a third party"),
    "month.again": _l("Ran the close of a month again"),
    "month.close": _l("A month was closed"),
    "month.draft": _l("Had the dry run of a month worked out"),
    "month.start": _l("Began to close a month"),
    "receivable.set_off": _l("Took a return off a sum owed"),
}


def month_text(month: date) -> str:
    """Return a month as invoices name it."""
    return str(gettext("Month %(month)s/%(year)s", month=month.month, year=month.year))


def receivable_text(month: date, *, first: bool = False, final: bool = False) -> str:
    """Return for what a sum is owed, in Japanese as staff and customers find it among others."""
    with force_locale("ja"):
        text = month_text(month)
        if first:
            return str(gettext("First fee %(month)s", month=text))
        return str(gettext("Final account %(month)s", month=text) if final else gettext("Fee of %(month)s", month=text))


def label(line: Line) -> str:
    """Return what a line says, in the language of the moment."""
    month = month_text(line.month) if line.month else ""
    match line.kind:
        case ItemKind.initial:
            text = gettext("Initial fee (%(course)s)", course=line.name)
        case ItemKind.base:
            text = gettext("Monthly fee %(month)s (%(course)s)", month=month, course=line.name)
        case ItemKind.option:
            text = gettext("Option %(name)s %(month)s", name=line.name, month=month)
        case ItemKind.difference:
            text = gettext("Difference by the peak of %(month)s (%(course)s)", month=month, course=line.name)
        case ItemKind.suspension:
            text = gettext("Monthly fee %(month)s, settled by days (%(course)s)", month=month, course=line.name)
        case ItemKind.rest:
            text = gettext("Rest of the minimum term (%(course)s)", course=line.name)
        case _:
            text = line.name
    more = []
    if line.count == 0:
        more.append(gettext("no addresses, lowest tier"))
    elif line.count is not None:
        more.append(gettext("%(count)s addresses", count=f"{line.count:,}"))
    if line.days:
        more.append(gettext("used on %(days)s of %(all)s days", days=line.days[0], all=line.days[1]))
    return str(text + (gettext(" [%(more)s]", more=gettext(", ").join(more)) if more else ""))
