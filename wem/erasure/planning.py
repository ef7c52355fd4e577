"""Which contracts are to be erased, from when, and what holds them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from wem import clock
from wem.billing import refunding
from wem.billing.invoice_models import Invoice
from wem.billing.invoice_rules import locked_until
from wem.billing.models import Receivable
from wem.billing.month_models import FinalAccount
from wem.billing.payment_models import Payment, Refund
from wem.billing.payment_rules import RefundState
from wem.billing.rules import InvoiceKind
from wem.cases.models import Case, Claim
from wem.cases.rules import CaseState
from wem.contracts.application_models import Application
from wem.contracts.date_rules import months_before
from wem.contracts.models import Contract
from wem.contracts.rules import ContractState, EndReason
from wem.db import db
from wem.delivery import controlling
from wem.delivery.models import Dispatch
from wem.erasure import rules
from wem.erasure.models import ConsentKeeping, Erasure, ErasureHold, erasures_of
from wem.erasure.rules import ErasureState, Held, Kept, Phase, Standing
from wem.inquiries.models import Inquiry
from wem.inquiries.state_rules import WAITING
from wem.notices.models import Notice
from wem.notices.rules import Channel, NoticeState
from wem.settings import settings

BOOKS_MONTHS = 7 * 12  # at least


@dataclass(frozen=True)
class Next:
    """The phase of a contract that comes next: from when, and what holds it."""

    contract: Contract
    phase: Phase
    due: datetime | date
    held: list[Held]
    running: bool = False


def ended(after: int = 0, limit: int = 100) -> list[Contract]:
    """Return the last contracts of customers without one in force, as far as something of them may be erased now.

    Of most nothing is left but the books, for years: those are not looked at before their time.
    """
    last = sa.select(sa.func.max(Contract.id)).group_by(Contract.customer_id)

    def done(phase: Phase) -> sa.Select[int]:
        over = sa.select(Erasure.contract_id).join(FinalAccount, FinalAccount.contract_id == Erasure.contract_id)
        return over.where(
            Erasure.phase == phase, Erasure.state == ErasureState.done, Erasure.finished_at >= FinalAccount.at
        )

    only_books = sa.and_(
        Contract.ended_on > months_before(clock.today(), BOOKS_MONTHS),
        Contract.id.in_(done(Phase.customer)),
        Contract.id.in_(done(Phase.evidence)),
    )
    found = sa.select(Contract).where(
        Contract.id.in_(last),
        Contract.state == ContractState.ended,
        Contract.id > after,
        Contract.id.not_in(done(Phase.books)),
        sa.not_(only_books),
    )
    return list(db.session.scalars(found.order_by(Contract.id).limit(limit)))


def kept(contract: Contract) -> Kept:
    """Return how long what of a contract is kept."""
    config, own = settings(), db.session.get(ConsentKeeping, contract.customer_id)
    assert contract.ended_on is not None
    newest = db.session.scalar(
        sa.select(sa.func.max(Invoice.locked_until)).where(Invoice.customer_id == contract.customer_id)
    )
    law = locked_until(contract.ended_on, int(config.BUSINESS_YEAR_ENDS), int(config.BOOKS_KEPT_YEARS))
    return Kept(
        int(config.ERASURE_HOURS),
        int(config.CUSTOMER_KEPT_MONTHS),
        own.months if own else int(config.CONSENT_KEPT_MONTHS),
        max(newest or law, law),
    )


def standing(contract: Contract) -> Standing:
    """Return what is asked before a phase of a contract begins."""
    customer_id, final = contract.customer_id, db.session.get(FinalAccount, contract.id)
    return Standing(
        final=final is not None,
        other_contract=_any(
            sa.select(Contract.id).where(Contract.customer_id == customer_id, Contract.state != ContractState.ended)
        ),
        sending=any(
            controlling.in_hand(row)
            for row in db.session.scalars(
                sa.select(Dispatch).where(Dispatch.customer_id == customer_id, Dispatch.finished_at.is_(None))
            )
        ),
        debts=_debts(customer_id),
        case=_any(sa.select(Case.id).where(Case.customer_id == customer_id, Case.state != CaseState.closed))
        or _any(sa.select(Claim.id).join(Case).where(Case.customer_id == customer_id, Claim.closed_on.is_(None))),
        inquiry=_any(sa.select(Inquiry.id).where(Inquiry.customer_id == customer_id, Inquiry.state.in_(WAITING))),
        letters=_any(
            sa.select(Notice.id).where(
                Notice.customer_id == customer_id,
                Notice.channel == Channel.letter,
                Notice.state.in_((NoticeState.waiting, NoticeState.printed)),
            )
        ),
        staff=_any(
            sa.select(ErasureHold.id).where(ErasureHold.customer_id == customer_id, ErasureHold.lifted_at.is_(None))
        ),
        done=frozenset(phase for phase, row in erasures_of(contract.id).items() if _over(row, final)),
    )


def _over(row: Erasure, final: FinalAccount | None) -> bool:
    """Return whether a phase is done for good. One from before the final account is not: a restored backup had a
    contract in force again whose readers the log says were erased, and what it gathers from then on goes when it ends.
    """
    return row.state is ErasureState.done and (final is None or row.finished_at is None or row.finished_at >= final.at)


def _from_before(row: Erasure, final: FinalAccount) -> bool:
    return row.state is ErasureState.done and not _over(row, final)


def _any(found: sa.Select[int]) -> bool:
    return db.session.scalar(found.limit(1)) is not None


def _debts(customer_id: int) -> bool:
    """Something is owed; or money of the customer's is neither settled nor refunded; or a refund is under way."""
    contracts = sa.select(Contract.id).where(Contract.customer_id == customer_id)
    owed = sa.select(Receivable.id).where(Receivable.customer_id == customer_id, Receivable.settled_on.is_(None))
    over = sa.select(Payment.id).where(
        Payment.contract_id.in_(contracts),
        Payment.set_aside_at.is_(None),
        Payment.amount > Payment.settled + Payment.refunded,
    )
    refund = sa.select(Refund.id).outerjoin(Payment, Payment.id == Refund.payment_id)
    refund = refund.outerjoin(Invoice, Invoice.id == Refund.invoice_id).where(
        sa.or_(Payment.contract_id.in_(contracts), Invoice.contract_id.in_(contracts)),
        Refund.state.in_((RefundState.proposed, RefundState.approved)),
    )
    return _any(owed) or _any(over) or _any(refund) or _goes_back(customer_id)


