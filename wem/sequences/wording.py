"""The words of sequences, as screens and mails show them."""

from __future__ import annotations

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l

from wem.mailings.states import HeldReason
from wem.mailings.wording import held_text as mailing_held_text
from wem.sequences import rules
from wem.sequences.rules import SequenceKind, SequenceState, StepFault

# Words and the badge's kind.
STATES = {
    SequenceState.draft: (_l("Draft"), "neutral"),
    SequenceState.waiting: (_l("Our staff look at it"), "info"),
    SequenceState.running: (_l("Running"), "progress"),
    SequenceState.paused: (_l("Paused"), "warning"),
    SequenceState.held: (_l("Held"), "warning"),
    SequenceState.ended: (_l("Ended"), "neutral"),
}
KINDS = {
    SequenceKind.sign_up: _l("The day of the sign-up"),
    SequenceKind.date: _l("A date field of the reader"),
}
# What is not said of a single mailing in the same words.
HELD = {
    HeldReason.problems: _l(
        "Something in a mail of the sequence, its list, its date field or the contract's details forbids sending."
    ),
    HeldReason.segment: _l(
        "The segment that ends it for a reader is gone, or speaks of a field or list that is gone. Without it, mails "
        "would go to more readers than you meant. Please choose another one in the settings."
    ),
    HeldReason.sender_name: _l(
        "The sender's name of a mail in use is not approved any more. Please choose another name in that step, take "
        "its text into use, and let the sequence go on."
    ),
    HeldReason.review: _l("A mail of the sequence waits for our staff\u2019s look. Please let it go on afterwards."),
}


def held_text(reason: str) -> str:
    """Return why a sequence is held, in the reader's language."""
    known = {each.value: text for each, text in HELD.items()}
    return str(known[reason]) if reason in known else mailing_held_text(reason)


def when_text(kind: SequenceKind, days: int, hour: int, label: str = "") -> str:
    """Return when a step goes: “3 days after sign-up, 10:00”; `label` is the date field's."""
    if kind is SequenceKind.sign_up:
        if days == 0:
            if hour == 0:
                return str(gettext("Right after the sign-up"))
            return str(gettext("On the day of the sign-up, from %(hour)s:00", hour=hour))
        return str(
            ngettext(
                "%(num)s day after the sign-up, %(hour)s:00", "%(num)s days after the sign-up, %(hour)s:00", days,
                hour=hour,
            )
        )  # fmt: skip
    if days == 0:
        return str(gettext("On the day “%(label)s”, %(hour)s:00", label=label, hour=hour))
    if days < 0:
        return str(
            ngettext(
                "%(num)s day before “%(label)s”, %(hour)s:00", "%(num)s days before “%(label)s”, %(hour)s:00", -days,
                label=label, hour=hour,
            )
        )  # fmt: skip
    return str(
        ngettext(
            "%(num)s day after “%(label)s”, %(hour)s:00", "%(num)s days after “%(label)s”, %(hour)s:00", days,
            label=label, hour=hour,
        )
    )  # fmt: skip


def day_text(days: int) -> str:
    """Return the day of a step as it stands on the axis: “Day 0”, “Day +3”, “Day −7”."""
    return str(gettext("Day %(days)s", days=f"{'+' if days > 0 else '−' if days < 0 else ''}{abs(days)}"))


def fault_text(fault: StepFault, kind: SequenceKind) -> str:
    """Return what is wrong with a step's day."""
    first, last = rules.AFTER_SIGN_UP if kind is SequenceKind.sign_up else rules.AROUND_A_DATE
    match fault:
        case StepFault.taken:
            return str(gettext("Another step has this day. Nobody gets two mails of one sequence on one day."))
        case StepFault.too_many:
            return str(gettext("A sequence has at most %(count)s steps.", count=rules.MOST_STEPS))
        case StepFault.too_long:
            return str(
                gettext(
                    "Between the first and the last step of what comes again each year at most %(count)s days can lie.",
                    count=rules.LONGEST_YEARLY,
                )
            )
    return str(gettext("Please enter a number of days up to %(last)s.", first=first, last=max(abs(first), last)))
