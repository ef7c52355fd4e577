"""Sends a mailing a second time, under another subject, to who got it and is not known to have read it."""

from __future__ import annotations

from dataclasses import dataclass

from wem import audit, clock
from wem.db import db
from wem.delivery.progress import progress
from wem.mailings import audience, copying, earlier, earlier_rules
from wem.mailings.audience import Reach
from wem.mailings.earlier_rules import Earlier
from wem.mailings.models import Mailing
from wem.mailings.starting import lists_of
from wem.mailings.states import MailingState
from wem.mailings.trial_models import winner_of
from wem.tracking.links import results_of

OVER = (MailingState.done, MailingState.cancelled)


@dataclass(frozen=True)
class Outlook:
    """What a second mailing comes to now: who took the first one, how many of them opened or clicked, who is left.

    `reach` is None when none of its lists is there any more.
    """

    accepted: int
    opened: int
    clicked: int
    reach: Reach | None
    early: bool


def possible(mailing: Mailing) -> bool:
    """Return whether a mailing can be sent a second time: it is over, and its opens were counted."""
    return mailing.state in OVER and mailing.started_at is not None and mailing.body_kind.has_html


def outlook(mailing: Mailing) -> Outlook:
    """Return what a second mailing comes to now. Looks at each reader: some seconds for a million."""
    counts = progress(mailing.id)
    results = results_of(*counts.dispatch_ids) if counts else None
    return Outlook(
        counts.accepted if counts else 0,
        results.open_readers if results else 0,
        results.click_readers if results else 0,
        audience.reach_silent(mailing) if lists_of(mailing) else None,
        earlier_rules.early(mailing.finished_at, clock.now()),
    )


def resend(mailing: Mailing, subject: str, *, name: str, by: int) -> Mailing:
    """Return a draft of a second mailing, with this subject, to the lists of the first one that are there still.

    Its segments are left behind: who got the first mailing is meant, whether they fit it by now or not. Of an A/B
    test it is the variant that won. Raises TooOften.
    """
    draft = copying.draft_of(winner_of(mailing), name=name, by=by)
    draft.subject = subject
    earlier.follow(draft, mailing, Earlier.silent)
    audit.record("mailing.resend", by=by, customer_id=mailing.customer_id, subject=draft, source=mailing.id)
    db.session.flush()
    return draft
