"""Our refusal of renewal (5-3): sent by mail or letter, it counts from the day on which it reached the customer."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from wem import audit, clock
from wem.contracts import date_rules, life_rules, living, notifying_acts
from wem.contracts.models import Contract
from wem.contracts.request_models import RenewalRefusal
from wem.contracts.rules import ContractState
from wem.contracts.state_rules import Illegal
from wem.db import db
from wem.notices import failing, letters, rules
from wem.notices.models import Notice, notices_about
from wem.notices.rules import Channel, NoticeState


def refuse_renewal(contract: Contract, reason: str, *, by: int) -> RenewalRefusal:
    """Send our notice that the contract is not renewed (5-3); it counts once it has reached the customer.

    Raises Illegal when the contract is not in use or a refusal is under way.
    """
    if not living.in_use(contract) or open_refusal(contract.id) is not None:
        raise Illegal("nothing to refuse")
    row = RenewalRefusal(contract=contract, reason=reason, sent_at=clock.now(), sent_by=by)
    db.session.add(row)
    db.session.flush()
    term = term_to_end(contract, clock.today())
    notice = notifying_acts.renewal_refused(row, term, date_rules.non_renewal_deadline(term, contract.notice_months))
    row.notice_id = notice.id
    audit.record("refusal.send", by=by, customer_id=contract.customer_id, subject=row, note=reason)
    return row


def term_to_end(contract: Contract, arrived: date) -> date_rules.Term:
    """Return the term that a refusal ends which arrives on a day. Raises Illegal without a start date."""
    life = contract.life
    if life.start is None:
        raise Illegal("the contract has no start date")
    return date_rules.refusal_term(arrived, life.start, life.minimum, life.unit, life.notice, life.literal)


def open_refusal(contract_id: int) -> RenewalRefusal | None:
    """Return the refusal of renewal that stands."""
    return db.session.scalar(
        sa.select(RenewalRefusal)
        .where(RenewalRefusal.contract_id == contract_id, RenewalRefusal.taken_back_at.is_(None))
        .order_by(RenewalRefusal.id.desc())
        .limit(1)
    )


def standing() -> list[int]:
    """Return the numbers of the refusals whose contracts are not over."""
    found = sa.select(RenewalRefusal.id).join(Contract, Contract.id == RenewalRefusal.contract_id)
    open_ones = RenewalRefusal.taken_back_at.is_(None), Contract.state != ContractState.ended
    return list(db.session.scalars(found.where(*open_ones).order_by(RenewalRefusal.id)))


def about(row: RenewalRefusal) -> str:
    """Return how its notices are found."""
    return f"refusal {row.id}"


def follow(refusal_id: int) -> bool:
    """Bring a refusal into line with what became of its notices; returns whether anything changed. The caller commits.

    A mail that was taken and has not come back within the settling time arrived on the day on which it was taken; a
    letter arrived when staff say so. What comes back after all undoes it.
    """
    row = db.session.get(RenewalRefusal, refusal_id)
    if row is None:
        return False
    db.session.refresh(row.contract, with_for_update=True)
    db.session.refresh(row)
    if row.taken_back_at is not None or row.contract.state is ContractState.ended:
        return False
    told = notices_about(about(row))
    try:
        return _not_there(row, told) if row.arrived_on is not None else _arrival(row, told)
    except Illegal:
        return False  # the contract ends before


def follow_about(subject: str) -> bool:
    """Follow the refusal of which a notice speaks (`Notice.about`); False when it speaks of something else."""
    model, _, number = subject.partition(" ")
    return model == "refusal" and number.isdigit() and follow(int(number))


def _arrival(row: RenewalRefusal, told: list[Notice]) -> bool:
    at, settling = clock.now(), failing.settling()
    moments = [
        rules.certain_since(each.channel, each.state, each.sent_at, each.reached_at, at, settling) for each in told
    ]
    there = min((moment for moment in moments if moment is not None), default=None)
    if there is not None:
        _arrived(row, there.astimezone(clock.JAPAN).date(), by=None)
        return True
    failed = max((each.failed_at for each in told if each.failed_at is not None), default=None)
    if failed is None or row.failed_at == failed:
        return False
    row.failed_at = failed
    return True


def _not_there(row: RenewalRefusal, told: list[Notice]) -> bool:
    """Undo the arrival when all that was sent came back in the end; what nobody sent by us stays as staff noted it."""
    if not told or any(each.counts_since is not None for each in told):
        return False
    failed = max((each.failed_at for each in told if each.failed_at is not None), default=None)
    if failed is None:
        return False
    row.contract.take(life_rules.keep(row.contract.life, clock.today()))
    row.arrived_on, row.ends_on, row.failed_at = None, None, failed
    audit.record("refusal.came_back", by=None, customer_id=row.contract.customer_id, subject=row)
    return True


def letter_in_post(row: RenewalRefusal) -> Notice | None:
    """Return the letter of a refusal of which we do not know yet that it arrived."""
    told = notices_about(about(row))
    return next((each for each in told if each.channel is Channel.letter and each.state is NoticeState.sent), None)


def may_note_arrival(row: RenewalRefusal) -> bool:
    """Return whether staff may note the day: of a letter in the post. A mail's is noted by itself."""
    if row.arrived_on is not None or row.taken_back_at is not None:
        return False
    return letter_in_post(row) is not None or not notices_about(about(row))


def refusal_arrived(row: RenewalRefusal, on: date, *, by: int) -> None:
    """Note on which day the letter reached the customer: with that day the refusal ends a term (A-05). Raises Illegal.

    The letter is noted as there with it.
    """
    if not may_note_arrival(row):
        raise Illegal("no letter is in the post")
    letter = letter_in_post(row)
    if letter is not None and letter.sent_at is not None and on < letter.sent_at.date():
        raise Illegal("it was posted later")
    _arrived(row, on, by=by)
    if letter is not None:
        letters.mark_reached(letter, on, by=by)


def _arrived(row: RenewalRefusal, on: date, *, by: int | None) -> None:
    if row.arrived_on is not None or row.taken_back_at is not None or on > clock.today() or on < row.sent_at.date():
        raise Illegal("no such arrival")
    row.contract.take(life_rules.refuse_renewal(row.contract.life, on))
    row.arrived_on, row.failed_at = on, None
    assert row.contract.expires_on is not None
    row.ends_on = row.contract.expires_on - date_rules.DAY
    audit.record(
        "refusal.arrive",
        by=by,
        customer_id=row.contract.customer_id,
        subject=row,
        arrived=str(on),
        ends=str(row.ends_on),
    )


def take_refusal_back(row: RenewalRefusal, *, by: int) -> None:
    """Let the contract go on after all. Raises Illegal once it is over."""
    if row.taken_back_at is not None:
        raise Illegal("taken back already")
    if row.arrived_on is not None:
        row.contract.take(life_rules.keep(row.contract.life, clock.today()))
    row.taken_back_at = clock.now()
    audit.record("refusal.take_back", by=by, customer_id=row.contract.customer_id, subject=row)
    notifying_acts.refusal_taken_back(row)
