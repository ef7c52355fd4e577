"""The bank's answer to a debit file: checked and kept as a whole, then all of its consequences in one transaction."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa
from flask_babel import force_locale, gettext
from sqlalchemy.orm import selectinload

from wem import audit, clock, vault
from wem.billing import debit_planning, debit_rules, debiting, paying
from wem.billing.debit_emails import tell_failed
from wem.billing.debit_models import DebitEntry, DebitItem, DebitRun
from wem.billing.debit_rules import CONSEQUENCES, ENTRY, OnMandate, Outcome, RunAction, RunState
from wem.billing.models import Receivable
from wem.billing.payment_models import Payment
from wem.billing.payment_rules import PaymentWay
from wem.billing.zengin_reading_rules import Answer, read_result
from wem.contracts.describing import in_japanese
from wem.contracts.models import Contract
from wem.contracts.rules import ContractState
from wem.contracts.state_rules import Illegal, MandateAction, MandateState
from wem.db import db


class Twice(Exception):
    """This very file was read before; `run_id` says for which run."""

    def __init__(self, run_id: int) -> None:
        super().__init__(f"read for run {run_id}")
        self.run_id = run_id


# Of more debits than this nobody waits for the consequences: ten thousand take half a minute on a small machine.
AT_ONCE = 300


def check(run: DebitRun, content: bytes, *, by: int) -> Answer:
    """Keep the bank's answer to a run, with what it says of every debit, as checked as a whole; the caller commits.

    Nothing follows from it before `carry_out`. `run` is held. Raises Twice, Illegal for a run that is answered or
    withdrawn, BadFile for what is wrong with the file; nothing was changed then.
    """
    digest = hashlib.sha256(content).hexdigest()
    before = db.session.scalar(sa.select(DebitRun.id).where(DebitRun.result_hash == digest))
    if before is not None:
        raise Twice(before)
    if run.state is not RunState.made:
        raise Illegal("it is answered, or withdrawn")
    answer = read_result(content, run.profile, run.debit_on, debiting.debits_of(run))
    run.take(RunAction.check)
    run.result_sealed, run.result_hash = vault.seal(content, "debit result", digest), digest
    run.answered_at, run.answered_by = clock.now(), by
    run.paid_count, run.paid_amount = answer.paid_count, answer.paid_amount
    run.failed_count, run.failed_amount = answer.failed_count, answer.failed_amount
    run.warnings = [[line, what.value] for line, what in answer.warnings]
    ids = db.session.scalars(sa.select(DebitEntry.id).where(DebitEntry.run_id == run.id).order_by(DebitEntry.place))
    codes = [{"id": id, "code": result.code} for id, result in zip(ids.all(), answer.results, strict=True)]
    db.session.execute(sa.update(DebitEntry), codes)
    return answer


def waiting() -> list[int]:
    """Return the runs whose answer is kept and not carried out."""
    return list(db.session.scalars(sa.select(DebitRun.id).where(DebitRun.state == RunState.reading)))


def carry_out(run: DebitRun) -> None:
    """Do what follows from the answer of the bank, for every debit; the caller commits once, or not at all.

    `run` is held; one that is carried out already stays as it is.
    """
    if run.state is not RunState.reading:
        return
    assert run.answered_by is not None
    run.take(RunAction.answer)
    for entry in _entries(run):
        _follow(run, entry, run.answered_by)
    audit.record(
        "debit.answer",
        by=run.answered_by,
        subject=run,
        paid=run.paid_count,
        amount=run.paid_amount,
        failed=run.failed_count,
        on_day=str(run.debit_on),
    )


def _entries(run: DebitRun) -> list[DebitEntry]:
    """Return the debits in the order of the file, with their sums held: nobody settles one at the same time."""
    sums = sa.select(DebitItem.receivable_id).join(DebitEntry).where(DebitEntry.run_id == run.id)
    held = sa.select(Receivable).where(Receivable.id.in_(sums)).order_by(Receivable.id)
    db.session.scalars(held.with_for_update().execution_options(populate_existing=True)).all()
    found = (
        sa.select(DebitEntry)
        .where(DebitEntry.run_id == run.id)
        .order_by(DebitEntry.place)
        .options(
            selectinload(DebitEntry.items).joinedload(DebitItem.receivable),
            selectinload(DebitEntry.contract).joinedload(Contract.customer),
            selectinload(DebitEntry.mandate),
        )
    )
    return list(db.session.scalars(found))


def _follow(run: DebitRun, entry: DebitEntry, by: int) -> None:
    said = debit_rules.outcome(entry.code)
    follows = CONSEQUENCES[said]
    entry.outcome = said
    entry.take(follows.action, ENTRY)
    if said is Outcome.paid:
        pay(run, entry, by=by)
    _mandate(entry, follows.mandate, by)
    if follows.tell:
        tell_failed(entry, debit_planning.next_after(run))


def pay(run: DebitRun, entry: DebitEntry, *, by: int | None) -> Payment:
    """Write down that a debit brought its money, on the day of debit. What was paid otherwise meanwhile is over."""
    payment = Payment(
        way=PaymentWay.debit,
        paid_on=run.debit_on,
        amount=entry.amount,
        settled=0,
        refunded=0,
        contract=entry.contract,
        payer_kana="",
        payer_name=entry.contract.customer.name,
        entry_id=entry.id,
        created_by=by,
    )
    db.session.add(payment)
    for item in entry.items:
        part = min(item.amount, item.receivable.missing)
        if part > 0:
            paying.share(payment, item.receivable, part, by=by)
    return payment


def _mandate(entry: DebitEntry, becomes: OnMandate, by: int) -> None:
    mandate = entry.mandate
    if mandate.state is not MandateState.registered:
        return  # another one serves already, or it was stopped
    with force_locale("ja"):
        on = in_japanese(entry.run.debit_on)
        note = gettext("Result code %(code)s of the debit on %(day)s", code=entry.code, day=on)
    if becomes is OnMandate.stop:
        mandate.move(MandateAction.stop, by=by, note=note)
    elif becomes is OnMandate.unregister:
        mandate.move(MandateAction.unregister, by=by, note=note)
    elif _last(entry):
        mandate.move(MandateAction.stop, by=by)


def _last(entry: DebitEntry) -> bool:
    """Whether a contract has ended and this was its last debit: the mandate ends with it (15-2)."""
    contract = entry.contract
    if contract.state is not ContractState.ended or contract.ended_on is None:
        return False
    if not debit_rules.last_debit_over(contract.ended_on, entry.run.debit_on):
        return False
    db.session.flush()
    return not paying.open_sums(contract.id)
