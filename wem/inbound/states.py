"""The words of arrived mail: by which way it came, what it is for, what became of it."""

from __future__ import annotations

import enum

from wem.accounts.rules import StaffRole


class Way(enum.StrEnum):
    """How a mail came in."""

    lmtp = "lmtp"
    smtp = "smtp"
    pipe = "pipe"
    imap = "imap"


class Route(enum.StrEnum):
    """What the address is for that a mail came to (inbound.md 1)."""

    bounce = "bounce"  # b.<id>@: return path of mailings
    system_bounce = "system_bounce"  # s.<id>@: return path of the product's own mails
    feedback = "feedback"  # fbl@: complaints
    reply = "reply"  # r.<id>@: replies of readers
    unsubscribe = "unsubscribe"  # u.<id>@: List-Unsubscribe
    sign_up = "sign_up"  # <code>@: blank mail to a list
    stop = "stop"  # <code>-stop@
    help_desk = "help_desk"
    course_change = "course_change"
    other = "other"  # postmaster@, abuse@, addresses that customers send from, whatever has no other home


class InboundState(enum.IntEnum):
    """What became of a mail; those from `unrecognised` on wait for staff."""

    waiting = 0
    taken = 1
    ignored = 2  # automatic answers, our own mails, what came twice
    settled = 3  # staff have seen to it
    unrecognised = 4
    kept = 5  # for the help desk, or about a change of course: staff read it
    failed = 6  # our own fault; staff may have it tried again


# Who of staff may open arrived mail (with a reason).
MAIL_READERS = frozenset({StaffRole.support, StaffRole.operations})
FOR_STAFF = (InboundState.unrecognised, InboundState.kept, InboundState.failed)
HANDLED = (InboundState.taken, InboundState.ignored)
