"""The words of secrecy and personal data."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from wem.contracts.wording import WAITS_FOR_ANOTHER
from wem.privacy.news_rules import NewsState, Outcome
from wem.privacy.purpose_rules import Via
from wem.privacy.rules import Basis, DataClass, DisclosureState, Purpose, What

BASES = {
    Basis.law: _l("By law (consent clause 4 ①)"),
    Basis.public_body: _l("A state or local body, or whom it charged, for its duties by law (consent clause 4 ②)"),
    Basis.consent: _l("The customer has agreed (Art. 2-1, consent clause 4)"),
    Basis.known: _l("We had it already, or got it from others (Art. 2-2 (1))"),
    Basis.public: _l("Publicly known (Art. 2-2 (2))"),
    Basis.own: _l("Made by ourselves (Art. 2-2 (3))"),
}
DATA = {
    DataClass.customer: _l("Personal data of the customer"),
    DataClass.end_user: _l("Personal data of readers"),
    DataClass.secret: _l("Business or technical secrets of the customer"),
}
# Words and the badge's kind.
DISCLOSURES = {
    DisclosureState.proposed: WAITS_FOR_ANOTHER,
    DisclosureState.approved: (_l("Approved, not given yet"), "info"),
    DisclosureState.given: (_l("Given"), "success"),
    DisclosureState.refused: (_l("Disclosure refused"), "neutral"),
    DisclosureState.withdrawn: (_l("Disclosure withdrawn"), "neutral"),
}
PURPOSES = {
    Purpose.statements: _l("① Statements and invoices"),
    Purpose.news: _l("② News of services and campaigns"),
    Purpose.inquiries: _l("③ Inquiries to the customer"),
    Purpose.matching: _l("④ Matching name, area and use"),
}
# Words and the badge's kind.
NEWS_STATES = {
    NewsState.draft: (_l("Draft of a mail"), "neutral"),
    NewsState.waiting: (_l("Waits for a second look"), "warning"),
    NewsState.sending: (_l("Being put on its way"), "progress"),
    NewsState.sent: (_l("All on their way"), "success"),
    NewsState.withdrawn: (_l("Mail withdrawn"), "neutral"),
}
OUTCOMES = {
    Outcome.queued: _l("Put on its way"),
    Outcome.stopped: _l("Said no, or somebody with the same address did"),
    Outcome.not_agreed: _l("Has not agreed to the purpose"),
    Outcome.no_address: _l("Has no mail address for notices"),
    Outcome.failing: _l("Mails to the address come back"),
    Outcome.twice: _l("The same address has it by another contract"),
    Outcome.taken_back: _l("Taken back before it left"),
}
VIAS = {
    Via.application: _l("with the application"),
    Via.portal: _l("on this page"),
    Via.link: _l("by the link in a mail"),
    Via.staff: _l("told to our staff"),
}
WHATS = {
    What.contract: _l("Contract page"),
    What.details: _l("Details and notices' address"),
    What.application: _l("Application form"),
    What.request: _l("Request of the customer"),
    What.notice: _l("Notice as sent"),
    What.sums: _l("Sums owed and arrears"),
    What.case: _l("Case of abuse"),
    What.termination: _l("Termination and evidence"),
    What.upload: _l("Upload with its statement"),
    What.disclosure: _l("Disclosure to a third party"),
    What.mandate: _l("Request for direct debit"),
    What.order: _l("Order to operate the service"),
    What.inquiry: _l("Inquiry at the help desk"),
}
# What the audit trail says.
ACTS = {
    "news.give_back": _l("Gave a mail to customers back to its writer"),
    "news.send": _l("Sent a mail to customers"),
    "news.submit": _l("Submitted a mail to customers"),
    "news.withdraw": _l("Withdrew a mail to customers"),
    "news.write": _l("Wrote a mail to customers"),
    "news.denied": _l("Tried what is not allowed with a mail to customers"),
    "purpose.announce": _l("Announced a purpose of use"),
    "purpose.answer": _l("Answered about a purpose of use"),
    "purpose.change": _l("Changed the text of a purpose of use"),
    "purpose.close": _l("Gave a purpose of use up"),
    "disclosure.approve": _l("Approved a disclosure"),
    "disclosure.attach": _l("Kept a paper of a disclosure"),
    "disclosure.denied_decision": _l("Denied: deciding about a disclosure"),
    "disclosure.denied_giving": _l("Denied: noting a disclosure as given"),
    "disclosure.denied_own_approval": _l("Denied: approving one's own disclosure"),
    "disclosure.give": _l("Noted a disclosure as given"),
    "disclosure.propose": _l("Entered a disclosure"),
    "disclosure.refuse": _l("Refused a disclosure"),
    "disclosure.withdraw": _l("Withdrew a disclosure"),
}
