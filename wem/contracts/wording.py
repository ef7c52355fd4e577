"""The words of contracts on screens: where one stands, why it was stopped, what every mail must show."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from wem.contracts.rules import LegalItem, Standing, SuspensionGround

# Words and the badge's kind.
STANDINGS = {
    Standing.not_begun: (_l("Not begun yet"), "info"),
    Standing.in_use: (_l("In use"), "success"),
    Standing.suspended: (_l("Suspended"), "warning"),
    Standing.ended: (_l("Contract ended"), "neutral"),
}
GROUNDS = {
    SuspensionGround.nonpayment: _l("Payment outstanding (Art. 13-2)"),
    SuspensionGround.danger: _l("Law or danger (Art. 13-1)"),
    SuspensionGround.partial_termination: _l("Termination in part (Art. 14-1)"),
}
LEGAL_ITEMS = {
    LegalItem.sender_name: _l("Sender's name"),
    LegalItem.stop_address: _l("Where to stop the mails"),
    LegalItem.stop_statement: _l("That the mails can be stopped"),
    LegalItem.postal_address: _l("Postal address"),
    LegalItem.contact: _l("Contact for questions and complaints"),
}
DETAILS = {
    "sender_name": _l("Sender's name"),
    "postal_code": _l("Postal code"),
    "postal_address": _l("Postal address"),
    "contact": _l("Contact for questions and complaints"),
    "notice_email": _l("E-mail address for our notices"),
}