def _goes_back(customer_id: int) -> bool:
    """We owe: a return of which something is left, or the first fee of a contract that was refused before its start."""
    left = sa.select(Invoice.id).where(
        Invoice.customer_id == customer_id, Invoice.kind == InvoiceKind.give_back, Invoice.set_off < -Invoice.total
    )
    fee = sa.select(Application.id).join(Contract, Contract.id == Application.contract_id)
    fee = fee.where(
        Contract.customer_id == customer_id,
        Contract.end_reason == EndReason.void,
        refunding.owes_back(Payment.contract_id, Contract),
    )
    return _any(left) or _any(fee)


def next_phases(contract: Contract) -> list[Next]:
    """Return the phases of an ended contract that are not done, the next ones first."""
    known, now, config = erasures_of(contract.id), standing(contract), kept(contract)
    final = db.session.get(FinalAccount, contract.id)
    at = final.at if final else clock.now()
    assert contract.ended_on is not None
    found = []
    for phase in Phase:
        row = known.get(phase)
        if row is not None and _over(row, final):
            continue
        row = row if row is not None and row.state is ErasureState.running else None
        due = rules.due_at(phase, contract.ended_on, at, config)
        # What has begun goes on, whatever comes after; staff alone can stop it.
        holds = rules.held(phase, now) if row is None else [Held.staff] * now.staff
        found.append(Next(contract, phase, due, holds, row is not None and not now.staff))
    return found


def begin_due(contract: Contract, at: datetime) -> list[Erasure]:
    """Return the phases of a contract whose day has come and that nothing holds, as begun; the caller commits."""
    final = db.session.get(FinalAccount, contract.id)
    if final is None or contract.ended_on is None:
        return []
    config, known = kept(contract), erasures_of(contract.id)
    begins = [phase for phase in Phase if phase not in known or _from_before(known[phase], final)]
    due = [phase for phase in begins if rules.is_due(phase, contract.ended_on, final.at, config, at)]
    if not due:
        return []
    now = standing(contract)
    free = [phase for phase in due if not rules.held(phase, now)]
    return [reopened(known[phase]) if phase in known else begun(contract, phase, by=None) for phase in free]


def begun(contract: Contract, phase: Phase, *, by: int | None) -> Erasure:
    """Return the record of a phase that begins."""
    row = Erasure(
        customer_id=contract.customer_id, contract_id=contract.id, contract_number=contract.number, phase=phase,
        counts={}, cursor=0, started_by=by,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    return row


def reopened(row: Erasure) -> Erasure:
    """Return the record of a phase that is done again, over what came since; its counts go on."""
    row.state, row.finished_at, row.cursor = ErasureState.running, None, 0
    return row


def evidence_months() -> int:
    """Return for how many months proof of consent is kept where nothing else is set."""
    return int(settings().CONSENT_KEPT_MONTHS)
