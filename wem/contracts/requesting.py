"""Takes in what a customer asks for: cancellation, course, options, details, bank account, resuming."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from wem import audit, clock
from wem.contracts import catalogue, date_rules, life_rules, living, mandating, notifying, parting, taking_effect
from wem.contracts.models import DETAILS, Contract
from wem.contracts.name_rules import bank_in_full, branch_in_full
from wem.contracts.request_models import Channel, ContractRequest, RequestKind, open_requests
from wem.contracts.rules import SuspensionGround
from wem.contracts.state_rules import Illegal, RequestAction
from wem.db import db


class NotPossible(Exception):
    """The request cannot be taken in; `reason` says why: a key of `wording.REFUSALS`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Way:
    """How a request came: who typed it, when it was received (A-11) and sent, by which channel, from which form."""

    by: int
    received_at: datetime
    channel: Channel = Channel.portal
    sent_at: datetime | None = None
    token: str | None = None


def taken(token: str | None) -> ContractRequest | None:
    """Return the request that this form made already: pressed twice, it is one request."""
    return db.session.scalar(sa.select(ContractRequest).where(ContractRequest.token == token)) if token else None


def _open(contract: Contract, kind: RequestKind, way: Way, **values: object) -> ContractRequest:
    if way.received_at > clock.now():
        raise NotPossible("future")
    if way.received_at.astimezone(clock.JAPAN).date() < _known_since(contract):
        raise NotPossible("before")
    if open_requests(contract.id, kind):
        raise NotPossible("pending")
    row = ContractRequest(
        customer_id=contract.customer_id,
        contract=contract,
        kind=kind,
        channel=way.channel,
        received_at=way.received_at,
        sent_at=way.sent_at,
        token=way.token,
        asked_by=way.by,
        **values,
    )
    db.session.add(row)
    db.session.flush()
    audit.record(
        "request.open",
        by=way.by,
        customer_id=contract.customer_id,
        subject=row,
        request=kind.value,
        channel=way.channel.value,
    )
    return row


def _known_since(contract: Contract) -> date:
    """Return the day before which nobody can have asked for anything about a contract."""
    made = contract.created_at.astimezone(clock.JAPAN).date()
    return min(day for day in (made, contract.effective_on, contract.start_date) if day is not None)


def cancel(contract: Contract, way: Way, wanted: date | None = None, note: str = "") -> ContractRequest:
    """Take in the customer's cancellation: no acceptance is needed, receipt decides (15-1). Raises NotPossible."""
    try:
        life = life_rules.give_notice(contract.life, way.received_at.astimezone(clock.JAPAN), wanted)
    except Illegal as error:
        raise NotPossible("state") from error
    assert life.leaves_on is not None
    row = _open(contract, RequestKind.cancel, way, wanted_on=wanted, effective_on=life.leaves_on, wish={"note": note})
    contract.take(life)
    row.move(RequestAction.accept)
    notifying.request(row, "received")
    return row


def leave_early(contract: Contract, month: date, way: Way, *, agreed: str = "", note: str = "") -> ContractRequest:
    """Take in that a customer who has cancelled asks to be let go within the minimum term: ours to grant (A-04).

    `agreed` are the words about what is owed, as they were shown. Raises NotPossible without a cancellation and for
    any other month.
    """
    exit_on = contract.life.first_exit
    if contract.leaves_on is None or exit_on is None or contract.leaves_on <= clock.today():
        raise NotPossible("state")
    if month >= contract.leaves_on or month not in date_rules.early_exits(_deciding(way), exit_on):
        raise NotPossible("month")
    row = _open(
        contract,
        RequestKind.early_exit,
        way,
        wanted_on=month,
        effective_on=month,
        agreed=agreed,
        wish={"note": note},
    )
    notifying.request(row, "received")
    return row


def change_course(
    contract: Contract,
    code: str,
    way: Way,
    *,
    overdue: int,
    agreed: str = "",
    wanted: date | None = None,
    note: str = "",
) -> ContractRequest:
    """Ask for another course (11-1, 11-2); `agreed` are the words about the new fee that the person saw and agreed to.

    Of what came by letter, mail or telephone nobody saw any: `note` has the customer's own words.

    Raises NotPossible: before the start, with debts overdue (A-21), for the same course, for one not on offer.
    """
    _may_change(contract, overdue)
    if code == contract.course.code:
        raise NotPossible("same")
    if code not in {course.code for course, _ in catalogue.offered(clock.today())}:
        raise NotPossible("not offered")
    effective = _changes_on(contract, way, wanted)
    wish = {"course": code, "from": contract.course.code, **_own_words(note)}
    row = _open(contract, RequestKind.course, way, wanted_on=wanted, effective_on=effective, agreed=agreed, wish=wish)
    notifying.request(row, "received")
    return row


