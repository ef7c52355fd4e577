"""Sender domains of a customer: all of them, and one with the records to publish and what was found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from flask import abort, flash, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import audit, clock
from wem.contracts.rules import Use
from wem.db import db
from wem.domains import checking, choosing, claiming, keys
from wem.domains.claiming import Refused
from wem.domains.forms import DomainForm
from wem.domains.models import DomainKey, ListSender, SenderDomain, finding_of
from wem.domains.record_rules import Record
from wem.domains.rules import KEEPERS, DomainState, KeyKind, KeyState
from wem.domains.wording import NAME_PROBLEMS, STATES, advice, finding_shown, purpose, title
from wem.lists.models import MailingList
from wem.mailings.following import unfinished_from
from wem.settings import settings
from wem.web.blueprints import CustomerBlueprint
from wem.web.htmx import see_other, wants_fragment
from wem.web.ownership import owned_or_404
from wem.web.session import current_membership, ours

blueprint = CustomerBlueprint("domains", __name__, use=Use.manage)
Answer = str | tuple[str, int] | Response
# So long after a domain was added its page asks by itself whether the records were found.
WATCHED = timedelta(hours=2)


def keeps() -> bool:
    """Return whether the person may add, change and delete domains."""
    membership = current_membership()
    return membership is not None and membership.role in KEEPERS


@blueprint.get("/domains")
def index() -> Answer:
    return _index(DomainForm(), 200)


def _index(form: DomainForm, status: int) -> tuple[str, int]:
    customer, _ = ours()
    domains = db.session.scalars(
        sa.select(SenderDomain).where(SenderDomain.customer_id == customer.id).order_by(SenderDomain.name)
    ).all()
    lists = dict(
        db.session.execute(
            sa.select(ListSender.domain_id, sa.func.count())
            .where(ListSender.customer_id == customer.id)
            .group_by(ListSender.domain_id)
        ).all()
    )
    page = render_template(
        "domains/domains.html",
        domains=domains,
        lists=lists,
        states=STATES,
        form=form if keeps() else None,
        service_address=choosing.service_address(customer),
    )
    return page, status


@blueprint.post("/domains")
def add() -> Answer:
    customer, account = ours()
    if not keeps():
        abort(403)
    form = DomainForm()
    if not form.validate_on_submit():
        return _index(form, 422)
    customer_id, account_id = customer.id, account.id
    try:
        name = claiming.name_for(form.name.data or "", customer_id)
        # Making keys takes up to a second; nobody else's writing waits for it.
        db.session.rollback()
        domain = claiming.add(name, keys.first_pairs(), customer_id, by=account_id)
        checking.have_checked(domain)
    except Refused as refused:
        form.name.errors = [str(NAME_PROBLEMS[refused.problem])]
        return _index(form, 422)
    db.session.commit()
    flash(gettext("The domain is added. Now enter the records below at the company that keeps it."), "success")
    return see_other(url_for("domains.show", id=domain.id))


@dataclass(frozen=True)
class RecordShown:
    """A record to publish, what was found, and what to do."""

    record: Record
    title: str
    purpose: str
    host: str
    state: tuple[str, str]
    found: list[str]
    advice: str
    number: int


def records_shown(domain: SenderDomain) -> list[RecordShown]:
    """Return the records of a domain as its page shows them."""
    by_name = {f"{key.selector}._domainkey.{domain.name}": key for key in domain.keys}
    shown = []
    for number, record in enumerate(domain.records(settings().bounce_domain), 1):
        look = finding_of(domain, record)
        finding = str(look.get("finding", "unchecked"))
        key: DomainKey | None = by_name.get(record.name)
        state = key.state if key else None
        name = title(record, state)
        if key and key.kind is KeyKind.ed25519:
            name = gettext("Second DKIM key (Ed25519, optional)")
        shown.append(
            RecordShown(
                record,
                name,
                purpose(record, state),
                record.host(domain.name),
                finding_shown(finding),
                [str(text) for text in look.get("found", [])] if finding != "right" else [],
                advice(finding),
                number,
            )
        )
    return shown


def _fragment(domain: SenderDomain) -> dict[str, object]:
    waiting = domain.key_in(KeyState.waiting)
    used = domain.key_in(KeyState.used)
    young = clock.now() - domain.created_at < WATCHED
    return {
        "domain": domain,
        "state": STATES[domain.state],
        "records": records_shown(domain),
        "asks_again": 1 if domain.check_due else 15 if domain.state is DomainState.checking and young else 0,
        "taken": domain.state is DomainState.checking
        and bool(used and used.found)
        and domain.customer_id is not None
        and claiming.taken(domain.name, domain.customer_id),
        "may_change_key": keeps() and waiting is not None and waiting.found,
    }


@blueprint.get("/domains/<int:id>")
def show(id: int) -> Answer:
    domain = owned_or_404(SenderDomain, id)
    if wants_fragment():
        return render_template("domains/_records.html", **_fragment(domain))
    senders = db.session.execute(
        sa.select(MailingList, ListSender)
        .join(ListSender, ListSender.list_id == MailingList.id)
        .where(ListSender.domain_id == domain.id, MailingList.archived_at.is_(None))
        .order_by(MailingList.id)
    ).all()
    others = db.session.scalars(
        sa.select(MailingList)
        .where(
            MailingList.customer_id == domain.customer_id,
            MailingList.archived_at.is_(None),
            MailingList.id.not_in([row.id for row, _ in senders]),
        )
        .order_by(MailingList.id)
    ).all()
    return render_template("domains/domain.html", senders=senders, others=others, keeps=keeps(), **_fragment(domain))


@blueprint.post("/domains/<int:id>/check")
def check(id: int) -> Answer:
    """Have the records looked at now; the page shows what is found."""
    domain = owned_or_404(SenderDomain, id)
    checking.have_checked(domain)
    db.session.commit()
    if wants_fragment():
        return render_template("domains/_records.html", **_fragment(domain))
    return see_other(url_for("domains.show", id=id))


@blueprint.post("/domains/<int:id>/key")
def change_key(id: int) -> Answer:
    """Change to the key that waits; the next check makes a new one to wait."""
    domain = owned_or_404(SenderDomain, id)
    _, account = ours()
    if not keeps():
        abort(403)
    waiting = domain.key_in(KeyState.waiting)
    if waiting is None or not waiting.found:
        flash(gettext("The record of the next key is not found yet. Please enter it first."), "error")
        return see_other(url_for("domains.show", id=id))
    at = clock.now()
    keys.change(domain, at)
    domain.check_at = at
    audit.record("domain.change_key", by=account.id, customer_id=domain.customer_id, subject=domain)
    db.session.commit()
    flash(
        gettext("Mails are signed with the new key from now on. Leave the old record in place for a week."), "success"
    )
    return see_other(url_for("domains.show", id=id))


@blueprint.post("/domains/<int:id>/delete")
def delete(id: int) -> Answer:
    domain = owned_or_404(SenderDomain, id)
    _, account = ours()
    if not keeps():
        abort(403)
    if unfinished_from(domain):
        flash(gettext("Mailings that go from this domain are not over yet. Please finish or stop them first."), "error")
        return see_other(url_for("domains.show", id=id))
    claiming.delete(domain, by=account.id)
    db.session.commit()
    flash(gettext("The domain is deleted. You can take its records out of DNS."), "success")
    return see_other(url_for("domains.index"))
