"""Contracts as staff see them: search, and one contract with all that hangs on it."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import sqlalchemy as sa
from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import audit, clock
from wem.accounts import inviting
from wem.accounts import rules as account_rules
from wem.accounts.models import Account, Customer, Invitation, Membership
from wem.accounts.rules import StaffRole
from wem.accounts.wording import ROLES
from wem.billing import showing
from wem.cases.models import Case
from wem.cases.rules import CaseState
from wem.contracts import emergency, name_rules, rules
from wem.contracts.credential_wording import KINDS
from wem.contracts.mandate_models import mandates
from wem.contracts.models import Contract
from wem.contracts.rules import ContractState, Use
from wem.contracts.wording import GROUNDS, LEGAL_ITEMS, MANDATES, PROSPECTS, STANDINGS
from wem.db import db
from wem.domains.models import SenderDomain
from wem.domains.wording import STATES as DOMAIN_STATES
from wem.lists import counting, lending
from wem.lists.count_models import AddressCount
from wem.lists.models import MailingList
from wem.staff import timeline, timeline_sources
from wem.web.blueprints import StaffBlueprint
from wem.web.files import file_answer
from wem.web.htmx import see_other
from wem.web.ownership import found_or_404
from wem.web.paging import page_of
from wem.web.session import current_account, me

LOOKERS = frozenset({StaffRole.contracts, StaffRole.billing, StaffRole.support, StaffRole.operations})
CHANGERS = frozenset({StaffRole.contracts})
STOPPERS = frozenset({StaffRole.contracts, StaffRole.support, StaffRole.operations})
CASE_HANDLERS = frozenset({StaffRole.contracts, StaffRole.support})
TRAIL_READERS = frozenset({StaffRole.contracts, StaffRole.support, StaffRole.operations})
blueprint = StaffBlueprint("staff_contracts", __name__, roles=LOOKERS, url_prefix="/staff/contracts")
Answer = str | tuple[str, int] | Response
ENTRIES = 15  # of the timeline, on the contract's own page
PHONE_LEAST = 6  # digits


@blueprint.get("")
def index() -> Answer:
    words = unicodedata.normalize("NFKC", request.args.get("q", "")).strip()[:100]
    only = request.args.get("state", "")
    found = sa.select(Contract).join(Contract.customer)
    if words:
        found = found.where(_matches(words, request.args.get("q", "").strip()[:100]))
    if only == "suspended":
        found = found.where(Contract.suspended_at.is_not(None), Contract.state != ContractState.ended)
    page = page_of(found, Contract.id)
    counts = dict(
        db.session.execute(
            sa.select(AddressCount.customer_id, AddressCount.registered).where(
                AddressCount.customer_id.in_([row.customer_id for row in page.rows])
            )
        ).all()
    )
    return render_template(
        "contracts/staff/contracts.html",
        page=page,
        counts=counts,
        standings=STANDINGS,
        words=words,
        only=only,
        may_change=may_change(),
    )


def _matches(words: str, typed: str) -> Any:
    """Name as typed or in plain width, the reading also from hiragana, the number from its beginning."""
    reading = rules.kana(words)
    names = {without_spaces(each) for text in (words, typed) for each in name_rules.spellings(text)}
    tests = [
        *(_plain(Customer.name).icontains(each, autoescape=True) for each in sorted(names) if each),
        Customer.slug == words.lower(),
        Contract.number.istartswith(name_rules.hyphens(words), autoescape=True),
    ]
    if "@" in words:
        people = sa.select(Membership.customer_id).join(Account, Account.id == Membership.account_id)
        tests.append(Contract.notice_email.icontains(words, autoescape=True))
        tests.append(Customer.id.in_(people.where(Account.email.icontains(words, autoescape=True))))
    digits = re.sub(r"\D", "", words)
    if len(digits) >= PHONE_LEAST:
        tests.append(sa.func.replace(Contract.phone, "-", "").contains(digits))
        tests.append(sa.func.replace(Contract.contact, "-", "").contains(digits))
    if reading:
        tests.append(_plain(Customer.kana).icontains(without_spaces(reading), autoescape=True))
    return sa.or_(*tests)


def without_spaces(text: str) -> str:
    return "".join(text.split())


def _plain(column: Any) -> Any:
    """Return a name's column without spaces of either width."""
    return sa.func.replace(sa.func.replace(column, " ", ""), "\u3000", "")


def may_change() -> bool:
    """Return whether who is signed in may change contracts."""
    return _is(CHANGERS)


def _is(roles: frozenset[StaffRole]) -> bool:
    account = current_account()
    role = account.staff_role if account else None
    return role is not None and account_rules.staff_may(role, roles)


