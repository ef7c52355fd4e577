"""The close of a month on staff's screens: the dry run, the button, the progress, what waits; the count's recounts."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa
from flask import flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import clock, queue
from wem.accounts.models import Customer
from wem.accounts.rules import StaffRole
from wem.billing import closing, drafting, issuing, pricing
from wem.billing.invoice_forms import SeenForm
from wem.billing.invoice_models import Invoice
from wem.billing.invoice_wording import HELD, LOOK_AT, NOT_READY, STATES, STEPS
from wem.billing.month_models import ContractMonth, MonthClose, MonthDraft
from wem.billing.papers import rate_text
from wem.billing.rules import CloseState
from wem.contracts import due
from wem.contracts.date_rules import month_start
from wem.db import db
from wem.lists import recounting
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import page_or_fragment, see_other
from wem.web.session import me

blueprint = StaffBlueprint("staff_month", __name__, roles=frozenset({StaffRole.billing}), url_prefix="/staff/month")
Answer = str | tuple[str, int] | Response
PER_PAGE = 50
EARLIEST = date(2000, 1, 1)


@blueprint.get("")
def show() -> Answer:
    """Show the month that is to be closed, or one that was: its dry run by largest change, and how far it is."""
    month = _asked()
    close, waits = db.session.get(MonthClose, month), closing.held()
    only, start = request.args.get("state", ""), _number(request.args.get("from"))
    drafts = _drafts(month, only, start)
    progress = _progress(close) if close else {}
    return render_template(
        "billing/staff/month.html", month=month, before=month_start(month, -1),
        next_month=closing.next_month(clock.today()), close=close,
        drafts=drafts[:PER_PAGE], older=start + PER_PAGE if len(drafts) > PER_PAGE else None, only=only,
        sums=drafting.sums(month), pending=due.number(month) if close and close.state is CloseState.drafted else 0,
        look_at=LOOK_AT, held=waits, priced=pricing.agreed(waits),
        held_words=HELD, closes=closing.closes(), states=STATES, differences=_differences(), rate_text=rate_text,
        differing=drafting.differing(month) if close and close.state is CloseState.done else 0, **progress,
    )  # fmt: skip


@blueprint.get("/progress")
def progress() -> Answer:
    """Return how far the dry run or the close is; asks again by itself until it is over."""
    month = _asked()
    close = db.session.get(MonthClose, month)
    if close is None:
        return see_other(url_for("staff_month.show"))
    return page_or_fragment(
        "billing/staff/month_progress.html", "billing/staff/_month_progress.html", close=close, month=month,
        states=STATES, **_progress(close),
    )  # fmt: skip


def _asked() -> date:
    text = request.args.get("month") or request.form.get("month") or ""
    present = closing.next_month(clock.today())
    try:
        asked = date.fromisoformat(f"{text}-01")
    except ValueError:
        return present
    return asked if EARLIEST <= asked <= present else present


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 8 else 0


def _drafts(month: date, only: str, start: int) -> list[MonthDraft]:
    found = sa.select(MonthDraft).where(MonthDraft.month == month)
    if only == "look_at":
        found = found.where(MonthDraft.looks > 0)
    found = found.order_by(MonthDraft.change.desc(), MonthDraft.contract_id).offset(start).limit(PER_PAGE + 1)
    return list(db.session.scalars(found))


def _progress(close: MonthClose) -> dict[str, Any]:
    # The first month of a contract is the first fee's, not the close's.
    opened = sa.select(sa.func.count()).select_from(ContractMonth).where(
        ContractMonth.month == close.month, ContractMonth.first.is_(False)
    )  # fmt: skip
    invoices = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(Invoice.total), 0)).where(
        Invoice.month == close.month, Invoice.done_once.like("monthly %")
    )  # fmt: skip
    issued, charged = db.session.execute(invoices).one()
    place = closing.STEPS.index(close.step)
    done = close.state is CloseState.done
    return {
        "steps": [
            (STEPS[step], "done" if done or number < place else "now" if number == place else "later")
            for number, step in enumerate(closing.STEPS)
        ],
        "opened": db.session.scalar(opened) or 0,
        "issued": issued,
        "charged": int(charged),
        "untold": db.session.scalar(sa.select(sa.func.count()).where(Invoice.told_at.is_(None))) or 0,
        "working": close.state in (CloseState.drafting, CloseState.running),
        "drafted": drafting.sums(close.month)["contracts"],
    }


def _differences() -> list[tuple[Any, str]]:
    found = recounting.differences()
    names = dict(
        db.session.execute(
            sa.select(Customer.id, Customer.name).where(Customer.id.in_([each.customer_id for each in found]))
        ).all()
    )
    return [(each, names.get(each.customer_id, "")) for each in found]


@blueprint.post("/draft")
def draft() -> Answer:
    month = closing.next_month(clock.today())
    close = drafting.begin(month, by=me().id)
    _ring(close)
    return see_other(url_for("staff_month.show"))


def _ring(close: MonthClose) -> None:
    if close.state is CloseState.drafting:
        queue.ring(queue.WORK, "wem.billing.jobs.draft_month")
    if close.state is CloseState.running:
        queue.ring(queue.WORK, "wem.billing.jobs.close_month")
    db.session.commit()


@blueprint.post("/close")
def close() -> Answer:
    """Begin the chain: once, however often it is pressed, and only of what was drafted."""
    row = db.session.get(MonthClose, closing.next_month(clock.today()))
    if row is None or row.state is CloseState.drafting:
        flash(gettext("Work out the dry run first."), "error")
        return see_other(url_for("staff_month.show"))
    if not issuing.ready():
        return _not_ready()
    closing.start(row, by=me().id)
    _ring(row)
    return see_other(url_for("staff_month.show"))


def _not_ready() -> Answer:
    flash(NOT_READY, "error")
    return see_other(url_for("staff_month.show"))


@blueprint.post("/again")
def again() -> Answer:
    """Run a close once more for what was held; what was issued is not issued twice."""
    row = db.session.get(MonthClose, _asked())
    if row is None or row.state is not CloseState.done:
        flash(gettext("This month is not closed yet."), "error")
        return see_other(url_for("staff_month.show"))
    if not issuing.ready():
        return _not_ready()
    closing.again(row, by=me().id)
    _ring(row)
    return see_other(url_for("staff_month.show", month=f"{row.month:%Y-%m}"))


@blueprint.post("/counts/<int:customer_id>")
def take_over(customer_id: int) -> Answer:
    """Set a customer's count to what the recount says."""
    form = SeenForm()
    found = [each for each in recounting.differences() if each.customer_id == customer_id]
    if not found or not form.validate():
        flash(gettext("Please write down what the reason was."), "error")
    else:
        changed = recounting.take_over(found[0], (form.note.data or "").strip(), by=me().id)
        db.session.commit()
        flash(gettext("The count is set right; it changed by %(number)s.", number=changed), "success")
    return see_other(url_for("staff_month.show"))
