"""Bounces as customers see them: of a mailing, of a list over time, and the life of one address."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from flask import render_template, request, url_for
from flask_babel import format_date
from werkzeug.wrappers import Response

from wem import audit, clock
from wem.bounces import alarms, complaining, lives, reports
from wem.bounces.cause_rules import Cause, cause_of
from wem.bounces.complaint_rules import WINDOW, Share
from wem.bounces.forms import LifeForm
from wem.bounces.trouble_rules import Trouble
from wem.bounces.wording import ADVICE, CAUSES, DELIVERIES, TROUBLE_ADVICE, TROUBLES
from wem.contracts.rules import Use
from wem.db import db
from wem.delivery.progress import progress
from wem.domain_rules import DOMAIN_GROUP_TEXTS
from wem.lists.models import MailingList
from wem.lists.rules import Address, mask_address, read_address
from wem.lists.wording import EVENTS, WAYS
from wem.mailings.models import Mailing
from wem.mailings.titles import Titles
from wem.web.blueprints import CustomerBlueprint
from wem.web.limits import limiter
from wem.web.ownership import owned_or_404
from wem.web.session import ours

blueprint = CustomerBlueprint("bounces", __name__, use=Use.manage)
Answer = str | tuple[str, int] | Response
PERIODS = {"month": timedelta(days=29), "year": timedelta(days=364)}


@blueprint.get("/mailings/<int:id>/bounces")
def of_mailing(id: int) -> Answer:
    mailing = owned_or_404(Mailing, id)
    numbers, counts = reports.of_mailing(mailing.id), progress(mailing.id)
    days = list(numbers.days)
    shown = reports.by_day(numbers.days, days[0], min(days[-1], days[0] + timedelta(days=30))) if days else []
    return render_template(
        "bounces/mailing.html",
        mailing=mailing,
        titles=Titles(mailing.customer_id),
        numbers=numbers,
        progress=counts,
        unread=max(counts.failed - numbers.total, 0) if counts else 0,
        days=[(format_date(day, "M/d"), number) for day, number in shown],
        alarms=alarms.of_domains(mailing.customer_id),
        share=Share(numbers.complaints, counts.accepted if counts else 0),
        standing=complaining.standing_of(mailing.customer_id),
        window=WINDOW.days,
        causes=CAUSES,
        advice=ADVICE,
        troubles=TROUBLES,
        trouble_advice=TROUBLE_ADVICE,
        trouble=Trouble,
        groups=DOMAIN_GROUP_TEXTS,
    )


@blueprint.get("/lists/<int:id>/bounces")
def of_list(id: int) -> Answer:
    mailing_list = owned_or_404(MailingList, id, MailingList.archived_at.is_(None))
    period = request.args.get("period", "month")
    period = period if period in PERIODS else "month"
    asked = request.args.get("cause", "")
    cause = Cause(asked) if asked in set(Cause) else None
    today = clock.today()
    since = today - PERIODS[period]
    numbers = reports.of_list(mailing_list.id, since)
    shown = reports.of_list(mailing_list.id, since, cause) if cause else numbers
    if period == "month":
        over_time = [(format_date(day, "M/d"), count) for day, count in reports.by_day(shown.days, since, today)]
    else:
        over_time = [(format_date(day, "yyyy/M"), count) for day, count in reports.by_month(shown.days, since, today)]
    return render_template(
        "bounces/list.html",
        list=mailing_list,
        numbers=numbers,
        over_time=over_time,
        removed=reports.removed(mailing_list.customer_id, mailing_list.id, since),
        period=period,
        cause=cause,
        causes=CAUSES,
        advice=ADVICE,
    )


@blueprint.get("/addresses/life")
def find() -> Answer:
    return render_template("bounces/life.html", form=LifeForm(formdata=None), life=None)


@blueprint.post("/addresses/life")
@limiter.limit("30/minute;300/day")
def life() -> Answer:
    """Show what is on record about one whole address; limited and on record, so that nobody tries a list of them."""
    (customer, account), form = ours(), LifeForm()
    if not form.validate_on_submit():
        return render_template("bounces/life.html", form=form, life=None), 422
    address = read_address(form.address.data or "")
    found = lives.life_of(customer.id, address) if isinstance(address, Address) else None
    known = found is not None and found.known
    audit.record("subscriber.life", by=account.id, customer_id=customer.id, found=known)
    db.session.commit()
    names = {
        row.id: row.name
        for row in db.session.execute(
            sa.select(MailingList.id, MailingList.name).where(MailingList.customer_id == customer.id)
        )
    }
    return render_template(
        "bounces/life.html",
        form=LifeForm(formdata=None),
        life=found if known else None,
        asked=True,
        masked=mask_address(address.address) if isinstance(address, Address) else "",
        names=names,
        mailings=_titles(customer.id, found.mailing_ids if found else set()),
        cause_of=cause_of,
        causes=CAUSES,
        deliveries=DELIVERIES,
        list_url=_reader_url(found) if found else "",
        event_words=EVENTS,
        way_words=WAYS,
    )


def _titles(customer_id: int, numbers: set[int]) -> dict[int, str]:
    titles = Titles(customer_id)
    rows = db.session.scalars(sa.select(Mailing).where(Mailing.customer_id == customer_id, Mailing.id.in_(numbers)))
    return {row.id: titles.of(row) for row in rows}


def _reader_url(found: lives.Life) -> str:
    reader = found.reader
    if reader is None or not reader.subscriptions:
        return ""
    return url_for("subscribers.show", id=reader.subscriptions[0].list_id, subscriber_id=reader.id)
