"""The words of inquiries on screens and in mails."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from wem.inquiries.models import Origin, Writer
from wem.inquiries.state_rules import InquiryState

# Words and the badge's kind.
STATES = {
    InquiryState.received: (_l("Taken in"), "info"),
    InquiryState.working: (_l("Being worked on"), "progress"),
    InquiryState.answered: (_l("Answered by us"), "success"),
    InquiryState.closed: (_l("Inquiry closed"), "neutral"),
}
ORIGINS = {
    Origin.portal: _l("By the form"),
    Origin.help_desk: _l("By mail to the help desk"),
    Origin.course_change: _l("By mail to the address for contract changes"),
    Origin.complaint: _l("A complaint that we passed on"),
}
WRITERS = {
    Writer.customer: _l("Customer"),
    Writer.reader: _l("Reader of a customer"),
    Writer.unknown: _l("Not known"),
}
# What was done with a thread, by the code that an entry of acts begins with.
ACTS = {
    "receipt": _l("The receipt was sent by mail."),
    "confirmation": _l("The registered address was asked whether the order is the customer's."),
    "confirmed": _l("The registered address says that the order is the customer's."),
    "passed_on": _l("The complaint was passed on to the customer."),
}
