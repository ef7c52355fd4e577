"""The words of contracts on screens: where one stands, why it was stopped, what every mail must show."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from wem.contracts.due_rules import What
from wem.contracts.request_models import Channel, ContractRequest, RequestKind, TerminationGround, TerminationScope
from wem.contracts.rules import (
    ContractState,
    EndReason,
    LegalItem,
    Restriction,
    ServicePart,
    Standing,
    SuspensionGround,
)
from wem.contracts.state_rules import CorrectionState, MandateAction, MandateState, RequestState, TerminationState
from wem.contracts.text_rules import TextKind

# Words and the badge's kind.
STANDINGS = {
    Standing.not_begun: (_l("Not begun yet"), "info"),
    Standing.in_use: (_l("In use"), "success"),
    Standing.suspended: (_l("Suspended"), "warning"),
    Standing.ended: (_l("Contract ended"), "neutral"),
}
# An end that is in sight, beside where the contract stands.
PROSPECTS = {
    ContractState.leaving: (_l("Ends by cancellation"), "info"),
    ContractState.expiring: (_l("Ends without renewal"), "warning"),
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
TEXT_KINDS = {
    TextKind.terms: _l("Terms of service"),
    TextKind.consent: _l("Consent clauses on personal data"),
    TextKind.manual: _l("Operating manual"),
}
DETAILS = {
    "sender_name": _l("Sender's name"),
    "postal_code": _l("Postal code"),
    "postal_address": _l("Postal address"),
    "contact": _l("Contact for questions and complaints"),
    "notice_email": _l("E-mail address for our notices"),
    "person": _l("Person in charge"),
    "phone": _l("Telephone number"),
}
REQUESTS = {
    RequestKind.cancel: _l("Cancellation of the contract"),
    RequestKind.early_exit: _l("Exit within the minimum term"),
    RequestKind.course: _l("Change of course"),
    RequestKind.options: _l("Change of options"),
    RequestKind.details: _l("Change of details"),
    RequestKind.correction: _l("Correction of details"),
    RequestKind.name: _l("Change of name"),
    RequestKind.bank: _l("Change of bank account"),
    RequestKind.resume: _l("Application for resumption"),
}
# Words and the badge's kind.
REQUEST_STATES = {
    RequestState.received: (_l("Received"), "info"),
    RequestState.checking: (_l("Being looked into"), "progress"),
    RequestState.waiting: (_l("Accepted, waits for its day"), "progress"),
    RequestState.refused: (_l("Not accepted"), "error"),
    RequestState.applied: (_l("Carried out"), "success"),
    RequestState.withdrawn: (_l("Withdrawn"), "neutral"),
    RequestState.lapsed: (_l("Lapsed with the contract"), "neutral"),
}
# What holds by itself is accepted by nobody: a cancellation, and what is filed (15-1, 16).
TAKEN_IN = (_l("Taken in, waits for its day"), "progress")
BY_ITSELF = (RequestKind.cancel, RequestKind.details, RequestKind.correction)


# What staff had entered by mistake was withdrawn by nobody.
UNDONE = (_l("Entered by mistake, taken back"), "neutral")


def state_of(row: ContractRequest) -> tuple[Any, str]:
    """Return the words of a request's state, and the badge's kind."""
    if row.undone:
        return UNDONE
    return TAKEN_IN if row.kind in BY_ITSELF and row.state is RequestState.waiting else REQUEST_STATES[row.state]


CHANNELS = {
    Channel.portal: _l("On the screens of WeM"),
    Channel.mail: _l("By e-mail"),
    Channel.letter: _l("By letter"),
    Channel.phone: _l("By telephone"),
}
REFUSALS = {
    "pending": _l("Such a request is open already. Withdraw it first if it is to be another."),
    "state": _l("The contract does not allow this at present."),
    "month": _l("This month cannot be asked for."),
    "same": _l("Nothing would change."),
    "not offered": _l("This is not on offer."),
    "overdue": _l("Sums that are overdue must be settled first (Art. 11-2)."),
    "future": _l("The time of receipt lies in the future."),
    "before": _l("The time of receipt lies before the contract."),
    "ends before": _l("The contract ends before this could hold."),
}
END_REASONS = {
    EndReason.cancelled: _l("Cancelled by the customer (Art. 15)"),
    EndReason.expired: _l("Not renewed (Art. 5)"),
    EndReason.terminated: _l("Terminated by us (Art. 14)"),
    EndReason.void: _l("Application refused (Art. 4-3)"),
}
RESTRICTIONS = {
    Restriction.sending: _l("Sending and scheduling of mailings"),
    Restriction.intake: _l("Sign-up of readers and uploads"),
    Restriction.both: _l("Sending, scheduling, sign-up and uploads"),
}
SERVICE_PARTS = {
    ServicePart.sending: _l("Sending and scheduling of mailings"),
    ServicePart.intake: _l("Sign-up of readers and uploads"),
    ServicePart.back_numbers: _l("Back numbers for everybody, with RSS"),
}
# What one person asks for and another decides, wherever it is.
WAITS_FOR_ANOTHER = (_l("Waits for a second person"), "warning")
ASKED = _l("A second person must approve it now.")
NOTHING_YET = _l("Nothing happens before a second person approves.")
CORRECTIONS = {
    CorrectionState.running: (_l("Period running"), "progress"),
    CorrectionState.due: (_l("Period over, please decide"), "warning"),
    CorrectionState.corrected: (_l("Corrected"), "success"),
    CorrectionState.terminated: (_l("Terminated"), "error"),
    CorrectionState.withdrawn: (_l("Withdrawn"), "neutral"),
    CorrectionState.lapsed: (_l("Lapsed with the contract"), "neutral"),
}
TERMINATIONS = {
    TerminationState.proposed: WAITS_FOR_ANOTHER,
    TerminationState.carried_out: (_l("Carried out"), "error"),
    TerminationState.lifted: (_l("Termination lifted"), "neutral"),
    TerminationState.refused: (_l("Refused"), "neutral"),
    TerminationState.withdrawn: (_l("Withdrawn"), "neutral"),
    TerminationState.lapsed: (_l("Lapsed with the contract"), "neutral"),
}
TERMINATION_GROUNDS = {
    TerminationGround.breach: _l("① Breach of terms, manual or instruction"),
    TerminationGround.nonpayment: _l("② Not paid in time"),
    TerminationGround.licence: _l("③ Licence withdrawn or business suspended by an authority"),
    TerminationGround.insolvency: _l("④ Filing for insolvency, special liquidation, rehabilitation or reorganisation"),
    TerminationGround.attachment: _l("⑤ Attachment, injunction or enforcement"),
    TerminationGround.dissolution: _l("⑥ Dissolution, merger or transfer of business"),
    TerminationGround.death: _l("⑦ Death"),
    TerminationGround.unfit: _l("⑧ Otherwise unfit as a customer"),
    TerminationGround.uncorrected: _l("Art. 14-2: not corrected within the period"),
}
# Words and the badge's kind.
MANDATES = {
    MandateState.missing: (_l("Form awaited from the customer"), "info"),
    MandateState.received: (_l("Form here, not with the bank yet"), "progress"),
    MandateState.sent: (_l("With the bank"), "progress"),
    MandateState.registered: (_l("Registered at the bank"), "success"),
    MandateState.returned: (_l("Given back"), "warning"),
    MandateState.stopped: (_l("Mandate stopped"), "neutral"),
    MandateState.void: (_l("Void"), "neutral"),
}
# What is debited until the bank has registered a new account, by whether there is one now (16).
MEANWHILE = {
    True: _l("The change holds once the bank has registered the new form; until then the present account is debited."),
    False: _l("Fees are debited once the bank has registered the form; until then the customer pays by transfer."),
}
# What is done, as the button says it, and what is said afterwards.
MANDATE_ACTS = {
    MandateAction.receive: (_l("The sealed form is here"), _l("The form is noted as received.")),
    MandateAction.send: (_l("Sent to the bank"), _l("The form is noted as sent to the bank.")),
    MandateAction.register: (
        _l("Registered by the bank"),
        _l("It is registered; this account is debited from now on."),
    ),
    MandateAction.stop: (_l("Stop the mandate"), _l("The mandate is stopped.")),
}
SCOPES = {TerminationScope.whole: _l("The whole contract"), TerminationScope.part: _l("A part of it")}
DUE = {
    What.begin: _l("Begins"),
    What.end: _l("Ends"),
    What.renew: _l("Is renewed"),
    What.change: _l("A change takes effect"),
    What.correction: _l("The period of a correction ends"),
}