def change_options(
    contract: Contract,
    add: Sequence[str],
    remove: Sequence[str],
    way: Way,
    *,
    overdue: int,
    agreed: str = "",
    wanted: date | None = None,
    note: str = "",
) -> ContractRequest:
    """Ask for options to be added or removed, under the rules of a change of course (11-1). Raises NotPossible."""
    _may_change(contract, overdue)
    on_offer = {option.code for option, _ in catalogue.offered_options(clock.today())}
    on_offer -= parting.ended_options(contract.id).keys()
    has = {option.code for option in contract.options_on(clock.today())}
    if not (add or remove) or set(add) & has or not set(remove) <= has:
        raise NotPossible("same")
    if not set(add) <= on_offer:
        raise NotPossible("not offered")
    effective = _changes_on(contract, way, wanted)
    wish = {"add": list(add), "remove": list(remove), **_own_words(note)}
    row = _open(contract, RequestKind.options, way, wanted_on=wanted, effective_on=effective, agreed=agreed, wish=wish)
    notifying.request(row, "received")
    return row


def _own_words(note: str) -> dict[str, str]:
    return {"note": note} if note else {}


def _may_change(contract: Contract, overdue: int) -> None:
    if contract.start_date is None or contract.start_date > clock.today() or not living.in_use(contract):
        raise NotPossible("state")
    if overdue:
        raise NotPossible("overdue")


def _changes_on(contract: Contract, way: Way, wanted: date | None) -> date:
    effective = date_rules.change_effective(_deciding(way), wanted, contract.start_date)
    over = contract.life.over_on
    if over is not None and over <= effective:
        raise NotPossible("ends before")
    return effective


def _deciding(way: Way) -> datetime:
    """Return the moment that the 10th rule looks at: receipt, in Japan (A-20)."""
    return way.received_at.astimezone(clock.JAPAN)


def change_details(
    contract: Contract, details: dict[str, str], planned: date, way: Way, *, correction: bool = False
) -> ContractRequest | None:
    """File new details (16): they hold from the planned day, at once when it has come; None when nothing differs.

    A correction of an error is never late. Raises NotPossible when the contract is over.
    """
    _not_over(contract)
    unknown = details.keys() - set(DETAILS)
    if unknown:
        raise KeyError(*unknown)
    changes = {name: [getattr(contract, name), new] for name, new in details.items() if getattr(contract, name) != new}
    if not changes:
        return None
    kind = RequestKind.correction if correction else RequestKind.details
    row = _open(
        contract,
        kind,
        way,
        wanted_on=planned,
        effective_on=max(planned, way.received_at.astimezone(clock.JAPAN).date()),
        late=not correction and date_rules.filed_late(_deciding(way), planned),
        wish={"details": changes},
    )
    row.move(RequestAction.accept)
    notifying.request(row, "received")
    if row.effective_on and row.effective_on <= clock.today():
        taking_effect.apply(row, by=way.by)
    return row


def change_name(
    contract: Contract, name: str, kana: str, evidence: str, planned: date, way: Way
) -> ContractRequest | None:
    """File a new name of the same person or company (16, 20): staff look at the evidence (A-28). Raises NotPossible."""
    _not_over(contract)
    customer = contract.customer
    changes = {
        key: [old, new]
        for key, old, new in (("name", customer.name, name), ("kana", customer.kana, kana))
        if old != new
    }
    if not changes:
        return None
    late = date_rules.filed_late(_deciding(way), planned)
    wish = {"details": changes, "evidence": evidence}
    row = _open(contract, RequestKind.name, way, wanted_on=planned, effective_on=planned, late=late, wish=wish)
    notifying.request(row, "received")
    return row


def change_bank(
    contract: Contract, account: Mapping[str, str], number: str, planned: date, way: Way, *, sealed: bool = False
) -> ContractRequest:
    """File another account for the debit (16): a new form is needed, the old mandate serves until it is registered.

    `account` is what the form of accounts returns, `number` its number; `sealed` says that the sealed form is here
    already. Raises NotPossible.
    """
    _not_over(contract)
    late = date_rules.filed_late(_deciding(way), planned)
    bank, branch = account["bank"], account["branch"]
    wish = {
        "bank": bank_in_full(bank, account["bank_code"]),
        "branch": branch_in_full(branch, account["bank_code"]),
        "holder": account["account_holder"],
    }
    row = _open(contract, RequestKind.bank, way, wanted_on=planned, late=late, wish=wish)
    mandate = mandating.ask(row, account, number)
    if sealed:
        mandating.receive(mandate, by=way.by)
        mandate.received_on = way.received_at.astimezone(clock.JAPAN).date()
    notifying.request(row, "received")
    return row


def _not_over(contract: Contract) -> None:
    if contract.ended_on is not None or (contract.life.over_on and contract.life.over_on <= clock.today()):
        raise NotPossible("state")


def ask_to_resume(contract: Contract, way: Way, note: str = "") -> ContractRequest:
    """Take in the application for lifting a suspension for non-payment (13-2). Raises NotPossible."""
    _not_over(contract)
    if contract.suspension_ground is not SuspensionGround.nonpayment:
        raise NotPossible("state")
    row = _open(contract, RequestKind.resume, way, wish={"note": note})
    notifying.request(row, "received")
    return row
