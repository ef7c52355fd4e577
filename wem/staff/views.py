"""Staff's start page, the queues and the audit trail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import render_template, request
from werkzeug.wrappers import Response

from wem import clock
from wem.accounts.models import Account, Customer
from wem.accounts.rules import StaffRole
from wem.audit import AuditEvent
from wem.bounces.models import Alarm
from wem.cases.models import Report
from wem.cases.rules import ReportState
from wem.contracts import emergency
from wem.contracts.models import Contract
from wem.contracts.rules import ContractState
from wem.contracts.wording import GROUNDS
from wem.db import db
from wem.inbound.models import InboundMail
from wem.inbound.states import FOR_STAFF
from wem.inquiries.models import Inquiry
from wem.inquiries.state_rules import WAITING
from wem.lists import upload_texts
from wem.lists.states import UploadState
from wem.lists.upload_models import Upload
from wem.mailings.models import Mailing, SendingHold
from wem.mailings.states import MailingState
from wem.staff import notice_work, trail, watching, work, work_items
from wem.staff.wording import AREAS, DISPATCHES, QUEUES
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import page_or_fragment
from wem.web.paging import page_of
from wem.web.session import current_account

EVERYBODY = frozenset(StaffRole)
WATCHERS = frozenset({StaffRole.contracts, StaffRole.support, StaffRole.operations})
blueprint = StaffBlueprint("staff", __name__, roles=EVERYBODY)
watch_blueprint = StaffBlueprint("staff_watch", __name__, roles=WATCHERS)
Answer = str | tuple[str, int] | Response
SHOWN = 10
BROKEN_OFF_SHOWN = timedelta(days=7)
MOST = 1000


@blueprint.get("/staff/")
def work_list() -> Answer:
    waiting = db.session.execute(
        sa.select(Upload, Customer.name)
        .join(Customer, Customer.id == Upload.customer_id)
        .where(Upload.state == UploadState.waiting)
        .order_by(Upload.id)
        .limit(SHOWN)
    ).all()
    suspended = db.session.scalars(
        sa.select(Contract)
        .where(Contract.suspended_at.is_not(None), Contract.state != ContractState.ended)
        .order_by(Contract.suspended_at)
        .limit(SHOWN)
    ).all()
    broken_off = db.session.execute(
        sa.select(Upload, Customer.name)
        .join(Customer, Customer.id == Upload.customer_id)
        .where(
            Upload.state == UploadState.failed,
            Upload.problem.in_(upload_texts.BROKE_OFF_TEXTS),
            Upload.finished_at > clock.now() - BROKEN_OFF_SHOWN,
        )
        .order_by(Upload.id.desc())
        .limit(SHOWN)
    ).all()
    account = current_account()
    role = account.staff_role if account else None
    return render_template(
        "staff/work_list.html",
        notice_work=notice_work.notice_work(clock.today()),
        at=clock.now(),
        work=work.work(clock.today(), role) if role else None,
        broken_off=broken_off,
        uploads=waiting,
        uploads_count=_up_to_most(sa.select(Upload.id).where(Upload.state == UploadState.waiting)),
        suspended=suspended,
        suspended_count=_up_to_most(
            sa.select(Contract.id).where(Contract.suspended_at.is_not(None), Contract.state != ContractState.ended)
        ),
        held_count=_up_to_most(sa.select(Mailing.id).where(Mailing.state == MailingState.held)),
        alarms_count=_up_to_most(sa.select(Alarm.id).where(Alarm.closed_at.is_(None))),
        stopped_count=_up_to_most(sa.select(SendingHold.customer_id).where(SendingHold.released_at.is_(None))),
        unreachable=db.session.scalars(
            sa.select(Contract)
            .where(Contract.notice_fails_since.is_not(None), Contract.state != ContractState.ended)
            .order_by(Contract.notice_fails_since)
            .limit(SHOWN)
        ).all(),
        inquiries=db.session.scalars(
            sa.select(Inquiry).where(*_open_to(role)).order_by(Inquiry.answer_by, Inquiry.id).limit(SHOWN)
        ).all(),
        inquiries_count=_up_to_most(sa.select(Inquiry.id).where(*_open_to(role))),
        inquiries_late=_up_to_most(sa.select(Inquiry.id).where(*_open_to(role), Inquiry.answer_by < clock.now())),
        emergency_stops=emergency.open_stops(),
        now=clock.now(),
        reports_count=_up_to_most(sa.select(Report.id).where(Report.state == ReportState.waiting)),
        mails_count=_up_to_most(sa.select(InboundMail.id).where(InboundMail.state.in_(FOR_STAFF))),
        most=MOST,
        most_lines=work_items.MOST,
        grounds=GROUNDS,
    )


def _open_to(role: StaffRole | None) -> tuple[sa.ColumnElement[bool], ...]:
    """Inquiries that wait for us; what is confidential is support's and admin's alone (2-1)."""
    trusted = role in (StaffRole.admin, StaffRole.support)
    return (Inquiry.state.in_(WAITING), sa.true() if trusted else Inquiry.confidential.is_(False))


def _up_to_most(rows: sa.Select[Any]) -> int:
    """Count no further than a person would work through."""
    return db.session.scalar(sa.select(sa.func.count()).select_from(rows.limit(MOST).subquery())) or 0


@watch_blueprint.get("/staff/queues")
def queues() -> Answer:
    return page_or_fragment(
        "staff/queues.html",
        "staff/_queues.html",
        queues=watching.queues(),
        names=QUEUES,
        batches=watching.batches(),
        outbox=watching.outbox(),
        timetable=watching.timetable(),
        dispatches=watching.dispatches(),
        dispatch_states=DISPATCHES,
        uploads=watching.uploads(),
        upload_states=upload_texts.STATES,
    )


@watch_blueprint.get("/staff/audit")
def audit_trail() -> Answer:
    asked = {name: request.args.get(name, "").strip()[:254] for name in ("customer", "action", "account")}
    found = sa.select(AuditEvent)
    if asked["customer"]:
        found = found.where(AuditEvent.customer_id.in_(_customers(asked["customer"])))
    if asked["action"]:
        found = found.where(AuditEvent.action.startswith(asked["action"], autoescape=True))
    if asked["account"]:
        people = sa.select(Account.id).where(
            sa.or_(Account.email == asked["account"].lower(), Account.name == asked["account"])
        )
        found = found.where(AuditEvent.account_id.in_(people))
    page = page_of(found, AuditEvent.id)
    return render_template("staff/audit.html", page=page, lines=trail.lines(page.rows), asked=asked, areas=AREAS)


def _customers(words: str) -> sa.Select[Any]:
    """Those whose contract has this number, or whose name holds the words."""
    by_number = sa.select(Contract.customer_id).where(Contract.number == words.upper())
    return sa.select(Customer.id).where(
        sa.or_(Customer.id.in_(by_number), Customer.name.icontains(words, autoescape=True))
    )
