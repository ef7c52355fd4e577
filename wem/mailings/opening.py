"""Opens the dispatches of a mailing: with an A/B test one for each variant and one for the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime

import sqlalchemy as sa

from wem import clock
from wem.accounts.models import Customer
from wem.db import db
from wem.delivery import portioning, rules
from wem.delivery.models import Dispatch, DispatchKind, DispatchState
from wem.delivery.rendering import Content
from wem.domains.choosing import sender_address
from wem.lists.models import MailingList
from wem.mailings import dividing_rules
from wem.mailings.made_texts import Ready
from wem.mailings.models import Mailing, MailingTarget
from wem.mailings.reply_choosing import reply_address_for
from wem.mailings.trial_models import Trial
from wem.mailings.trial_rules import REST, TrialState
from wem.settings import settings
from wem.tracking.links import keep_links


def open_one(mailing: Mailing, lists: Sequence[MailingList], ready: Ready) -> Dispatch:
    """Return the dispatch of a mailing that everybody gets, at once or in portions, in the session."""
    dispatch = _opened(mailing, lists, ready, clock.now())
    dispatch.portions, dispatch.portion_minutes = mailing.portions, mailing.portion_minutes
    portioning.plan(dispatch)
    return dispatch


def open_trial(variants: Sequence[Mailing], lists: Sequence[MailingList], ready: Ready, trial: Trial) -> list[Dispatch]:
    """Return the dispatches of the variants, each for its part of the readers, and last that of the rest, which waits
    with the texts of the first variant; in the session. The readers' parts never overlap: nobody gets two mails."""
    # The same moment for all: what was sent before it counts when segments ask, and none of them does.
    at = clock.now()
    trial.move(TrialState.sending)
    parts = dividing_rules.parts(trial.share, len(variants))
    tested = zip(range(1, len(variants) + 1), variants, ready.each, strict=True)
    opened = []
    for (number, variant, texts), part in zip([*tested, (REST, variants[0], ready)], parts, strict=True):
        dispatch = _opened(variant, lists, texts, at)
        dispatch.variant, (dispatch.place_from, dispatch.place_below) = number, part
        opened.append(dispatch)
    return opened


def _opened(mailing: Mailing, lists: Sequence[MailingList], ready: Ready, at: datetime) -> Dispatch:
    if ready.counted is not None:
        ready = replace(ready, html=ready.counted.html)
    dispatch = Dispatch(
        customer_id=mailing.customer_id,
        mailing_id=mailing.main.id,
        sequence_id=mailing.sequence_id,
        kind=DispatchKind.bulk,
        state=DispatchState.preparing,
        content=asdict(content_of(mailing, lists, ready)),
        created_at=at,
        not_before=at - clock.SET_BACK,
        expires_at=at + rules.LIFETIME,
    )
    db.session.add(dispatch)
    db.session.flush()
    if ready.counted is not None and ready.counted.targets:
        keep_links(dispatch.id, ready.counted.targets)
    return dispatch


def content_of(mailing: Mailing, lists: Sequence[MailingList], ready: Ready) -> Content:
    """Return what a mailing sends; of a variant its own texts, in the name of the mailing that it goes with."""
    customer = db.session.get_one(Customer, mailing.customer_id)
    sender = sender_address(customer, lists)
    return Content(
        mailing_id=mailing.main.id or 0,
        subject=mailing.subject,
        text=ready.text,
        html=ready.html,
        sender=sender.address,
        sender_name=mailing.sender_name,
        language=ready.source.language,
        customer_slug=customer.slug,
        customer_name=customer.name,
        lists={str(row.id): row.name for row in lists},
        names=list(ready.source.names),
        attested_since=attested_since([row.id for row in lists]),
        batch_size=settings().batch_size,
        reply_to=reply_address_for(customer.id),
        sender_domain_id=sender.domain.id if sender.domain else None,
        bounce_domain=sender.domain.return_path if sender.domain else None,
    )


def attested_since(list_ids: Sequence[int]) -> dict[str, str | None]:
    """Return for each list when its last mailing that reached its end was begun: who came later gets the first."""
    other = sa.orm.aliased(Dispatch)
    rows = db.session.execute(
        sa.select(MailingTarget.list_id, sa.func.max(Dispatch.created_at, type_=Dispatch.created_at.type))
        .join(Dispatch, Dispatch.mailing_id == MailingTarget.mailing_id)
        .where(
            MailingTarget.list_id.in_(list_ids),
            Dispatch.kind == DispatchKind.bulk,
            # A step of a sequence goes to few: the others have not had their first mail by it.
            Dispatch.sequence_id.is_(None),
            Dispatch.state == DispatchState.done,
            # Of an A/B test the rest too.
            ~sa.exists().where(other.mailing_id == Dispatch.mailing_id, other.state != DispatchState.done),
        )
        .group_by(MailingTarget.list_id)
    )
    begun: dict[int, datetime] = dict(iter(rows))
    return {str(number): begun[number].isoformat() if number in begun else None for number in list_ids}
