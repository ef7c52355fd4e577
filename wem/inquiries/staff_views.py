"""Inquiries as staff see them: what waits, the overdue first; one thread, that of no customer only with a reason."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
from flask import abort, render_template, request, session, url_for
from sqlalchemy.orm import joinedload, selectinload
from werkzeug.wrappers import Response

from wem import clock, storage
from wem.accounts.models import Account, Customer
from wem.accounts.rules import StaffRole, staff_may
from wem.contracts.models import Contract, contract_in_force
from wem.contracts.rules import ContractState
from wem.db import db
from wem.inquiries import answering, hours, knowing, passing_on
from wem.inquiries.forms import AnswerForm, AssignForm, NoteForm, OpenForm, PassOnForm, TieForm
from wem.inquiries.models import EntryKind, Inquiry, InquiryEntry, InquiryFile, Origin, Writer
from wem.inquiries.state_rules import INQUIRY, WAITING, InquiryAction, InquiryState
from wem.inquiries.wording import ACTS, ORIGINS, STATES, WRITERS
from wem.lists.rules import Address, read_address
from wem.outbox import OutboxMail
from wem.web.blueprints import StaffBlueprint
from wem.web.files import stored_file_answer
from wem.web.htmx import see_other
from wem.web.ownership import found_or_404
from wem.web.paging import page_of
from wem.web.session import me

ROLES = frozenset({StaffRole.support, StaffRole.contracts, StaffRole.billing, StaffRole.operations})
# What is confidential is theirs and admin's alone (2-1).
TRUSTED = frozenset({StaffRole.support})
REQUESTERS = frozenset({StaffRole.contracts})
STOPPERS = frozenset({StaffRole.contracts, StaffRole.support, StaffRole.operations})
blueprint = StaffBlueprint("staff_inquiries", __name__, roles=ROLES, url_prefix="/staff/inquiries")
Answer = str | tuple[str, int] | Response
MOST_WAITING = 200
OPEN_FOR = timedelta(minutes=30)
MOST_OPEN = 20
OPENED = "inquiries_opened"
WAITS, ALL = "waiting", "all"


def _is(roles: frozenset[StaffRole]) -> bool:
    role = me().staff_role
    return role is not None and staff_may(role, roles)


def visible() -> sa.ColumnElement[bool]:
    """Return what this member of staff may see at all."""
    return sa.true() if _is(TRUSTED) else Inquiry.confidential.is_(False)


def seen_or_404(id: int, *, hold: bool = False) -> Inquiry:
    """Return the thread if this member of staff may see it, its row held when it is changed; 404."""
    inquiry = found_or_404(Inquiry, id)
    if hold:
        db.session.refresh(inquiry, with_for_update=True)
    if inquiry.confidential and not _is(TRUSTED):
        abort(404)
    return inquiry


@blueprint.get("")
def index() -> Answer:
    chosen = request.args.get("state", WAITS)
    if chosen not in {WAITS, ALL, *InquiryState}:
        chosen = WAITS
    whose = request.args.get("whose", "")
    words = request.args.get("q", "").strip()[:100]
    found = sa.select(Inquiry).where(visible()).options(joinedload(Inquiry.customer))
    if words:
        found = found.where(_matches(words))
    elif chosen == WAITS:
        found = found.where(Inquiry.state.in_(WAITING))
    elif chosen != ALL:
        found = found.where(Inquiry.state == InquiryState(chosen))
    if whose == "mine":
        found = found.where(Inquiry.assigned_to == me().id)
    elif whose == "nobody":
        found = found.where(Inquiry.assigned_to.is_(None))
    waiting = chosen == WAITS and not words
    # What waits stands by when it is due, and is never so much that it needs pages.
    rows = db.session.scalars(found.order_by(Inquiry.answer_by, Inquiry.id).limit(MOST_WAITING)).all()
    page = None if waiting else page_of(found, Inquiry.newest)
    shown = rows if page is None else page.rows
    return render_template(
        "inquiries/staff/inquiries.html",
        rows=shown,
        page=page,
        chosen=chosen,
        whose=whose,
        words=words,
        counts=_counts(),
        names=names_of(row.assigned_to for row in shown),
        states=STATES,
        origins=ORIGINS,
        writers=WRITERS,
        now=clock.now(),
        where=partial(_where, chosen, whose),
        hours=str(hours.hours()),
        open_now=hours.is_open(),
    )


def _where(chosen: str, whose: str, /, **asked: Any) -> str:
    return url_for("staff_inquiries.index", **{"state": chosen, "whose": whose or None, **asked})


def _matches(words: str) -> sa.ColumnElement[bool]:
    """By number, by the customer's name or contract number, by a whole address."""
    digits = words.upper().removeprefix("Q").lstrip("0")
    tests: list[sa.ColumnElement[bool]] = [
        Inquiry.customer_id.in_(sa.select(Customer.id).where(Customer.name.icontains(words, autoescape=True))),
        Inquiry.customer_id.in_(sa.select(Contract.customer_id).where(Contract.number == words.upper())),
        Inquiry.address == words.lower(),
    ]
    if digits.isascii() and digits.isdigit() and len(digits) < 16:
        tests.append(Inquiry.id == int(digits))
    return sa.or_(*tests)


