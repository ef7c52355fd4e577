"""The words of mailings, as screens and mails show them: states, reasons, what is wrong with a text."""

from __future__ import annotations

from datetime import timedelta

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from wem.delivery.rules import Reason
from wem.delivery.template_nodes import Kind, TemplateProblem
from wem.mailings.earlier_rules import Earlier
from wem.mailings.maintenance_rules import Choice
from wem.mailings.models import BodyKind
from wem.mailings.review_rules import Ground, ReviewState
from wem.mailings.states import HeldReason, MailingState

# Words and the badge's kind.
STATES = {
    MailingState.draft: (_l("Draft"), "neutral"),
    MailingState.scheduled: (_l("Scheduled"), "info"),
    MailingState.sending: (_l("Sending"), "progress"),
    MailingState.paused: (_l("Paused"), "warning"),
    MailingState.held: (_l("On hold"), "warning"),
    MailingState.done: (_l("Completed"), "success"),
    MailingState.cancelled: (_l("Cancelled"), "neutral"),
    MailingState.failed: (_l("Failed"), "error"),
    MailingState.variant: (_l("A/B test variant"), "neutral"),
}
# Of one that is being sent, in the no-send hours.
RESTING = (_l("Paused until quiet hours end"), "info")
WAITING = (_l("Waiting for another mailing"), "warning")
# Of one that is scheduled under a name that holds no longer.
LOSING = (_l("Will be put on hold"), "warning")
BODY_KINDS = {BodyKind.blocks: _l("Blocks"), BodyKind.html: _l("HTML"), BodyKind.text: _l("Plain text")}
EARLIER = {
    Earlier.all: _l("Also send to these readers"),
    Earlier.without: _l("Do not send to these readers"),
    Earlier.silent: _l("Send only to those with no recorded open or click"),
}
WRAPS = {
    35: _l("35 full-width characters"),
    30: _l("30 full-width characters"),
    20: _l("20 full-width characters (mobile phones)"),
    0: _l("No wrapping"),
}
HELD = {
    HeldReason.missed: _l("The scheduled time passed before sending could start. It is never sent late automatically."),
    HeldReason.contract: _l("Your contract does not currently allow sending."),
    HeldReason.emergency: _l("Your contract is under an emergency stop. You can resume once our staff have lifted it."),
    HeldReason.problems: _l("A problem in the mailing or your contract details prevented it from starting."),
    HeldReason.staff: _l("Our staff stopped this mailing. Please contact the help desk."),
    HeldReason.complaints: _l(
        "An unusually high number of readers reported your mailings as spam. Our staff will review this "
        "and contact you; nothing is sent until then."
    ),
    HeldReason.review: _l(
        "Our staff are reviewing it before it is sent. Once approved, it goes out automatically, at once "
        "or at the scheduled time."
    ),
    HeldReason.maintenance: _l("Scheduled maintenance is in progress. It is sent automatically afterwards."),
    HeldReason.segment: _l(
        "A segment used as a filter was deleted or uses a deleted field or list. Without it, the mailing "
        "would go to more readers than intended. Fix the segment, or choose another one."
    ),
    HeldReason.winner: _l(
        "The A/B test has ended without a winner. Please choose which variant the remaining readers receive."
    ),
    HeldReason.sender_name: _l(
        "The selected sender name is no longer approved. See “Sender names” for the reason, and choose another one."
    ),
    HeldReason.sender_domain: _l(
        "The DNS records of the sender's domain are no longer found, so its mails would be taken for forged ones. "
        "Please mend them under “Sender domains”, then let the mailing go on."
    ),
}
GROUNDS = {
    Ground.first: _l("The customer\u2019s first mailing"),
    Ground.words: _l("Words on our list"),
    Ground.audience: _l("Far more readers than usual"),
}
REVIEWS = {
    ReviewState.pending: (_l("Waits for our look"), "warning"),
    ReviewState.approved: (_l("Approved"), "success"),
    ReviewState.refused: (_l("Sent back"), "error"),
    ReviewState.withdrawn: (_l("Taken back"), "neutral"),
}
# What two people may have changed at once, as it is called in the form.
PARTS = {
    "name": _l("Internal name"),
    "subject": _l("Subject"),
    "sender_name": _l("Sender's name"),
    "lists": _l("Lists"),
    "only": _l("Only readers matching a segment"),
    "without": _l("Exclude readers matching a segment"),
    "earlier": _l("Recipients of the earlier mailing"),
    "language": _l("Language of the legal footer"),
    "body_kind": _l("Format"),
    "wrap_at": _l("Text line width"),
    "view_line": _l("Add a view-in-browser link at the top of the email"),
    "html": _l("HTML"),
    "text": _l("Text part"),
}
# What was done about a mailing's time, by the act's name in the audit trail.
CHANGES = {
    "go_without": _l("No longer waiting for another mailing"),
    "schedule": _l("Mailing scheduled"),
    "submit": _l("Submitted for review"),
    "move": _l("Moved to another time"),
    "unschedule": _l("Schedule cancelled"),
    "start": _l("Sending started"),
    "rest": _l("Paused for quiet hours"),
    "wake": _l("Resumed after quiet hours"),
    "pause": _l("Sending paused"),
    "resume": _l("Sending resumed"),
    "hold": _l("Put on hold"),
    "ask": _l("Returned for a decision"),
    "cancel": _l("Mailing cancelled"),
    "decide_trial": _l("Variant chosen for the rest"),
}
PORTION_INTERVALS = {
    10: _l("10 minutes"),
    15: _l("15 minutes"),
    30: _l("30 minutes"),
    60: _l("1 hour"),
    120: _l("2 hours"),
    180: _l("3 hours"),
    360: _l("6 hours"),
    720: _l("12 hours"),
}
TOLERANCES = {
    timedelta(minutes=15): _l("up to 15 minutes"),
    timedelta(hours=1): _l("up to 1 hour"),
    timedelta(hours=3): _l("up to 3 hours"),
    timedelta(hours=6): _l("up to 6 hours"),
    timedelta(hours=12): _l("up to 12 hours"),
    timedelta(hours=24): _l("up to 24 hours"),
}
CHOICES = {Choice.hold: _l("Hold and send afterwards"), Choice.cancel: _l("Cancel the mailing")}
REASONS = {
    Reason.unknown_address: _l("The address does not exist"),
    Reason.mailbox_full: _l("The mailbox is full"),
    Reason.unknown_domain: _l("The address's domain cannot be reached"),
    Reason.refused: _l("Rejected by the recipient server's policy"),
    Reason.too_large: _l("The email is too large for the recipient"),
    Reason.busy: _l("Temporarily deferred by the recipient server"),
    Reason.connection: _l("Connection failed or timed out"),
    Reason.own: _l("The email could not be generated"),
    Reason.other: _l("Other"),
}


