"""Holds what is being sent when maintenance begins, lets it go on afterwards, and tells customers of both (13-1)."""

from __future__ import annotations

import sqlalchemy as sa
from flask_babel import force_locale, gettext

from wem import clock
from wem.contracts.addressing import addressee
from wem.contracts.describing import in_japanese
from wem.contracts.models import Contract, contract_in_force
from wem.db import db
from wem.mailings import controlling, maintenance, reviewing
from wem.mailings.maintenance_models import MaintenanceTold
from wem.mailings.maintenance_rules import Choice, Window
from wem.mailings.models import Mailing
from wem.mailings.start_problems import held_for
from wem.mailings.starting import CannotStart, Problem, Ready
from wem.mailings.states import HeldReason, MailingState
from wem.mailings.titles import Titles
from wem.notices.models import Incident, windows
from wem.notices.rules import NoticeKind, Words
from wem.notices.telling import tell
from wem.settings import settings


def to_stop() -> list[int]:
    """Return the mailings that are being sent while maintenance of theirs is on."""
    at, found = clock.now(), sa.select(Mailing.id).where(Mailing.state == MailingState.sending)
    on = [incident for incident in windows(None, at) if incident.begins_at <= at]
    if not on:
        return []
    if all(incident.customer_id is not None for incident in on):
        found = found.where(Mailing.customer_id.in_([incident.customer_id for incident in on]))
    return list(db.session.scalars(found.order_by(Mailing.id)))


def stop(mailing: Mailing, window: Window) -> None:
    """Hold a mailing for a window, or call it off where the customer wants that. Raises NotPossible."""
    if maintenance.choice_of(mailing.id, window.incident_id) is Choice.cancel:
        controlling.cancel(mailing, by=None)
    else:
        controlling.hold(mailing, HeldReason.maintenance, by=None)


def waiting() -> list[int]:
    """Return the mailings that wait for the end of maintenance."""
    held = Mailing.state == MailingState.held, Mailing.held_reason == HeldReason.maintenance.value
    return list(db.session.scalars(sa.select(Mailing.id).where(*held).order_by(Mailing.id)))


def go_on(mailing: Mailing, ready: Ready | None) -> bool:
    """Let a mailing go on whose maintenance is over, or call it off if the customer wants that by now.

    Returns whether anything was done. A sending of a sequence's step is taken up by its sequence, which may pause.
    Raises NotPossible.
    """
    window = maintenance.window_now(mailing.customer_id)
    if window is not None:
        if maintenance.choice_of(mailing.id, window.incident_id) is Choice.hold:
            return False
        controlling.cancel(mailing, by=None)
        return True
    if mailing.step_id is not None:
        return False
    take_up(mailing, ready)
    return True


def take_up(mailing: Mailing, ready: Ready | None = None) -> None:
    """Let a mailing that is held go on by itself; raises NotPossible.

    What may not be sent any more stays held, for the reason that forbids it.
    """
    try:
        controlling.resume(mailing, by=None, ready=ready)
    except CannotStart as error:
        if error.problems == [Problem.review]:
            db.session.refresh(mailing)
            reviewing.ask(mailing, None, by=None)
            return
        # The start that was undone has read the row in a state that never came.
        db.session.refresh(mailing)
        mailing.held_reason = held_for(error).value
        # Its people decide now, and are told so.
        mailing.told_of = None


def to_tell() -> list[tuple[int, int]]:
    """Return (incident, customer) of those who have mailings in a window and do not know its times."""
    at, found = clock.now(), []
    for incident in windows(None, at):
        window = Window(incident.id, incident.begins_at, incident.ends_at)
        concerned = sa.select(Mailing.customer_id).where(maintenance.falls_into(window, at))
        if incident.customer_id is not None:
            concerned = concerned.where(Mailing.customer_id == incident.customer_id)
        told = {
            row.customer_id: (row.begins_at, row.ends_at)
            for row in db.session.scalars(sa.select(MaintenanceTold).where(MaintenanceTold.incident_id == incident.id))
        }
        times = (incident.begins_at, incident.ends_at)
        customers = set(db.session.scalars(concerned.distinct())) | set(told)
        found += [(incident.id, customer) for customer in sorted(customers) if told.get(customer) != times]
    return found


def tell_of(incident_id: int, customer_id: int) -> None:
    """Tell a customer by a notice which mailings fall into a window, and where to choose. The caller commits."""
    incident, contract = db.session.get_one(Incident, incident_id), contract_in_force(customer_id)
    row = db.session.get(MaintenanceTold, (incident_id, customer_id), with_for_update=True)
    times = (incident.begins_at, incident.ends_at)
    if row is not None and (row.begins_at, row.ends_at) == times:
        return
    again = row is not None
    if row is None:
        row = MaintenanceTold(incident_id=incident_id, customer_id=customer_id)
        db.session.add(row)
    row.begins_at, row.ends_at, row.told_at = *times, clock.now()
    if contract is not None:
        _tell(contract, incident, again)


def _tell(contract: Contract, incident: Incident, again: bool) -> None:
    titles = Titles(contract.customer_id)
    mine = [each for each in maintenance.affected(contract.customer_id) if each.incident.id == incident.id]
    with force_locale("ja"):
        what = gettext("Maintenance times changed") if again else gettext("Maintenance and your affected mailings")
        facts = [
            (gettext("Maintenance work"), incident.title),
            (gettext("Maintenance starts"), in_japanese(incident.begins_at)),
            (
                gettext("Maintenance ends"),
                in_japanese(incident.ends_at) if incident.ends_at else gettext("to be announced"),
            ),
            *((gettext("Affected mailing"), _named(titles.of(each.mailing), each.mailing)) for each in mine),
        ]
        before = [gettext("No emails are sent during the maintenance below (Art. 13-1)."), incident.body]
        after = (
            [
                gettext("Unless you choose otherwise, your mailings are held and sent automatically afterwards."),
                gettext("You can choose to cancel each of them instead:"),
                settings().PORTAL_URL.rstrip("/") + "/mailings/maintenance",
            ]
            if mine
            else [gettext("None of your mailings is affected any more.")]
        )
        tell(
            addressee(contract),
            Words(str(what), before, [(str(term), str(value)) for term, value in facts], after, contract=False),
            NoticeKind.maintenance,
            customer_id=contract.customer_id,
            about=f"incident {incident.id}",
            terms_version=contract.terms_version,
        )


def _named(title: str, mailing: Mailing) -> str:
    return f"{title}（{in_japanese(mailing.scheduled_at)}）" if mailing.scheduled_at else title
