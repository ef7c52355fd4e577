"""Bounces as staff see them: alarms, complaint rates, held customers, dead notice addresses, reports of nobody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa
from flask import flash, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import audit, clock
from wem.accounts.models import Customer
from wem.accounts.rules import StaffRole, staff_may
from wem.bounces import alarms, complaining, lives, reports
from wem.bounces.cause_rules import cause_of
from wem.bounces.complaint_rules import WINDOW
from wem.bounces.forms import NoteForm, StaffLifeForm
from wem.bounces.models import Alarm, UnmatchedReport
from wem.bounces.trouble_rules import Trouble
from wem.bounces.wording import CAUSES, DELIVERIES, STAFF_ADVICE, TROUBLES, UNMATCHED
from wem.contracts import reaching
from wem.contracts.models import Contract
from wem.contracts.rules import ContractState
from wem.db import db
from wem.delivery.pace_models import ProviderState
from wem.delivery.rules import without_addresses
from wem.domain_rules import DOMAIN_GROUP_TEXTS
from wem.inbound.models import InboundMail
from wem.inbound.states import MAIL_READERS
from wem.lists.models import MailingList
from wem.lists.rules import Address, mask_address, read_address
from wem.lists.wording import EVENTS, WAYS
from wem.mailings import holding
from wem.mailings.models import Mailing, SendingHold
from wem.mailings.titles import Titles
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import see_other
from wem.web.limits import limiter
from wem.web.ownership import found_or_404
from wem.web.paging import page_of
from wem.web.session import me

LOOKERS = frozenset({StaffRole.contracts, StaffRole.support, StaffRole.operations})
blueprint = StaffBlueprint("staff_bounces", __name__, roles=LOOKERS, url_prefix="/staff/bounces")
Answer = str | tuple[str, int] | Response
DAYS = 7


@blueprint.get("")
def index() -> Answer:
    return _page(NoteForm(formdata=None), 200)


def _page(form: NoteForm, status: int) -> Answer:
    at = clock.now()
    page = page_of(sa.select(UnmatchedReport), UnmatchedReport.id)
    held = db.session.scalars(
        sa.select(SendingHold).where(SendingHold.released_at.is_(None)).order_by(SendingHold.held_at)
    ).all()
    contracts = db.session.scalars(
        sa.select(Contract)
        .where(Contract.notice_fails_since.is_not(None), Contract.state != ContractState.ended)
        .order_by(Contract.notice_fails_since)
    ).all()
    opened = alarms.open_alarms()
    rates = complaining.shares(complaining.complained_about())[:50]
    owners = {row.customer_id for row in opened if row.customer_id} | {row.customer_id for row in held}
    owners |= {row.customer_id for row in rates}
    names = {
        row.id: row.name
        for row in db.session.execute(sa.select(Customer.id, Customer.name).where(Customer.id.in_(owners)))
    }
    standings = db.session.scalars(sa.select(ProviderState).where(ProviderState.pool == ""))
    return render_template(
        "bounces/staff/bounces.html",
        alarms=opened,
        held=held,
        contracts=contracts,
        rates=rates,
        window=WINDOW.days,
        names=names,
        providers=reports.by_provider(clock.today() - timedelta(days=DAYS - 1)),
        days=DAYS,
        standings={row.provider: row for row in standings},
        now=at,
        page=page,
        form=form,
        life_form=StaffLifeForm(formdata=None),
        groups=DOMAIN_GROUP_TEXTS,
        causes=CAUSES,
        cause_of=cause_of,
        trouble=Trouble,
        troubles=TROUBLES,
        advice=STAFF_ADVICE,
        unmatched=UNMATCHED,
        mails=_readable([row.number for row in page.rows]),
    ), status


def _readable(numbers: Sequence[int]) -> set[int]:
    """Return which of these mails are kept still, for whoever may open them."""
    role = me().staff_role
    if role is None or not staff_may(role, MAIL_READERS):
        return set()
    return set(db.session.scalars(sa.select(InboundMail.id).where(InboundMail.id.in_(numbers))))


@blueprint.post("/alarms/<int:alarm_id>/close")
def close_alarm(alarm_id: int) -> Answer:
    alarm, form = found_or_404(Alarm, alarm_id), NoteForm()
    if not form.validate_on_submit():
        return _page(form, 422)
    if alarms.close(alarm, (form.note.data or "").strip(), by=me().id):
        flash(gettext("The alarm is closed. It opens anew when the trouble goes on."), "success")
    else:
        flash(gettext("Somebody else has closed it meanwhile."), "info")
    db.session.commit()
    return see_other(url_for("staff_bounces.index"))


@blueprint.post("/holds/<int:customer_id>/release")
def release(customer_id: int) -> Answer:
    found_or_404(SendingHold, customer_id)
    form = NoteForm()
    if not form.validate_on_submit():
        return _page(form, 422)
    if holding.release_customer(customer_id, (form.note.data or "").strip(), by=me().id):
        flash(gettext("The customer may send again. Held mailings wait for the customer's own decision."), "success")
    else:
        flash(gettext("Nothing of this customer is held any more."), "info")
    db.session.commit()
    return see_other(url_for("staff_bounces.index"))


@blueprint.post("/notices/<int:contract_id>/works")
def notices_work(contract_id: int) -> Answer:
    """Take the flag off a contract whose notice address works again."""
    contract = found_or_404(Contract, contract_id)
    if contract.notice_fails_since is not None:
        reaching.arrives_again(contract, by=me().id)
        db.session.commit()
    flash(gettext("Notices go to this address by mail again."), "success")
    return see_other(url_for("staff_bounces.index"))


@blueprint.get("/life")
def find() -> Answer:
    return render_template("bounces/staff/life.html", form=StaffLifeForm(formdata=None), lives=[])


@blueprint.post("/life")
@limiter.limit("30/minute;300/day")
def life() -> Answer:
    """Show what is on record about one whole address with all customers; the reason goes into the trail of each."""
    form = StaffLifeForm()
    if not form.validate_on_submit():
        return render_template("bounces/staff/life.html", form=form, lives=[]), 422
    address = read_address(form.address.data or "")
    customers = lives.customers_of(address) if isinstance(address, Address) else []
    found = [lives.life_of(number, address) for number in customers] if isinstance(address, Address) else []
    # The trail outlives the reader: no address stands in it.
    reason = without_addresses((form.reason.data or "").strip())
    noted: list[int | None] = [*customers] if customers else [None]
    for customer_id in noted:
        audit.record("subscriber.life", by=me().id, customer_id=customer_id, found=customer_id is not None, note=reason)
    db.session.commit()
    owners = {row.id: row.name for row in db.session.scalars(sa.select(Customer).where(Customer.id.in_(customers)))}
    names = {
        row.id: row.name
        for row in db.session.scalars(sa.select(MailingList).where(MailingList.customer_id.in_(customers)))
    }
    mailings: dict[int, str] = {}
    for each in found:
        titles = Titles(each.customer_id)
        rows = db.session.scalars(
            sa.select(Mailing).where(Mailing.customer_id == each.customer_id, Mailing.id.in_(each.mailing_ids))
        )
        mailings |= {row.id: titles.of(row) for row in rows}
    return render_template(
        "bounces/staff/life.html",
        form=StaffLifeForm(formdata=None),
        asked=True,
        masked=mask_address(address.address) if isinstance(address, Address) else "",
        lives=found,
        owners=owners,
        names=names,
        mailings=mailings,
        cause_of=cause_of,
        causes=CAUSES,
        deliveries=DELIVERIES,
        event_words=EVENTS,
        way_words=WAYS,
    )
