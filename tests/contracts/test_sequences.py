"""Whatever customers and staff do, in whatever order: the contract in the database keeps its terms."""

import itertools
from datetime import date, datetime, timedelta

import sqlalchemy as sa
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import make_account, make_contract, make_course, make_customer
from wem.accounts.rules import StaffRole
from wem.audit import AuditEvent
from wem.clock import JAPAN
from wem.contracts import deciding, due, jobs, mandating, refusing, requesting, withdrawing
from wem.contracts.application_rules import APPLICATION, ApplicationAction, ApplicationState, missing_checks
from wem.contracts.mandate_models import Mandate, mandates
from wem.contracts.models import Contract
from wem.contracts.request_models import ContractRequest, RequestKind
from wem.contracts.requesting import NotPossible, Way
from wem.contracts.rules import ContractState
from wem.contracts.state_rules import (
    CONTRACT,
    MANDATE,
    REQUEST,
    Illegal,
    MandateAction,
    MandateState,
    RequestState,
    after,
)
from wem.db import db

BANK = {
    "bank": "みずほ",
    "bank_code": "0001",
    "branch": "東京営業部",
    "branch_code": "001",
    "account_type": "1",
    "account_holder": "カ)タカハシ",
}
ACTS = st.one_of(
    st.tuples(st.just("days"), st.integers(1, 70)),
    st.tuples(st.sampled_from(["course", "cancel", "bank", "details", "refuse renewal", "daily"]), st.integers(0, 1)),
    st.tuples(st.sampled_from(["accept", "refuse", "withdraw", "check"]), st.integers(0, 5)),
    st.tuples(st.sampled_from([f"mandate {action.name}" for action in MandateAction]), st.integers(0, 3)),
)
_numbers = itertools.count()


def pick(rows, number):
    return rows[number % len(rows)] if rows else None


def requests_of(contract):
    found = sa.select(ContractRequest).where(ContractRequest.contract_id == contract.id).order_by(ContractRequest.id)
    return list(db.session.scalars(found))


def do(contract, act, number, by, courses, at):
    """One act as a person or the daily job would do it. Raises Illegal or NotPossible when it is not allowed."""
    way = Way(by, at)
    match act:
        case "course":
            code = courses[number].code
            requesting.change_course(contract, code, way, overdue=0, agreed="同意します")
        case "cancel":
            requesting.cancel(contract, way, at.date() + timedelta(days=90) if number else None)
        case "bank":
            requesting.change_bank(contract, BANK, "0076543", at.date(), way)
        case "details":
            planned = at.date() + timedelta(days=20 * number)
            requesting.change_details(contract, {"person": f"担当 {next(_numbers)}"}, planned, way)
        case "refuse renewal":
            refusing.refuse_renewal(contract, "廃止", by=by)
        case "daily":
            jobs.apply_due()
        case "accept" | "refuse" | "withdraw" | "check":
            row = pick(requests_of(contract), number)
            if row is not None:
                acts = {
                    "accept": lambda: deciding.accept(row, by=by),
                    "refuse": lambda: deciding.refuse(row, "理由", by=by),
                    "withdraw": lambda: withdrawing.withdraw(row, by=by),
                    "check": lambda: deciding.check(row, by=by),
                }
                acts[act]()
        case _:
            row = pick(mandates(contract.id), number)
            action = MandateAction[act.removeprefix("mandate ")]
            if row is not None and action is MandateAction.give_back:
                mandating.give_back(row, "印鑑相違", by=by)
            elif row is not None:
                mandating.act(row, action, by=by)


def snapshot(contract):
    return (
        contract.state,
        {row.id: row.state for row in requests_of(contract)},
        {row.id: row.state for row in db.session.scalars(sa.select(Mandate).where(Mandate.contract_id == contract.id))},
    )


def walked(table, old, new):
    """Return whether one act led from old to new: a line of the table, or several, as the last daily job walks."""
    reached = {old}
    while True:
        more = {to for (state, _), to in table.items() if state in reached} | reached
        if more == reached:
            return new in reached
        reached = more


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(ACTS, max_size=25), st.dates(date(2026, 1, 1), date(2026, 3, 31)))
def test_no_sequence_of_acts_breaks_the_contract(world, acts, start):
    contract_id, by = world_of(start)
    at = datetime.combine(start, datetime.min.time(), JAPAN) + timedelta(hours=9)
    for act, number in acts:
        if act == "days":
            at += timedelta(days=number)
            continue
        with time_machine.travel(at, tick=False):
            contract = db.session.get(Contract, contract_id, populate_existing=True)
            courses = db.session.info["courses"]
            before = snapshot(contract)
            try:
                do(contract, act, number, by, courses, at)
                db.session.commit()
            except (Illegal, NotPossible):
                db.session.rollback()
                assert snapshot(db.session.get(Contract, contract_id, populate_existing=True)) == before
                continue
            look(contract_id, before, at.date())


def world_of(start):
    """A contract that began on a day, and somebody of staff."""
    customer = make_customer("試験", f"walk{next(_numbers)}")
    contract = make_contract(customer, start_date=start)
    db.session.info["courses"] = [make_course("甲"), make_course("乙")]
    by = make_account("担当", staff_role=StaffRole.contracts).id
    db.session.commit()
    return contract.id, by


def look(contract_id, before, today):
    """What must be true after every act, whoever did it."""
    contract = db.session.get(Contract, contract_id, populate_existing=True)
    state, requests, held = snapshot(contract)
    assert walked(CONTRACT, before[0], state)
    for id, now in requests.items():
        assert walked(REQUEST, before[1].get(id, RequestState.received), now)
    for id, now in held.items():
        assert walked(MANDATE, before[2].get(id, MandateState.missing), now)
    assert list(held.values()).count(MandateState.registered) <= 1
    over = contract.life.over_on
    assert over is None or over >= contract.life.first_exit, "an end within the minimum term (5-1)"
    assert (state is ContractState.ended) == (contract.ended_on is not None)
    events = db.session.execute(
        sa.select(AuditEvent.subject, sa.func.count())
        .where(AuditEvent.action == "request.apply", AuditEvent.customer_id == contract.customer_id)
        .group_by(AuditEvent.subject)
    ).all()
    assert all(number == 1 for _, number in events), "a request was applied twice"
    assert len([r for r in requests_of(contract) if r.kind is RequestKind.cancel and r.open]) <= 1
    if state is ContractState.ended:
        assert not [row for row in requests_of(contract) if row.open]
        assert not any(act.contract_id == contract_id for act in due.plan(today))


CHECKS = st.sets(st.sampled_from(["form", "money", "service"]))


@given(st.lists(st.tuples(st.sampled_from(ApplicationAction), CHECKS), max_size=12))
def test_no_application_is_accepted_before_everything_is_there_or_twice(acts):
    state, here, accepted, day = ApplicationState.draft, set(), 0, date(2026, 1, 1)
    for action, comes in acts:
        here |= comes
        if action is ApplicationAction.take_in:
            here.add("form")
        there = {name: day if name in here else None for name in ("form", "money", "service")}
        missing = missing_checks(there["form"], there["money"], there["service"])
        if action is ApplicationAction.accept and missing:
            continue  # applying.accept raises NotReady
        try:
            state = after(APPLICATION, state, action)
        except Illegal:
            continue
        accepted += action is ApplicationAction.accept
        assert state is not ApplicationState.accepted or {"form", "money", "service"} <= here
    assert accepted <= 1
