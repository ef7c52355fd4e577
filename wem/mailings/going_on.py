"""Mailings that our staff have approved: on the schedule, or back to the customer where they cannot be sent."""

from __future__ import annotations

from datetime import timedelta

from wem import clock
from wem.mailings import starting, timing
from wem.mailings.models import Mailing
from wem.mailings.start_problems import held_for
from wem.mailings.starting import CannotStart, Ready
from wem.mailings.states import HeldReason

# It starts with what is due; whatever stands in the way then is dealt with there.
SOON = timedelta(seconds=1)


def go_on(mailing: Mailing, ready: Ready | None) -> None:
    """Put an approved mailing on the schedule, `ready` as in `starting.start`; raises NotPossible.

    Where its time has passed by more than it tolerates, or it may not be sent any more, the customer decides. The draft
    of a step becomes a draft again, for its sequence to use.
    """
    if mailing.is_step:
        mailing.unschedule(by=None)
        return
    if timing.missed(mailing):
        mailing.ask_customer(HeldReason.missed)
        return
    soon = clock.now() + SOON
    try:
        starting.schedule(mailing, max(mailing.scheduled_at or soon, soon), by=None, ready=ready)
    except CannotStart as error:
        mailing.ask_customer(held_for(error))
