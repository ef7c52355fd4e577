"""The words of notices, incidents and maintenance on screens."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from wem.notices.incident_rules import Part, Phase
from wem.notices.rules import Channel, NoticeKind, NoticeState

KINDS = {
    NoticeKind.initial_fee: _l("Initial fee"),
    NoticeKind.supplement: _l("Request for missing entries"),
    NoticeKind.refusal: _l("Refusal of an application"),
    NoticeKind.fee_reminder: _l("Reminder of the initial fee"),
    NoticeKind.start_guide: _l("Start of use"),
    NoticeKind.start_corrected: _l("Start of use, corrected"),
    NoticeKind.request_received: _l("Request received"),
    NoticeKind.request_accepted: _l("Request accepted"),
    NoticeKind.request_refused: _l("Request refused"),
    NoticeKind.request_applied: _l("Request carried out"),
    NoticeKind.request_withdrawn: _l("Request withdrawn"),
    NoticeKind.request_undone: _l("Entry taken back"),
    NoticeKind.mandate_returned: _l("Request for direct debit given back"),
    NoticeKind.details_changed: _l("Change of registered details"),
    NoticeKind.details_mended: _l("Correction of registered details"),
    NoticeKind.cancellation_received: _l("Cancellation received"),
    NoticeKind.cancellation_withdrawn: _l("Cancellation withdrawn"),
    NoticeKind.contract_ended: _l("End of the contract"),
    NoticeKind.erasure: _l("Erasure of data"),
    NoticeKind.non_renewal: _l("Refusal of renewal"),
    NoticeKind.correction: _l("Demand for correction"),
    NoticeKind.correction_closed: _l("Demand for correction closed"),
    NoticeKind.termination: _l("Termination by us"),
    NoticeKind.suspension: _l("Suspension"),
    NoticeKind.resumed: _l("Resumption accepted"),
    NoticeKind.resume_refused: _l("Resumption refused"),
    NoticeKind.restriction: _l("Restriction of use"),
    NoticeKind.restriction_lifted: _l("Restriction of use lifted"),
    NoticeKind.warning: _l("Warning"),
    NoticeKind.takedown: _l("Takedown"),
    NoticeKind.takedown_lifted: _l("Takedown lifted"),
    NoticeKind.deletion: _l("Deletion of data"),
    NoticeKind.cost_claim: _l("Claim of costs"),
    NoticeKind.arrears: _l("Unpaid fees"),
    NoticeKind.dunning: _l("Reminder to pay"),
    NoticeKind.invoice: _l("Invoice"),
    NoticeKind.terms_changed: _l("Change of the terms"),
    NoticeKind.fees_changed: _l("Change of the fees"),
    NoticeKind.maintenance: _l("Announcement of maintenance"),
    NoticeKind.general: _l("General notice"),
}
# What stands above the document of a notice (japan-rules 9).
DOCUMENTS = {
    NoticeKind.initial_fee: _l("Document: initial fee"),
    NoticeKind.supplement: _l("Document: missing entries"),
    NoticeKind.refusal: _l("Document: refusal of an application"),
    NoticeKind.fee_reminder: _l("Document: reminder of the initial fee"),
    NoticeKind.start_guide: _l("Document: start of use"),
    NoticeKind.start_corrected: _l("Document: start of use, corrected"),
    NoticeKind.request_received: _l("Document: request received"),
    NoticeKind.request_accepted: _l("Document: request accepted"),
    NoticeKind.request_refused: _l("Document: request not accepted"),
    NoticeKind.request_applied: _l("Document: request carried out"),
    NoticeKind.request_withdrawn: _l("Document: request withdrawn"),
    NoticeKind.request_undone: _l("Document: entry taken back"),
    NoticeKind.mandate_returned: _l("Document: request for direct debit given back"),
    NoticeKind.details_changed: _l("Document: change of details received"),
    NoticeKind.details_mended: _l("Document: details corrected"),
    NoticeKind.cancellation_received: _l("Document: cancellation received"),
    NoticeKind.cancellation_withdrawn: _l("Document: cancellation withdrawn"),
    NoticeKind.contract_ended: _l("Document: end of the contract"),
    NoticeKind.erasure: _l("Document: erasure of data"),
    NoticeKind.non_renewal: _l("Document: renewal refused"),
    NoticeKind.correction: _l("Document: demand for correction"),
    NoticeKind.correction_closed: _l("Document: demand for correction closed"),
    NoticeKind.termination: _l("Document: termination by us"),
    NoticeKind.suspension: _l("Document: suspension"),
    NoticeKind.resumed: _l("Document: resumption accepted"),
    NoticeKind.resume_refused: _l("Document: resumption not accepted"),
    NoticeKind.restriction: _l("Document: restriction"),
    NoticeKind.restriction_lifted: _l("Document: restriction lifted"),
    NoticeKind.warning: _l("Document: warning"),
    NoticeKind.takedown: _l("Document: takedown"),
    NoticeKind.takedown_lifted: _l("Document: takedown lifted"),
    NoticeKind.deletion: _l("Document: deletion of data"),
    NoticeKind.cost_claim: _l("Document: claim of costs"),
    NoticeKind.arrears: _l("Document: unpaid fees"),
    NoticeKind.dunning: _l("Document: reminder to pay"),
    NoticeKind.invoice: _l("Document: invoice"),
    NoticeKind.terms_changed: _l("Document: change of the terms"),
    NoticeKind.fees_changed: _l("Document: change of the fees"),
    NoticeKind.maintenance: _l("Document: maintenance"),
    NoticeKind.general: _l("Document: notice"),
}
GROUPS = {"contract": _l("About the contract"), "money": _l("About money"), "service": _l("About the service")}
CHANNELS = {Channel.mail: _l("E-mail"), Channel.letter: _l("Letter")}
# Words and the badge's kind.
MAIL_STATES = {
    NoticeState.waiting: (_l("On its way"), "progress"),
    NoticeState.sent: (_l("Sent"), "success"),
    NoticeState.failed: (_l("Came back"), "error"),
    NoticeState.withdrawn: (_l("Taken back"), "neutral"),
}
LETTER_STATES = {
    NoticeState.waiting: (_l("To be printed"), "warning"),
    NoticeState.printed: (_l("To be posted"), "warning"),
    NoticeState.sent: (_l("In the post"), "progress"),
    NoticeState.reached: (_l("Reached the customer"), "success"),
    NoticeState.failed: (_l("Came back"), "error"),
    NoticeState.withdrawn: (_l("Taken back"), "neutral"),
}
STATES = {Channel.mail: MAIL_STATES, Channel.letter: LETTER_STATES}
# Art. 13-1 (1)–(9), shortened.
REASONS = {
    1: _l("Disaster or other emergency"),
    2: _l("Surge of demand, for the public good"),
    3: _l("Fault of power, lines or traffic"),
    4: _l("Fault of software, virus or attack"),
    5: _l("Change of a supplier, or work on the equipment"),
    6: _l("Regular or urgent maintenance"),
    7: _l("Failure of a server or of software"),
    8: _l("Law or order of a court"),
    9: _l("Overload caused by users"),
}
PARTS = {
    Part.all: _l("The whole service"),
    Part.screens: _l("Signing in, lists, mailings"),
    Part.sending: _l("Sending mails"),
    Part.sign_up: _l("Sign-up and stop pages of readers"),
}
PHASES = {
    Phase.announced: (_l("Announced"), "info"),
    Phase.running: (_l("Going on"), "warning"),
    Phase.over: (_l("Over"), "success"),
}
