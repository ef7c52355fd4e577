"""The calendar of mailings: a month of what is planned, runs and was sent; moving what is planned to another day."""

from __future__ import annotations

from datetime import date, datetime

from flask import abort, flash, render_template, request, url_for
from flask_babel import format_date, get_locale, gettext
from werkzeug.wrappers import Response

from wem import clock, workdays
from wem.accounts.rules import may_write
from wem.contracts.rules import Use
from wem.db import db
from wem.delivery.no_send_models import hours_of
from wem.mailings import calendar_rules, naming, planning, timing, waiting
from wem.mailings.models import Mailing
from wem.mailings.planning import TooFar
from wem.mailings.start_problems import CannotStart
from wem.mailings.states import InThePast, MailingState, NotPossible
from wem.mailings.titles import Titles
from wem.mailings.wording import LOSING, STATES, WAITING
from wem.web.blueprints import CustomerBlueprint
from wem.web.filters import japanese, moment
from wem.web.htmx import see_other
from wem.web.ownership import owned_or_404
from wem.web.session import current_customer, current_membership, me

blueprint = CustomerBlueprint("calendar", __name__, use=Use.compose)
Answer = str | tuple[str, int] | Response


@blueprint.get("/mailings/calendar")
def show() -> Answer:
    customer, membership = current_customer(), current_membership()
    if customer is None or membership is None:
        abort(404)
    today = clock.today()
    month = calendar_rules.month_of(request.args.get("month", ""), today)
    days = calendar_rules.days_shown(month)
    found: dict[date, list[tuple[datetime, Mailing]]] = {day: [] for day in days}
    for at, mailing in planning.between(customer.id, days[0], days[-1]):
        found[at.astimezone(clock.JAPAN).date()].append((at, mailing))
    before, after = calendar_rules.neighbours(month)
    return render_template(
        "mailings/calendar.html",
        month=month,
        heading=format_date(month, "yyyy年M月" if japanese(month) else "MMMM yyyy"),
        weekday=lambda day: format_date(day, "EEE"),
        before=before if before.year >= calendar_rules.FIRST_YEAR else None,
        after=after if after.year <= today.year + calendar_rules.YEARS_AHEAD else None,
        today=today,
        days=found,
        any=any(found.values()),
        planned=any(_movable(mailing) for rows in found.values() for _, mailing in rows),
        holiday=lambda day: workdays.holiday_name(day, str(get_locale() or "ja")),
        hours=hours_of(customer.id),
        movable=_movable,
        states=STATES,
        waiting=waiting.held_up([mailing for rows in found.values() for _, mailing in rows]),
        waiting_words=WAITING,
        losing=naming.losing([mailing for rows in found.values() for _, mailing in rows]),
        losing_words=LOSING,
        titles=Titles(customer.id),
        writes=may_write(membership.role),
    )


@blueprint.post("/mailings/<int:id>/move")
def move(id: int) -> Answer:
    """Move a planned mailing to another day, where it keeps its hour; once, whoever presses or drags again."""
    mailing = owned_or_404(Mailing, id)
    day, seen = _day(request.form.get("day", "")), _seen(request.form.get("seen", ""))
    if day is None or seen is None:
        flash(gettext("Please enter the new date."), "error")
        return see_other(url_for("calendar.show"))
    here = url_for("calendar.show", month=f"{seen:%Y-%m}")
    if mailing.state is MailingState.scheduled and mailing.scheduled_at == calendar_rules.on_day(seen, day):
        flash(gettext("It is already scheduled for this day."), "info")
        return see_other(url_for("calendar.show", month=f"{day:%Y-%m}"))
    try:
        at = planning.move(mailing, day, seen, by=me().id)
    except (InThePast, TooFar, NotPossible, CannotStart) as error:
        db.session.rollback()
        flash(refusal_text(error), "error")
        return see_other(here)
    db.session.commit()
    flash(moved_text(mailing, at), "success")
    return see_other(url_for("calendar.show", month=f"{day:%Y-%m}"))


def moved_text(mailing: Mailing, at: datetime) -> str:
    """Return to when a mailing was moved, and when it leaves where no-send hours put it off."""
    found = timing.departure(mailing.customer_id, at)
    if found.hours is None or found.leaves is None:
        return str(gettext("Moved to %(time)s.", time=moment(at)))
    return str(
        gettext(
            "Moved to %(time)s. This is within your quiet hours, so it is sent at %(leaves)s.",
            time=moment(at),
            leaves=moment(found.leaves),
        )
    )


def _movable(mailing: Mailing) -> bool:
    return mailing.state is MailingState.scheduled and mailing.scheduled_at is not None


def refusal_text(error: Exception) -> str:
    """Return why a mailing was not moved."""
    match error:
        case InThePast():
            return str(gettext("Not moved: that time has already passed. Please choose a day in the future."))
        case TooFar():
            return str(gettext("Not moved: please choose a date within one year."))
        case CannotStart():
            return str(gettext("Not moved: your contract does not currently allow scheduling."))
    return str(gettext("Not moved: it was changed or started sending in the meantime. Please check it again."))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _seen(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.astimezone(clock.JAPAN) if at.tzinfo else None
