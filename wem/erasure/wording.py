"""The words of erasure on staff's screens."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from wem.erasure.rules import ErasureState, Held, Phase

PHASES = {
    Phase.readers: _l("Readers, mailings, results"),
    Phase.evidence: _l("Proof of consent"),
    Phase.customer: _l("The customer's own data"),
    Phase.books: _l("Invoices and payments"),
}
STATES = {ErasureState.running: (_l("Being erased"), "progress"), ErasureState.done: (_l("Erased"), "success")}
HELD = {
    Held.account: _l("the final account is not made yet"),
    Held.contract: _l("the customer has another contract"),
    Held.sending: _l("mails are on their way"),
    Held.debts: _l("something is owed, or money is to be returned"),
    Held.case: _l("a case or a claim is open"),
    Held.inquiry: _l("an inquiry waits for an answer"),
    Held.before: _l("what comes before it is not done"),
    Held.staff: _l("held by staff"),
    Held.letters: _l("letters wait to be printed or posted"),
}
# Tables as people call them; the others are counted together.
KINDS = {
    "subscriber": _l("Readers erased"),
    "subscription": _l("Registrations"),
    "mailing": _l("Mailings"),
    "delivery": _l("Deliveries"),
    "hit": _l("Opens and clicks"),
    "bounce": _l("Bounces"),
    "conversation": _l("Conversations with readers"),
    "upload": _l("Uploads"),
    "inbound_mail": _l("Received mail"),
    "outbox_mail": _l("System mails"),
    "consent_event": _l("Events of consent"),
    "suppression": _l("Refusals (hashes)"),
    "account": _l("People"),
    "notice": _l("Notices"),
    "document": _l("Documents"),
    "inquiry": _l("Inquiries"),
    "application": _l("Applications"),
    "invoice": _l("Invoices"),
    "payment": _l("Payments"),
    "files": _l("Files"),
}
EVIDENCE = {
    1: _l("1 month after the last mail"),
    12: _l("12 months: an order of the authority stands (措置命令)"),
    36: _l("36 months: sells by mail order (特定商取引法)"),
}
# What the audit trail says of these acts.
ACTS = {
    "erasure.finish": _l("Data were erased"),
    "erasure.hold": _l("Held an erasure"),
    "erasure.release": _l("Let an erasure go on"),
    "erasure.see_record": _l("Saw that the record of consent is plain text"),
    "erasure.keeping": _l("Set for how long proof of consent is kept"),
}
