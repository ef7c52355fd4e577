"""Starts a mailing once: looks whether it may be sent, fixes its content, opens its dispatch."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa

from wem import clock, queue
from wem.accounts.models import Customer
from wem.contracts.models import Contract, contract_in_force
from wem.contracts.rules import Use
from wem.db import db
from wem.delivery import rules
from wem.delivery.models import Dispatch, DispatchKind, DispatchState
from wem.delivery.personalising import TemplateProblem
from wem.delivery.rendering import Content, Letter
from wem.lists.address_rules import Address, read_address, wire_address
from wem.lists.models import Field, MailingList
from wem.mailings.footer import append_footer_html, append_footer_text
from wem.mailings.html import clean_html, inline_styles, text_from_html
from wem.mailings.models import BodyKind, Mailing, MailingTarget
from wem.settings import settings


class Problem(enum.StrEnum):
    """Why a mailing cannot start."""

    contract = "contract"  # suspended, not begun, ended
    legal_items = "legal_items"  # the contract's details lack what every mail must show
    sender_name = "sender_name"
    no_list = "no_list"
    nobody = "nobody"  # nobody is on its lists
    subject = "subject"
    body = "body"
    template = "template"  # a text is no template


class CannotStart(Exception):
    """The mailing may not be sent as it stands; `problems` says why."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(", ".join(problems))
        self.problems = list(problems)


def start(mailing: Mailing, *, by: int | None) -> Dispatch:
    """Start sending now and return the dispatch; its audience is written down by the workers after the commit.

    Raises CannotStart when something forbids it, NotPossible when somebody else was faster; then nothing is changed.
    """
    if found := problems(mailing):
        raise CannotStart(found)
    with db.session.begin_nested():
        mailing.start(by=by)
        # The row is ours now: what was changed since the first look is looked at again.
        if found := problems(mailing):
            raise CannotStart(found)
        dispatch = _open_dispatch(mailing)
    queue.ring(queue.WORK, "wem.mailings.jobs.expand", dispatch.id)
    return dispatch


def schedule(mailing: Mailing, at: datetime, *, by: int | None) -> None:
    """Have it start at a time; raises CannotStart, InThePast, NotPossible."""
    if found := problems(mailing, Use.schedule):
        raise CannotStart(found)
    mailing.schedule(at, by=by)


def problems(mailing: Mailing, use: Use = Use.send) -> list[Problem]:
    """Return what forbids sending the mailing now (with Use.schedule: scheduling it); empty when nothing does."""
    contract = contract_in_force(mailing.customer_id)
    found = []
    if contract is None or not contract.permits(use, clock.today()):
        found.append(Problem.contract)
    if contract is not None and contract.missing_legal_items:
        found.append(Problem.legal_items)
    if not mailing.sender_name.strip():
        found.append(Problem.sender_name)
    lists = lists_of(mailing)
    if not lists:
        found.append(Problem.no_list)
    elif not any(row.active_count for row in lists):
        found.append(Problem.nobody)
    if not mailing.subject.strip():
        found.append(Problem.subject)
    if not (mailing.text if mailing.body_kind is BodyKind.text else mailing.html).strip():
        found.append(Problem.body)
    if contract is not None and not found:
        try:
            Letter(0, content_of(mailing, contract, lists), settings())
        except TemplateProblem:
            found.append(Problem.template)
    return found


def lists_of(mailing: Mailing) -> list[MailingList]:
    """Return the lists that the mailing goes to; one that is put away has no audience."""
    return list(
        db.session.scalars(
            sa.select(MailingList)
            .join(MailingTarget, MailingTarget.list_id == MailingList.id)
            .where(
                MailingTarget.mailing_id == mailing.id,
                MailingList.customer_id == mailing.customer_id,
                MailingList.archived_at.is_(None),
            )
            .order_by(MailingList.id)
        )
    )


def content_of(mailing: Mailing, contract: Contract, lists: Sequence[MailingList]) -> Content:
    """Return what would be sent now, footer included; raises TemplateProblem where a text cannot take it."""
    provider, language = settings().PROVIDER_NAME, mailing.language
    customer = db.session.get_one(Customer, mailing.customer_id)
    html = None
    if mailing.body_kind is BodyKind.html:
        html = append_footer_html(
            inline_styles(clean_html(mailing.html)), contract, language=language, provider=provider
        )
    text = mailing.text
    if html is not None and not text.strip():
        text = text_from_html(clean_html(mailing.html))
    keys = db.session.scalars(sa.select(Field.key).where(Field.customer_id == mailing.customer_id).order_by(Field.id))
    return Content(
        mailing_id=mailing.id or 0,
        subject=mailing.subject,
        text=append_footer_text(text, contract, language=language, provider=provider),
        html=html,
        sender=f"{customer.slug}@{settings().SERVICE_DOMAIN}",
        sender_name=mailing.sender_name,
        language=language,
        customer_slug=customer.slug,
        customer_name=customer.name,
        lists={str(row.id): row.name for row in lists},
        names=list(keys),
        attested_since=_attested_since([row.id for row in lists]),
        batch_size=settings().batch_size,
        reply_to=reply_address(contract),
    )


def reply_address(contract: Contract) -> str | None:
    """Return the address in the contract's contact, on the wire; None when the contact is a telephone or a page."""
    found = read_address(contract.contact)
    return wire_address(found.address) if isinstance(found, Address) else None


def _open_dispatch(mailing: Mailing) -> Dispatch:
    contract = contract_in_force(mailing.customer_id)
    assert contract is not None
    at = clock.now()
    dispatch = Dispatch(
        customer_id=mailing.customer_id,
        mailing_id=mailing.id,
        kind=DispatchKind.bulk,
        state=DispatchState.preparing,
        content=asdict(content_of(mailing, contract, lists_of(mailing))),
        created_at=at,
        not_before=at,
        expires_at=at + rules.LIFETIME,
    )
    db.session.add(dispatch)
    db.session.flush()
    return dispatch


def _attested_since(list_ids: Sequence[int]) -> dict[str, str | None]:
    """Return for each list when its last mailing that reached its end was begun: who came later gets the first."""
    rows = db.session.execute(
        sa.select(MailingTarget.list_id, sa.func.max(Dispatch.created_at, type_=Dispatch.created_at.type))
        .join(Dispatch, Dispatch.mailing_id == MailingTarget.mailing_id)
        .where(
            MailingTarget.list_id.in_(list_ids),
            Dispatch.kind == DispatchKind.bulk,
            Dispatch.state == DispatchState.done,
        )
        .group_by(MailingTarget.list_id)
    )
    begun: dict[int, datetime] = dict(iter(rows))
    return {str(number): begun[number].isoformat() if number in begun else None for number in list_ids}
