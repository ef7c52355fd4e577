"""A customer's notices: all that we told them, as it was sent; and the announcements to all."""

from __future__ import annotations

import sqlalchemy as sa
from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import clock
from wem.accounts.rules import WRITERS
from wem.contracts.rules import Use
from wem.db import db
from wem.notices import letters, rules, telling
from wem.notices.models import Notice
from wem.notices.rules import NoticeState
from wem.notices.wording import CHANNELS, GROUPS, KINDS, STATES
from wem.web.blueprints import CustomerBlueprint
from wem.web.files import file_answer
from wem.web.htmx import see_other
from wem.web.limits import limiter
from wem.web.ownership import owned_or_404
from wem.web.paging import page_of
from wem.web.session import current_customer, current_membership, me

blueprint = CustomerBlueprint("notices", __name__, use=Use.contract)
Answer = str | tuple[str, int] | Response


def _mine(customer_id: int) -> sa.Select[Notice]:
    return sa.select(Notice).where(Notice.customer_id == customer_id, Notice.state != NoticeState.withdrawn)


@blueprint.get("/notices")
def index() -> Answer:
    customer = current_customer()
    if customer is None:
        abort(404)
    unread = sa.select(sa.func.count()).select_from(Notice)
    about = request.args.get("about", "")
    found = _mine(customer.id)
    if about in rules.GROUPS:
        found = found.where(Notice.kind.in_(rules.GROUPS[about]))
    return render_template(
        "notices/notices.html",
        page=page_of(found, Notice.id),
        about=about if about in rules.GROUPS else "",
        groups=GROUPS,
        unread=db.session.scalar(unread.where(Notice.customer_id == customer.id, Notice.read_at.is_(None))),
        kinds=KINDS,
        channels=CHANNELS,
        may_mark=_may_mark(),
    )


@blueprint.get("/notices/<int:id>")
def show(id: int) -> Answer:
    notice = owned_or_404(Notice, id, Notice.state != NoticeState.withdrawn)
    return render_template(
        "notices/notice.html",
        notice=notice,
        kind=KINDS[notice.kind],
        channel=CHANNELS[notice.channel],
        state=STATES[notice.channel][notice.state],
        footer=telling.footer_of(notice),
        may_mark=_may_mark(),
    )


@blueprint.get("/notices/<int:id>/pdf")
@limiter.limit("30/minute")
def pdf(id: int) -> Answer:
    notice = owned_or_404(Notice, id, Notice.state != NoticeState.withdrawn)
    content = notice.document.content() if notice.document else letters.pdf([notice])
    return file_answer(content, f"{notice.number}.pdf")


@blueprint.post("/notices/<int:id>/read")
def read(id: int) -> Answer:
    notice = owned_or_404(Notice, id, Notice.state != NoticeState.withdrawn)
    _mark([notice])
    db.session.commit()
    return see_other(url_for("notices.index"))


@blueprint.post("/notices/read")
def read_all() -> Answer:
    customer = current_customer()
    if customer is None:
        abort(404)
    _mark(list(db.session.scalars(_mine(customer.id).where(Notice.read_at.is_(None)))))
    db.session.commit()
    flash(gettext("All notices are marked as read."), "success")
    return see_other(url_for("notices.index"))


def _mark(found: list[Notice]) -> None:
    account = me()
    for notice in found:
        if notice.read_at is None:
            notice.read_at = clock.now()
            notice.read_by = account.id


def _may_mark() -> bool:
    membership = current_membership()
    return membership is not None and membership.role in WRITERS