def _counts() -> dict[str, int]:
    rows = db.session.execute(sa.select(Inquiry.state, sa.func.count()).where(visible()).group_by(Inquiry.state))
    found = {state.value: 0 for state in InquiryState} | {state.value: number for state, number in rows}
    return found | {WAITS: sum(found[state.value] for state in WAITING)}


def names_of(ids: Any) -> dict[int | None, str]:
    """Return people's names by their numbers."""
    wanted = {id for id in ids if id is not None}
    rows = db.session.execute(sa.select(Account.id, Account.name).where(Account.id.in_(wanted)))
    return {row.id: row.name for row in rows}


@blueprint.get("/<int:id>")
def show(id: int) -> Answer:
    return page(seen_or_404(id))


def is_open(inquiry: Inquiry) -> bool:
    """Return whether its words may be shown now: those of no customer only for a while after a reason was given.

    Whoever is not known may be an end user.
    """
    if inquiry.writer is Writer.customer:
        return True
    since = dict(session.get(OPENED, {})).get(str(inquiry.id))
    return since is not None and clock.now() - datetime.fromisoformat(since) < OPEN_FOR


def page(inquiry: Inquiry, status: int = 200, **forms: Any) -> Answer:
    """Return the thread's page; `forms` are those with something wrong in them."""
    entries = db.session.scalars(
        sa.select(InquiryEntry)
        .where(InquiryEntry.inquiry_id == inquiry.id)
        .order_by(InquiryEntry.id)
        .options(selectinload(InquiryEntry.files))
    ).all()
    contract = contract_in_force(inquiry.customer_id) if inquiry.customer_id else None
    readable = is_open(inquiry)
    candidates = _candidates(inquiry) if inquiry.customer_id is None else []
    given = {
        "open_form": OpenForm(formdata=None),
        "answer": AnswerForm(formdata=None),
        "note": NoteForm(formdata=None),
        "assign": assign_form(inquiry),
        "tie": TieForm(formdata=None),
        "pass_on": PassOnForm(
            formdata=None,
            contract=candidates[0][0] if len(candidates) == 1 else "",
            complaint=passing_on.masked_words(inquiry) if readable and inquiry.customer_id is None else "",
        ),
    }
    content = render_template(
        "inquiries/staff/inquiry.html",
        inquiry=inquiry,
        entries=entries,
        readable=readable,
        contract=contract,
        candidates=candidates,
        names=names_of({*[entry.account_id for entry in entries], inquiry.assigned_to}),
        lost=_lost(entries),
        passed_on=db.session.scalars(sa.select(Inquiry).where(Inquiry.source_id == inquiry.id)).all(),
        state=STATES[inquiry.state],
        origin=ORIGINS[inquiry.origin],
        writer=WRITERS[inquiry.writer],
        acts=ACTS,
        registered=bool(
            inquiry.customer_id and inquiry.address and knowing.registered(inquiry.customer_id, inquiry.address)
        ),
        by_mail=inquiry.origin in (Origin.help_desk, Origin.course_change),
        may_close=(inquiry.state, InquiryAction.close) in INQUIRY,
        may_reopen=(inquiry.state, InquiryAction.reopen) in INQUIRY,
        may_answer=(inquiry.state, InquiryAction.answer) in INQUIRY,
        may_request=_is(REQUESTERS) and contract is not None,
        may_stop=_is(STOPPERS) and contract is not None,
        may_trust=_is(TRUSTED),
        open_minutes=int(OPEN_FOR.total_seconds() // 60),
        late=inquiry.overdue(clock.now()),
        asked=EntryKind.asked,
        **{**given, **forms},
    )
    return content, status


def assign_form(inquiry: Inquiry) -> AssignForm:
    """Return the form with all of staff who may see the thread."""
    allowed = {StaffRole.admin, *(TRUSTED if inquiry.confidential else ROLES)}
    people = db.session.execute(
        sa.select(Account.id, Account.name)
        .where(Account.staff_role.in_(allowed), Account.ended_at.is_(None))
        .order_by(Account.name)
    )
    form = AssignForm(to=str(inquiry.assigned_to or ""))
    form.to.choices = [("", "–"), *((str(row.id), row.name) for row in people)]
    return form


def _candidates(inquiry: Inquiry) -> list[tuple[str, str]]:
    """Return (contract number, name) of the customers whom an unknown or a reader's address may concern."""
    address = read_address(inquiry.address)
    if not isinstance(address, Address):
        return []
    ids = {*knowing.customers_of(inquiry.address), *knowing.customers_reading(address.key)}
    rows = db.session.execute(
        sa.select(Contract.number, Customer.name)
        .join(Customer, Customer.id == Contract.customer_id)
        .where(Contract.customer_id.in_(ids), Contract.state != ContractState.ended)
        .order_by(Contract.number)
    )
    return [(row.number, row.name) for row in rows]


def _lost(entries: Any) -> set[int]:
    """Return the entries whose mail did not get there."""
    mails = {entry.outbox_id: entry.id for entry in entries if entry.outbox_id}
    lost = db.session.scalars(
        sa.select(OutboxMail.id).where(OutboxMail.id.in_(mails), OutboxMail.not_arrived_at.is_not(None))
    )
    return {mails[number] for number in lost}


@blueprint.post("/<int:id>/open")
def open_thread(id: int) -> Answer:
    inquiry, form = seen_or_404(id), OpenForm()
    if not form.validate_on_submit():
        return page(inquiry, 422, open_form=form)
    answering.note_opened(inquiry, form.reason.data or "", by=me().id)
    db.session.commit()
    opened = {**session.get(OPENED, {}), str(id): clock.now().isoformat()}
    session[OPENED] = dict(list(opened.items())[-MOST_OPEN:])
    return see_other(url_for("staff_inquiries.show", id=id))


@blueprint.get("/<int:id>/files/<int:file_id>")
def file(id: int, file_id: int) -> Answer:
    inquiry = seen_or_404(id)
    row = db.session.scalar(
        sa.select(InquiryFile)
        .join(InquiryEntry, InquiryEntry.id == InquiryFile.entry_id)
        .where(InquiryFile.id == file_id, InquiryEntry.inquiry_id == inquiry.id)
    )
    if row is None or not is_open(inquiry) or not storage.path_of(row.key).exists():
        abort(404)
    return stored_file_answer(storage.path_of(row.key), row.name)
