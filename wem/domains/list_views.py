"""Which address a list's mails come from."""

from __future__ import annotations

import sqlalchemy as sa
from flask import flash, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem.contracts.rules import Use
from wem.db import db
from wem.domains import choosing
from wem.domains.forms import SERVICE, ListSenderForm
from wem.domains.models import ListSender, SenderDomain
from wem.domains.rules import DomainState
from wem.lists.models import MailingList
from wem.web.blueprints import CustomerBlueprint
from wem.web.htmx import see_other
from wem.web.ownership import owned_or_404
from wem.web.session import ours

blueprint = CustomerBlueprint("list_senders", __name__, use=Use.manage)
Answer = str | tuple[str, int] | Response


@blueprint.route("/lists/<int:id>/sender", methods=["GET", "POST"])
def edit(id: int) -> Answer:
    customer, account = ours()
    row = owned_or_404(MailingList, id, MailingList.archived_at.is_(None))
    domains = db.session.scalars(
        sa.select(SenderDomain)
        .where(SenderDomain.customer_id == customer.id, SenderDomain.state == DomainState.proven)
        .order_by(SenderDomain.name)
    ).all()
    present = db.session.get(ListSender, row.id)
    form = ListSenderForm()
    form.offer(choosing.service_address(customer), domains)
    if not form.is_submitted():
        form.domain.data = present.domain_id if present else SERVICE
        form.local.data = present.local_part if present else "news"
    if not form.validate_on_submit():
        page = render_template(
            "domains/list_sender.html", form=form, list=row, domains=domains, present=present, customer=customer
        )
        return page, 422 if form.is_submitted() else 200
    domain = next((each for each in domains if each.id == form.domain.data), None)
    choosing.choose(row, domain, form.local.data or "", by=account.id)
    db.session.commit()
    flash(gettext("Saved. It counts for mailings that start from now on."), "success")
    return see_other(url_for("lists.edit", id=row.id))
