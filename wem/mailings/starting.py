"""Starts a mailing once: looks whether it may be sent, fixes its content, opens its dispatch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

import sqlalchemy as sa

from wem import clock, queue
from wem.accounts.models import Customer
from wem.contracts.models import Contract, contract_in_force
from wem.contracts.rules import Use
from wem.db import db
from wem.delivery.markup import names_in_links
from wem.delivery.models import Dispatch
from wem.delivery.rendering import Letter, compile_templates
from wem.delivery.template_nodes import TemplateProblem
from wem.domains.choosing import sender_address
from wem.lists.models import Field, MailingList
from wem.lists.takedown_models import TakenDown, open_takedown
from wem.mailings import maintenance, naming, narrowing, opening, review_grounds
from wem.mailings.auto_links import names_in_body_addresses, names_in_text_addresses
from wem.mailings.block_layout_rules import WIDTH
from wem.mailings.composing import HARMLESS_KINDS, TEXT_ONLY
from wem.mailings.footer import append_footer_html, append_footer_text
from wem.mailings.html import clean_html, inline_styles, text_from_html
from wem.mailings.made_texts import Ready as Ready
from wem.mailings.made_texts import Source
from wem.mailings.models import BodyKind, Mailing, MailingTarget, held_by_staff
from wem.mailings.start_problems import CannotStart as CannotStart
from wem.mailings.start_problems import Problem as Problem
from wem.mailings.trial_models import trial_of, variants_of
from wem.mailings.trial_rules import Criterion
from wem.mailings.view_line import with_view_line
from wem.mailings.wrapping import wrap
from wem.settings import settings
from wem.tracking.linking import counted


def start(mailing: Mailing, *, by: int | None, ready: Ready | None = None) -> Dispatch:
    """Start sending now and return the dispatch, of an A/B test that of the rest; audiences are written down by the
    workers after the commit.

    `ready` comes from `prepare`, called before with no transaction open; where it is missing or what it was made of
    has changed since, the texts are made here. Raises CannotStart when something forbids it, NotPossible when somebody
    else was faster; then nothing is changed.
    """
    with db.session.begin_nested():
        mailing.start(by=by)
        naming.take_anew(mailing)
        # The row is ours now: nobody changes what is looked at here.
        found, ready = _looked_over(mailing, Use.send, ready)
        if found or ready is None:
            raise CannotStart(found)
        opened = _opened(mailing, ready)
        narrowing.keep(mailing)
    for dispatch in opened:
        queue.ring(queue.WORK, "wem.mailings.jobs.expand", dispatch.id)
    return opened[-1]


def _opened(mailing: Mailing, ready: Ready) -> list[Dispatch]:
    lists, trial = lists_of(mailing), trial_of(mailing.id, lock=True)
    if trial is None:
        return [opening.open_one(mailing, lists, ready)]
    return opening.open_trial([mailing, *variants_of(mailing)], lists, ready, trial)


def schedule(mailing: Mailing, at: datetime, *, by: int | None, ready: Ready | None = None) -> None:
    """Have it start at a time (`ready` as in `start`); raises CannotStart, InThePast, NotPossible."""
    if found := _looked_over(mailing, Use.schedule, ready)[0]:
        raise CannotStart(found)
    mailing.schedule(at, by=by)


def problems(mailing: Mailing, use: Use = Use.send, ready: Ready | None = None) -> list[Problem]:
    """Return what forbids sending the mailing now (with Use.schedule: scheduling it); empty when nothing does.

    `ready` as in `start`.
    """
    return _looked_over(mailing, use, ready)[0]


def _looked_over(mailing: Mailing, use: Use, ready: Ready | None) -> tuple[list[Problem], Ready | None]:
    contract = contract_in_force(mailing.customer_id)
    found = []
    if contract is None or not contract.permits(use, clock.today()):
        found.append(Problem.contract)
    if held_by_staff(mailing.customer_id):
        found.append(Problem.complaints)
    if use is Use.send and maintenance.window_now(mailing.customer_id) is not None:
        found.append(Problem.maintenance)
    if open_takedown(mailing.customer_id, TakenDown.mailing, mailing.id) is not None:
        found.append(Problem.taken_down)
    if contract is not None and contract.missing_legal_items:
        found.append(Problem.legal_items)
    if not mailing.sender_name.strip():
        found.append(Problem.sender_name)
    variants = [mailing, *variants_of(mailing)]
    if naming.lost(variants):
        found.append(Problem.name_not_approved)
    lists = lists_of(mailing)
    if not lists:
        found.append(Problem.no_list)
    elif mailing.sequence_id is None and not any(row.active_count for row in lists):
        found.append(Problem.nobody)
    if narrowing.lost(mailing):
        found.append(Problem.segment)
    if sender_address(db.session.get_one(Customer, mailing.customer_id), lists).broken:
        found.append(Problem.sender_domain)
    if not all(each.subject.strip() for each in variants):
        found.append(Problem.subject)
    if not all((each.text if each.body_kind is BodyKind.text else each.html).strip() for each in variants):
        found.append(Problem.body)
    if not trial_possible(mailing, variants):
        found.append(Problem.trial)
    if contract is None or found:
        return found, None
    sources = [_source(each, contract) for each in variants]
    if ready is None or ready.sources != sources:
        ready = _all_compiled(sources)
    for each in ready.each:
        if each.problem:
            return [each.problem], ready
    # The last: what is wrong with it otherwise, the customer mends first. Of a step its draft was looked at.
    return [Problem.review] if mailing.step_id is None and review_grounds.needed(mailing) else [], ready


def trial_possible(mailing: Mailing, variants: Sequence[Mailing]) -> bool:
    """Return whether what is tested can be told: opens and clicks are counted in HTML alone."""
    trial = trial_of(mailing.id) if mailing.id else None
    if trial is None:
        return True
    return len(variants) > 1 and (
        trial.criterion is Criterion.hand or all(each.body_kind.has_html for each in variants)
    )


def prepare(mailing: Mailing) -> Ready | None:
    """Make the texts of a mailing with no transaction open, for `start`; None when there is no contract.

    Ends the transaction without keeping anything: SQLite's one writer must not wait for slow work. Load the mailing
    again afterwards.
    """
    contract = contract_in_force(mailing.customer_id)
    sources = [_source(each, contract) for each in (mailing, *variants_of(mailing))] if contract else None
    db.session.rollback()
    return _all_compiled(sources) if sources else None


def make(mailing: Mailing, contract: Contract, html: str | None = None) -> Ready:
    """Make the texts of a mailing, or of one variant, as they would be sent now; with other HTML where it is given."""
    source = _source(mailing, contract)
    return _compiled(source if html is None else replace(source, html=html))


def make_all(mailing: Mailing, contract: Contract) -> Ready:
    """Make the texts of a mailing and of its variants as they would be sent now."""
    return _all_compiled([_source(each, contract) for each in (mailing, *variants_of(mailing))])


def _all_compiled(sources: Sequence[Source]) -> Ready:
    first, *others = [_compiled(source) for source in sources]
    return replace(first, others=tuple(others))


def _source(mailing: Mailing, contract: Contract) -> Source:
    fields = db.session.execute(
        sa.select(Field.key, Field.kind).where(Field.customer_id == mailing.customer_id).order_by(Field.id)
    ).all()
    return Source(
        body_kind=mailing.body_kind,
        subject=mailing.subject,
        html=mailing.html if mailing.body_kind.has_html else "",
        text=mailing.text,
        wrap_at=mailing.wrap_at,
        view_line=mailing.view_line,
        language=mailing.main.language,
        sender_name=contract.sender_name,
        postal_code=contract.postal_code,
        postal_address=contract.postal_address,
        contact=contract.contact,
        names=tuple(key for key, _ in fields),
        personal=frozenset({TEXT_ONLY, *(key for key, kind in fields if kind not in HARMLESS_KINDS)}),
    )


def _bodies(source: Source, provider: str) -> tuple[str, str | None, str]:
    """Return text and HTML with the footer, and the cleaned HTML; raises TemplateProblem."""
    language = source.language
    html, text, cleaned = None, source.text, ""
    if source.body_kind.has_html:
        cleaned = clean_html(source.html)
        width = WIDTH if source.body_kind is BodyKind.blocks else None
        html = append_footer_html(inline_styles(cleaned), source, language=language, provider=provider, width=width)
        if source.view_line:
            html = with_view_line(html, language)
        if not text.strip():
            text = text_from_html(cleaned)
    text = wrap(text, source.wrap_at)
    text = append_footer_text(text, source, language=language, provider=provider, wrap_at=source.wrap_at)
    return text, html, cleaned


def _compiled(source: Source) -> Ready:
    try:
        return _made(source, settings().PROVIDER_NAME, settings().PUBLIC_URL)
    except TemplateProblem as fault:
        return Ready(source, problem=Problem.template, fault=fault)


# Who writes a mail looks at it again and again: page, frame and each way of showing it would make the same texts anew.
@lru_cache(maxsize=8)
def _made(source: Source, provider: str, public_url: str) -> Ready:
    text, html, cleaned = _bodies(source, provider)
    templates = compile_templates(source.subject, text, html, source.names, source.language)
    used = names_in_text_addresses(source.text) | names_in_links(cleaned) | names_in_body_addresses(cleaned)
    # A draft or a copy may be older than a field's kind.
    if used & source.personal:
        return Ready(source, text, html, templates, Problem.personal_link)
    fields = [name for name in source.names if name not in source.personal]
    found = counted(html, fields, public_url) if html else None
    return Ready(source, text, html, templates, counted=found)


def lists_of(mailing: Mailing) -> list[MailingList]:
    """Return the lists that the mailing goes to; one that is put away has no audience."""
    return list(
        db.session.scalars(
            sa.select(MailingList)
            .join(MailingTarget, MailingTarget.list_id == MailingList.id)
            .where(
                MailingTarget.mailing_id == (mailing.variant_of or mailing.id),
                MailingList.customer_id == mailing.customer_id,
                MailingList.archived_at.is_(None),
            )
            .order_by(MailingList.id)
        )
    )


def letter(mailing: Mailing, ready: Ready) -> Letter:
    """Return the mail as it would be sent now, ready to fill in; raises TemplateProblem where a text cannot be."""
    if ready.fault:
        raise ready.fault
    content = replace(opening.content_of(mailing, lists_of(mailing), ready), sender_name=naming.name_now(mailing))
    return Letter(0, content, settings(), ready.templates)