@blueprint.get("/<int:id>/timeline")
def history(id: int) -> Answer:
    """Answer with all that happened about a contract, page by page."""
    contract, shown, before = found_or_404(Contract, id), request.args.get("show", ""), request.args.get("before", "")
    return render_template(
        "contracts/staff/timeline.html",
        contract=contract,
        shown=shown if shown in timeline_sources.SHOWN else "",
        started=bool(before),
        timeline=timeline.of(contract, shown, before),
    )


@blueprint.get("/<int:id>/documents/<int:document_id>")
def document(id: int, document_id: int) -> Answer:
    """Answer with a document of this contract as it was kept."""
    contract = found_or_404(Contract, id)
    row = timeline.document_of(contract, document_id)
    if row is None:
        abort(404)
    return file_answer(row.content(), row.name, row.media_type, attached=True)


@blueprint.get("/<int:id>")
def show(id: int) -> Answer:
    contract = found_or_404(Contract, id)
    peak = counting.month_peak(contract.customer_id)
    return render_template(
        "contracts/staff/contract.html",
        contract=contract,
        customer=contract.customer,
        standing=STANDINGS[contract.standing],
        prospect=PROSPECTS.get(contract.state),
        ground=GROUNDS.get(contract.suspension_ground) if contract.suspension_ground else None,
        ended=contract.state is ContractState.ended,
        registered=counting.registered(contract.customer_id),
        peak=peak,
        tier=rules.tier(contract.tiers, peak),
        sign_up_closed=not contract.permits(Use.sign_up, clock.today()),
        lists=db.session.scalars(
            sa.select(MailingList)
            .where(MailingList.customer_id == contract.customer_id, MailingList.archived_at.is_(None))
            .order_by(MailingList.id)
        ).all(),
        domains=db.session.scalars(
            sa.select(SenderDomain).where(SenderDomain.customer_id == contract.customer_id).order_by(SenderDomain.name)
        ).all(),
        domain_states=DOMAIN_STATES,
        missing=[LEGAL_ITEMS[item] for item in contract.missing_legal_items],
        **showing.life(contract),
        people=_people(contract.customer_id),
        invitations=_invitations(contract.customer_id),
        roles=ROLES,
        lent=lending.register(contract),
        kinds=KINDS,
        emergency_stops=emergency.open_stops(contract.customer_id),
        may_stop=_is(STOPPERS),
        timeline=timeline.of(contract, most=ENTRIES),
        mandates=mandates(contract.id),
        mandate_states=MANDATES,
        may_see_mandates=_is(CHANGERS | {StaffRole.billing}),
        cases=_cases(contract.customer_id),
        may_change=may_change(),
        may_see_trail=_is(TRAIL_READERS),
    )


def _cases(customer_id: int) -> list[tuple[Case, str, str]]:
    """Return the cases that are open, in a line, with their page for those who may open it."""
    found = sa.select(Case).where(Case.customer_id == customer_id, Case.state != CaseState.closed).order_by(Case.id)
    may = _is(CASE_HANDLERS)
    return [
        (row, f"{row.number} {row.title} ({' '.join(row.codes)})", f"/staff/cases/{row.id}" if may else "")
        for row in db.session.scalars(found)
    ]


def _people(customer_id: int) -> list[Membership]:
    found = sa.select(Membership).where(Membership.customer_id == customer_id).order_by(Membership.id)
    return list(db.session.scalars(found))


def _invitations(customer_id: int) -> list[Invitation]:
    rows = db.session.scalars(
        sa.select(Invitation)
        .where(
            Invitation.customer_id == customer_id,
            Invitation.accepted_at.is_(None),
            Invitation.withdrawn_at.is_(None),
        )
        .order_by(Invitation.id.desc())
    )
    return [row for row in rows if inviting.usable(row)]


def contract_to_change(id: int) -> Contract:
    """Return the contract with its row held, so that two who switch at once do it one after the other; 404.

    From a page that was opened before the end the way leads back to the contract.
    """
    changes = request.method == "POST"
    contract = db.session.get(Contract, id, with_for_update=changes, populate_existing=changes)
    if contract is None:
        abort(404)
    if contract.state is ContractState.ended:
        flash(gettext("The contract is over. Nothing about it can be changed any more."), "warning")
        abort(see_other(url_for("staff_contracts.show", id=id)))
    return contract


def decided(contract_id: int, said: str) -> Response:
    db.session.commit()
    flash(said, "success")
    return see_other(url_for("staff_contracts.show", id=contract_id))


def denied(contract: Contract, act: str, said: str = "") -> Response:
    """What the table does not allow was asked for: nothing happens, and it is written down."""
    contract_id, customer_id = contract.id, contract.customer_id
    db.session.rollback()
    audit.record(f"contract.denied_{act}", by=me().id, customer_id=customer_id, subject=contract)
    db.session.commit()
    flash(said or gettext("This is not possible any more, or not allowed."), "error")
    return see_other(url_for("staff_contracts.show", id=contract_id))
