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
    MailingState.held: (_l("Held"), "warning"),
    MailingState.done: (_l("Finished"), "success"),
    MailingState.cancelled: (_l("Called off"), "neutral"),
    MailingState.failed: (_l("Failed"), "error"),
    MailingState.variant: (_l("Variant of an A/B test"), "neutral"),
}
# Of one that is being sent, in the no-send hours.
RESTING = (_l("Rests until the no-send hours are over"), "info")
WAITING = (_l("Waits for another mailing"), "warning")
BODY_KINDS = {BodyKind.blocks: _l("Blocks"), BodyKind.html: _l("HTML"), BodyKind.text: _l("Plain text")}
EARLIER = {
    Earlier.all: _l("They get this mail too"),
    Earlier.without: _l("They do not get this mail"),
    Earlier.silent: _l("Only those of them get it who are not known to have opened it or clicked in it"),
}
WRAPS = {
    35: _l("35 full-width characters"),
    30: _l("30 full-width characters"),
    20: _l("20 full-width characters (telephones)"),
    0: _l("As written"),
}
HELD = {
    HeldReason.missed: _l(
        "The time for which it was scheduled passed before it could start. It is never sent late by itself."
    ),
    HeldReason.contract: _l("The contract does not permit sending at present."),
    HeldReason.emergency: _l(
        "An emergency stop of your contract holds. It can go on once our staff have lifted the stop."
    ),
    HeldReason.problems: _l("Something in the mailing or the contract's details forbade starting."),
    HeldReason.staff: _l("Our staff stopped it. Please contact the help desk."),
    HeldReason.complaints: _l(
        "Unusually many readers reported your mailings as a nuisance. Our staff look at it and will contact you; "
        "until then nothing is sent."
    ),
    HeldReason.review: _l(
        "Our staff look at it before it is sent. Once approved it goes by itself, at once or at the time that was "
        "chosen."
    ),
    HeldReason.maintenance: _l("Maintenance that was announced is going on. It is sent by itself afterwards."),
    HeldReason.segment: _l(
        "A segment that narrows it is gone, or speaks of a field or list that is gone. Without it, it would go to more "
        "readers than you meant. Please mend the segment, or choose another one."
    ),
    HeldReason.winner: _l(
        "The A/B test is over, and no variant is ahead. Please choose which one the rest of the readers gets."
    ),
    HeldReason.sender_name: _l(
        "The sender's name that was chosen is not approved any more. Please see under “Sender's names” why, and choose "
        "another one."
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
    "name": _l("Name for your own use"),
    "subject": _l("Subject"),
    "sender_name": _l("Sender's name"),
    "lists": _l("Lists"),
    "only": _l("Only readers whom a segment fits"),
    "without": _l("Nobody whom a segment fits"),
    "earlier": _l("Readers who got the earlier mailing"),
    "language": _l("Language of the legal block"),
    "body_kind": _l("Kind of mail"),
    "wrap_at": _l("Line width of the text"),
    "view_line": _l("Line at the head that leads to the mail in the browser"),
    "html": _l("HTML"),
    "text": _l("Text part"),
}
# What was done about a mailing's time, by the act's name in the audit trail.
CHANGES = {
    "go_without": _l("Waits no longer for another mailing"),
    "schedule": _l("Was scheduled"),
    "submit": _l("Handed in for our look"),
    "move": _l("Moved to another day"),
    "unschedule": _l("Taken off the schedule"),
    "start": _l("Sending began"),
    "rest": _l("Rested for the no-send hours"),
    "wake": _l("Went on after the no-send hours"),
    "pause": _l("Was paused"),
    "resume": _l("Went on"),
    "hold": _l("Was held"),
    "ask": _l("Was given back to decide"),
    "cancel": _l("Was called off"),
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
CHOICES = {Choice.hold: _l("Hold it, and send it afterwards"), Choice.cancel: _l("Cancel it")}
REASONS = {
    Reason.unknown_address: _l("The address does not exist"),
    Reason.mailbox_full: _l("The mailbox is full"),
    Reason.unknown_domain: _l("The domain of the address cannot be reached"),
    Reason.refused: _l("Refused by the receiver's rules"),
    Reason.too_large: _l("The mail is too large for the receiver"),
    Reason.busy: _l("The receiver asked to come again later"),
    Reason.connection: _l("The connection broke or nobody answered"),
    Reason.own: _l("The mail could not be made"),
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
            return str(gettext("The filter “%(name)s” does not take these values.", name=name))
        case Kind.forbidden_tag:
            return str(gettext("“%(name)s” cannot be used here. if, unless, case and comment can.", name=name))
        case Kind.unclosed:
            return str(gettext("“%(name)s” is not closed.", name=name))
        case Kind.syntax:
            return str(gettext("“%(name)s” cannot be read. Please check the brackets and quotation marks.", name=name))
        case Kind.too_large:
            return str(gettext("The text is too long or nested too deeply."))
    return str(gettext("“%(name)s” cannot stand here.", name=name))
