"""The words of sequences, as screens and mails show them."""

from __future__ import annotations

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l

from wem.mailings.start_problems import Problem
from wem.mailings.states import HeldReason
from wem.mailings.wording import held_text as mailing_held_text
from wem.sequences import rules
from wem.sequences.rules import SequenceKind, SequenceState, StepFault

# Words and the badge's kind.
STATES = {
    SequenceState.draft: (_l("Draft"), "neutral"),
    SequenceState.waiting: (_l("Under review"), "info"),
    SequenceState.running: (_l("Running"), "progress"),
    SequenceState.paused: (_l("Paused"), "warning"),
    SequenceState.held: (_l("On hold"), "warning"),
    SequenceState.ended: (_l("Ended"), "neutral"),
}
KINDS = {
    SequenceKind.sign_up: _l("Day of sign-up"),
    SequenceKind.date: _l("A date field of the reader"),
}
# What is not said of a single mailing in the same words.
HELD = {
    HeldReason.problems: _l(
        "A problem in an email of the sequence, its list, its date field or your contract details prevents sending."
    ),
    HeldReason.segment: _l(
        "The segment used as an exit condition was deleted or uses a deleted field or list. Without it, "
        "emails would go to more readers than intended. Please choose another one in the settings."
    ),
    HeldReason.sender_name: _l(
        "The sender name of a live email is no longer approved. Choose another name in that step, apply "
        "the changes and resume the sequence."
    ),
    HeldReason.review: _l(
        "An email of the sequence is awaiting review by our staff. Please resume the sequence afterwards."
    ),
}
# Why it does not go on when somebody wants it to; of a contract its own words say it.
CANNOT_GO_ON = {
    Problem.complaints: _l("Your mailings are awaiting review by our staff. Please contact the help desk."),
    Problem.maintenance: _l("Maintenance is in progress. Due emails are sent automatically afterwards."),
    Problem.review: HELD[HeldReason.review],
    Problem.taken_down: _l("Our staff have blocked an email of this sequence. Please see the notice."),
    Problem.name_not_approved: HELD[HeldReason.sender_name],
    Problem.sender_domain: _l(
        "The records of the sender's domain are no longer found. Please mend them under “Sender domains” before "
        "you send."
    ),
    Problem.no_list: _l("Its list or date field was deleted. Please create a new sequence."),
    Problem.segment: _l("The segment used as an exit condition was deleted. Please choose another one."),
    Problem.legal_items: HELD[HeldReason.problems],
    Problem.sender_name: HELD[HeldReason.problems],
    Problem.nobody: HELD[HeldReason.problems],
    Problem.subject: HELD[HeldReason.problems],
    Problem.body: HELD[HeldReason.problems],
    Problem.template: HELD[HeldReason.problems],
    Problem.trial: HELD[HeldReason.problems],
    Problem.personal_link: HELD[HeldReason.problems],
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
                return str(gettext("Right after sign-up"))
            return str(gettext("On the day of sign-up, from %(hour)s:00", hour=hour))
        return str(
            ngettext(
                "%(num)s day after sign-up, %(hour)s:00", "%(num)s days after sign-up, %(hour)s:00", days,
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
            return str(gettext("Another step has this day. A sequence can send only one email per day to a reader."))
        case StepFault.too_many:
            return str(gettext("A sequence can have up to %(count)s steps.", count=rules.MOST_STEPS))
        case StepFault.too_long:
            return str(
                gettext(
                    "If repeated every year, the first and last step can be at most %(count)s days apart.",
                    count=rules.LONGEST_YEARLY,
                )
            )
    return str(gettext("Please enter a number of days up to %(last)s.", first=first, last=max(abs(first), last)))