def held_text(reason: str) -> str:
    """Return why a mailing is held, in the reader's language; empty for a reason that has no words."""
    known = {each.value: text for each, text in HELD.items()}
    return str(known.get(reason, ""))  # type: ignore[call-overload]


def problem_text(problem: TemplateProblem) -> str:
    """Return what is wrong with a text and where: line, column, the piece, and the name that was probably meant."""
    place = gettext("Line %(line)s, column %(column)s", line=problem.line, column=problem.column)
    return f"{place}: {_what(problem)}"


def _what(problem: TemplateProblem) -> str:
    name, meant = problem.name, problem.suggestion
    match problem.kind:
        case Kind.unknown_name:
            text = gettext("There is no field “%(name)s”.", name=name)
            return str(text + (gettext(" Did you mean “%(meant)s”?", meant=meant) if meant else ""))
        case Kind.unknown_filter:
            text = gettext("There is no filter “%(name)s”.", name=name)
            return str(text + (gettext(" Did you mean “%(meant)s”?", meant=meant) if meant else ""))
        case Kind.filter_arguments:
            return str(gettext("The filter “%(name)s” does not accept these values.", name=name))
        case Kind.forbidden_tag:
            return str(gettext("“%(name)s” cannot be used here. if, unless, case and comment can.", name=name))
        case Kind.unclosed:
            return str(gettext("“%(name)s” is not closed.", name=name))
        case Kind.syntax:
            return str(gettext("“%(name)s” cannot be read. Please check the brackets and quotation marks.", name=name))
        case Kind.too_large:
            return str(gettext("The text is too long or nested too deeply."))
    return str(gettext("“%(name)s” is not allowed here.", name=name))
