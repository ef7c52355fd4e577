"""Under which name a mailing goes: the registered one, or another that our staff approved and that still holds."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from wem.contracts.models import contract_in_force
from wem.db import db
from wem.mailings.models import Mailing
from wem.mailings.states import MailingState
from wem.mailings.trial_models import trial_of, variants_of
from wem.sender_names.asking import not_approved, registered_name
from wem.sender_names.models import SenderName
from wem.sender_names.rules import NameState


def take_sender_name(mailing: Mailing) -> None:
    """Give it the name that was chosen for it, or else the one registered in the contract, as it reads now (法5条).

    Whether a chosen one holds is looked at when it is sent: `lost`.
    """
    mailing.sender_name = name_now(mailing)


def name_now(mailing: Mailing) -> str:
    """Return the name that `take_sender_name` would give it."""
    chosen = db.session.get(SenderName, mailing.sender_name_id) if mailing.sender_name_id else None
    of_theirs = chosen is not None and chosen.customer_id == mailing.customer_id
    return chosen.name if chosen and of_theirs else registered_name(mailing.customer_id)


def take_anew(mailing: Mailing) -> None:
    """Give a mailing that starts, and its variants, their names anew: what is registered may have changed since it was
    scheduled. Without a contract they stay as they are."""
    if contract_in_force(mailing.customer_id) is not None:
        for each in (mailing, *variants_of(mailing)):
            take_sender_name(each)


def lost(mailings: Sequence[Mailing]) -> list[SenderName]:
    """Return the names chosen for mailings of one customer that are not approved, or no longer."""
    if not mailings:
        return []
    return not_approved(mailings[0].customer_id, [each.sender_name_id for each in mailings])


def lost_by_what_waits(mailing: Mailing) -> list[SenderName]:
    """Return the names that hold no longer, of what of a mailing that has begun is still to go.

    Of a decided A/B test that is the rest, under the winner's name.
    """
    variants, trial = [mailing, *variants_of(mailing)], trial_of(mailing.id)
    if trial is not None and trial.winner is not None:
        variants = [each for each in variants if each.variant == trial.winner]
    return lost(variants)


def losing(mailings: Collection[Mailing]) -> dict[int, list[str]]:
    """Return for those of these that are scheduled, by their numbers, the names of theirs and of their variants that
    hold no longer: they are held at their time."""
    scheduled = [each.id for each in mailings if each.state is MailingState.scheduled]
    found: dict[int, list[str]] = {}
    if not scheduled:
        return found
    main = sa.func.coalesce(Mailing.variant_of, Mailing.id)
    holds = sa.and_(SenderName.customer_id == Mailing.customer_id, SenderName.state == NameState.approved)
    rows = db.session.execute(
        sa.select(main, SenderName.name)
        .join(SenderName, SenderName.id == Mailing.sender_name_id)
        .where(sa.or_(Mailing.id.in_(scheduled), Mailing.variant_of.in_(scheduled)), sa.not_(holds))
        .distinct()
        .order_by(main, SenderName.name)
    )
    for number, name in rows:
        found.setdefault(number, []).append(name)
    return found


def unstarted(numbers: Collection[int]) -> dict[int, int]:
    """Return for names, by their numbers, how many mailings under them are scheduled, or held before their start."""
    main = sa.orm.aliased(Mailing)
    waits = sa.and_(main.state.in_((MailingState.scheduled, MailingState.held)), main.started_at.is_(None))
    rows = db.session.execute(
        sa.select(Mailing.sender_name_id, sa.func.count(main.id.distinct()))
        .join(main, main.id == sa.func.coalesce(Mailing.variant_of, Mailing.id))
        .where(Mailing.sender_name_id.in_(numbers), waits)
        .group_by(Mailing.sender_name_id)
    )
    return {number: count for number, count in rows if number is not None}
