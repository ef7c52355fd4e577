"""The daily job is killed by SIGKILL between any two of its steps and run again: all is done, and nothing twice."""

import os
import signal
from datetime import date, datetime

import pytest
import sqlalchemy as sa
import time_machine

from tests.factories import make_contract, make_course, make_customer, make_mandate, make_option
from wem.audit import AuditEvent
from wem.clock import JAPAN
from wem.contracts import due, jobs
from wem.contracts.catalogue_models import Course
from wem.contracts.due_rules import What
from wem.contracts.models import Contract
from wem.contracts.part_models import ContractOption, ContractTerm
from wem.contracts.request_models import ContractRequest, Correction, RequestKind
from wem.contracts.rules import ContractState
from wem.contracts.state_rules import RequestState
from wem.contracts.stop_models import Stop
from wem.db import db
from wem.notices.models import Notice
from wem.outbox import OutboxMail

DAY = date(2026, 8, 1)
BEFORE = datetime(2026, 7, 5, 12, tzinfo=JAPAN)
# Once the first row of an act is written, before its commit, after it.
MOMENTS = ("after_flush", "before_commit", "after_commit")


def scene():
    """Contracts of which something falls due on the day: all five kinds of acts. Returns their ids by name."""
    made = {
        "begins": contract("はじまる店", state=ContractState.accepted, start_date=DAY),
        "ends": contract("おわる店", state=ContractState.leaving, leaves_on=DAY),
        "renews": contract("つづく店"),
        "changes": contract("かわる店", renewed=True),
        "corrects": contract("ただす店", renewed=True),
    }
    ask(made["ends"], RequestKind.cancel, {})
    make_mandate(made["ends"])
    option, course = make_option(), make_course("ビジネス")
    ask(made["changes"], RequestKind.course, {"course": course.code, "from": made["changes"].course.code})
    ask(made["changes"], RequestKind.options, {"add": [option.code], "remove": []})
    db.session.add(
        Correction(
            contract=made["corrects"], breach="違反", demand="是正", issued_at=BEFORE, deadline=date(2026, 7, 31)
        )
    )
    db.session.commit()
    return {name: row.id for name, row in made.items()}


TERMS = [(0, date(2026, 1, 15), date(2026, 7, 14), date(2026, 7, 31)), (1, DAY, date(2026, 8, 14), date(2026, 8, 31))]


def contract(name, renewed=False, **values):
    made = make_contract(make_customer(name), **values)
    written = 2 if renewed else 0 if made.state is ContractState.accepted else 1
    for number, begins, literal_end, aligned_end in TERMS[:written]:
        db.session.add(
            ContractTerm(
                contract_id=made.id, number=number, begins=begins, literal_end=literal_end, aligned_end=aligned_end
            )
        )
    return made


def ask(of, kind, wish):
    row = ContractRequest(
        customer_id=of.customer_id, contract=of, kind=kind, state=RequestState.waiting, received_at=BEFORE,
        effective_on=DAY, wish=wish,
    )  # fmt: skip
    db.session.add(row)


def state_of(id):
    """All that the daily job touches of a contract, without the numbers of rows."""
    db.session.expire_all()
    row = db.session.get_one(Contract, id)
    of, whose = {"contract_id": id}, {"customer_id": row.customer_id}

    def rows(model, by, *columns):
        found = db.session.execute(sa.select(*columns).select_from(model).filter_by(**by).order_by(*columns))
        return [tuple(str(value) for value in each) for each in found]

    return {
        "contract": (row.state, row.ended_on, row.end_reason, row.contact),
        "course": db.session.get_one(Course, row.course_id).name,
        "options": rows(ContractOption, of, ContractOption.since, ContractOption.until),
        "terms": rows(ContractTerm, of, ContractTerm.number, ContractTerm.begins, ContractTerm.aligned_end),
        "requests": rows(ContractRequest, of, ContractRequest.kind, ContractRequest.state),
        "corrections": rows(Correction, of, Correction.state),
        "acts": rows(AuditEvent, whose, AuditEvent.action),
        "notices": rows(Notice, whose, Notice.kind, Notice.state),
        "mails": rows(OutboxMail, whose, OutboxMail.kind, OutboxMail.state),
        "stops": len(rows(Stop, whose, Stop.id)),
    }


def killed(moment, times=1):
    """Run the job in a process of its own and kill it when it comes to a moment for the nth time; returns whether."""
    db.session.remove()
    db.engine.dispose()
    child = os.fork()
    if child == 0:
        left = [times]

        def die(*_anything):
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            sa.event.listen(db.session, moment, die)
            jobs.apply_due()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


@pytest.mark.both_databases
def test_killed_between_any_two_steps(world):
    undisturbed = scene()
    with time_machine.travel(datetime(2026, 8, 1, 0, 5, tzinfo=JAPAN), tick=False):
        jobs.apply_due()
        expected = {name: state_of(id) for name, id in undisturbed.items()}
        assert due.plan(DAY) == [] and due.number(DAY) == 0 and all(expected.values())
    disturbed = scene()
    with time_machine.travel(datetime(2026, 8, 1, 0, 5, tzinfo=JAPAN), tick=False):
        deaths, steps = 0, len(due.plan(DAY))
        assert {act.what for act in due.plan(DAY)} == set(What) and steps == due.number(DAY) == 6
        while planned := due.plan(DAY):
            # What is killed before its commit is as it was; what is killed after it is done, and the next one's turn.
            for moment in MOMENTS:
                deaths += killed(moment)
                left = due.plan(DAY)
                assert left == (planned if moment != "after_commit" else planned[1:]), (moment, planned[0])
        assert deaths == len(MOMENTS) * steps
        jobs.apply_due()
        assert {name: state_of(id) for name, id in disturbed.items()} == expected
