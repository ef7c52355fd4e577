"""Arrived mail, for staff: what waits by address and state; one mail, opened only with a reason that is kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
from flask import abort, flash, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import clock
from wem.db import db
from wem.inbound import answering, wording
from wem.inbound.addresses import ours
from wem.inbound.forms import MailAnswerForm, ReasonForm
from wem.inbound.keeping import raw_of
from wem.inbound.models import DUE, WAITS, InboundMail
from wem.inbound.routing import KEPT
from wem.inbound.showing import Shown, shown
from wem.inbound.states import FOR_STAFF, MAIL_READERS, InboundState, Route
from wem.notices.masking_rules import mask_address
from wem.settings import settings
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import see_other
from wem.web.ownership import found_or_404
from wem.web.paging import page_of
from wem.web.session import me

blueprint = StaffBlueprint("staff_inbound", __name__, roles=MAIL_READERS, url_prefix="/staff/inbound")
Answer = str | tuple[str, int] | Response
# So long a mail stays open for whoever gave a reason, in this sign-in.
OPEN_FOR = timedelta(minutes=30)
MOST_OPEN = 20
OPENED = "inbound_opened"


@blueprint.get("")
def index() -> Answer:
    state, route = _state_asked(), _route_asked()
    found = sa.select(InboundMail).where(
        InboundMail.state == state if state is not None else InboundMail.state.in_(FOR_STAFF)
    )
    if route is not None:
        found = found.where(InboundMail.route == route)
    counts = _counts()
    return render_template(
        "inbound/staff/inbound.html",
        page=page_of(found, InboundMail.id),
        state=state,
        route=route,
        states=wording.STATES,
        routes=wording.ROUTES,
        kinds=wording.KINDS,
        by_state={each: sum(counts.get((each, way), 0) for way in Route) for each in FOR_STAFF}
        | {InboundState.waiting: _in_hand()},
        by_route={
            way: {each: counts.get((each, way), 0) for each in FOR_STAFF}
            for way in Route
            if any(counts.get((each, way)) for each in FOR_STAFF)
        },
        for_staff=FOR_STAFF,
        mask=_masked,
        where=partial(_where, state, route),
        kept_days=settings().INBOUND_KEPT_DAYS,
    )


def _state_asked() -> InboundState | None:
    return next((each for each in InboundState if each.name == request.args.get("state")), None)


def _route_asked() -> Route | None:
    return next((each for each in Route if each.value == request.args.get("route")), None)


def _where(state: InboundState | None, route: Route | None, /, **asked: Any) -> str:
    """Return the address of this page with something else asked of it."""
    given = {"state": state.name if state is not None else None, "route": route.value if route else None}
    return url_for("staff_inbound.index", **{**given, **asked})


def _counts() -> dict[tuple[InboundState, Route], int]:
    """Return how many wait for staff, by state and address; what is handled, without end, is not counted."""
    rows = db.session.execute(
        sa.select(InboundMail.state, InboundMail.route, sa.func.count())
        .where(WAITS)
        .group_by(InboundMail.state, InboundMail.route)
    )
    return {(state, route): number for state, route, number in rows}


def _in_hand() -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(InboundMail).where(DUE)) or 0


def _masked(sender: str | None) -> str:
    """Return whom a mail came from as staff see it before they open it."""
    if sender is None:
        return str(gettext("(not told)"))
    return mask_address(sender) if "@" in sender else str(gettext("(no sender)"))


@blueprint.get("/<int:id>")
def show(id: int) -> Answer:
    return _page(found_or_404(InboundMail, id), ReasonForm(formdata=None), MailAnswerForm(formdata=None))


def _page(mail: InboundMail, reason: ReasonForm, answer: MailAnswerForm, status: int = 200) -> tuple[str, int]:
    raw = raw_of(mail)
    return render_template(
        "inbound/staff/mail.html",
        mail=mail,
        masked=_masked(mail.sender),
        there=raw is not None,
        read=_shown(mail, raw) if raw is not None and _is_open(mail) else None,
        reason=reason,
        answer=answer,
        state=wording.STATES[mail.state],
        route=wording.ROUTES[mail.route],
        way=wording.WAYS[mail.way],
        kind=next((text for kind, text in wording.KINDS.items() if kind.value == mail.kind), ""),
        problem=_problem(mail.problem),
        waits=mail.state in FOR_STAFF,
        movable=mail.state is not InboundState.waiting,
        may_be_inquiry=raw is not None
        and mail.state is not InboundState.waiting
        and (mail.route in KEPT or _is_open(mail)),
        open_minutes=int(OPEN_FOR.total_seconds() // 60),
    ), status


def _shown(mail: InboundMail, raw: bytes) -> Shown:
    own = ours(settings())
    return shown(raw, mail.kind, (own.service_domain, own.bounce_domain))


def _problem(code: str) -> str:
    if not code:
        return ""
    return str(wording.PROBLEMS.get(code) or wording.FAULT % {"kind": code})


def _is_open(mail: InboundMail) -> bool:
    since = dict(session.get(OPENED, {})).get(str(mail.id))
    return since is not None and clock.now() - datetime.fromisoformat(since) < OPEN_FOR


@blueprint.post("/<int:id>/open")
def open_mail(id: int) -> Answer:
    mail, form = found_or_404(InboundMail, id), ReasonForm()
    if not form.validate_on_submit():
        return _page(mail, form, MailAnswerForm(formdata=None), 422)
    answering.note_opened(mail, str(form.reason.data), by=me().id)
    db.session.commit()
    opened = {**session.get(OPENED, {}), str(id): clock.now().isoformat()}
    session[OPENED] = dict(list(opened.items())[-MOST_OPEN:])
    return see_other(url_for("staff_inbound.show", id=id))


@blueprint.post("/<int:id>/answer")
def answer(id: int) -> Answer:
    mail, form = found_or_404(InboundMail, id), MailAnswerForm()
    raw = raw_of(mail)
    if raw is None or not _is_open(mail):
        flash(gettext("Please give a reason first, and read the mail."), "warning")
        return see_other(url_for("staff_inbound.show", id=id))
    read = _shown(mail, raw)
    if read.writer is None:
        abort(404)
    if not form.validate_on_submit():
        return _page(mail, ReasonForm(formdata=None), form, 422)
    answering.answer(mail, read, str(form.text.data), by=me().id)
    db.session.commit()
    flash(gettext("Your answer is on its way."), "success")
    return see_other(url_for("staff_inbound.show", id=id))


@blueprint.post("/<int:id>/inquiry")
def inquiry(id: int) -> Answer:
    """Make a thread of the help desk of it: answered, assigned and entered as a request there."""
    mail = found_or_404(InboundMail, id)
    raw = raw_of(mail)
    if raw is None or mail.state is InboundState.waiting or not (_is_open(mail) or mail.route in KEPT):
        flash(gettext("Please give a reason first, and read the mail."), "warning")
        return see_other(url_for("staff_inbound.show", id=id))
    made = answering.make_inquiry(mail, raw, by=me().id)
    if made is None:
        db.session.rollback()
        flash(gettext("Nobody can be said to have written this mail."), "warning")
        return see_other(url_for("staff_inbound.show", id=id))
    db.session.commit()
    flash(gettext("It is inquiry %(number)s, received when the mail came.", number=made.number), "success")
    return see_other(url_for("staff_inquiries.show", id=made.id))


@blueprint.post("/<int:id>/settle")
def settle(id: int) -> Answer:
    return _act(id, answering.settle, gettext("The mail is marked as seen to."))


@blueprint.post("/<int:id>/replay")
def replay(id: int) -> Answer:
    return _act(id, answering.replay, gettext("The mail is routed anew."))


@blueprint.post("/<int:id>/erase")
def erase(id: int) -> Answer:
    said = gettext("The mail is erased.")
    return _act(id, answering.erase, said, url_for("staff_inbound.index"))


def _act(id: int, act: Callable[..., bool], said: str, next_url: str = "") -> Answer:
    if act(found_or_404(InboundMail, id), by=me().id):
        db.session.commit()
        flash(said, "success")
    else:
        db.session.rollback()
        flash(gettext("This is not possible in the mail's present state."), "warning")
        next_url = ""
    return see_other(next_url or url_for("staff_inbound.show", id=id))
