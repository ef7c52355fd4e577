"""What becomes of requests for direct debit: taken in, sent to the bank, registered, given back (6-1, 16)."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import force_locale, gettext

from wem import audit, clock
from wem.contracts import addressing, taking_effect
from wem.contracts.application_models import Application
from wem.contracts.debit_paper import ACCOUNT
from wem.contracts.mandate_models import Mandate, mandates, of_request, sealed
from wem.contracts.models import Contract
from wem.contracts.request_models import ContractRequest
from wem.contracts.state_rules import Illegal, MandateAction, Mandates, RequestAction, RequestState, mandate_moved
from wem.db import db
from wem.notices.masking_rules import masked
from wem.notices.rules import NoticeKind, Words
from wem.notices.telling import tell


def take_over(application: Application, contract: Contract, *, by: int) -> Mandate:
    """Return the mandate of a new contract, received when the sealed form came with the application."""
    row = _made(contract, application.entries, application.account_number)
    if application.debit_arrived_on is not None:
        row.move(MandateAction.receive, by=by)
        row.received_on = application.debit_arrived_on
    return row


def ask(request: ContractRequest, account: Mapping[str, str], number: str) -> Mandate:
    """Return the mandate that a change of bank account waits for; the one before goes on serving (16)."""
    row = _made(request.contract, account, number)
    row.request = request
    return row


def _made(contract: Contract, account: Mapping[str, str], number: str) -> Mandate:
    row = Mandate(
        customer_id=contract.customer_id,
        contract=contract,
        account_sealed=sealed(number, contract.id),
        **{name: account[name] for name in ACCOUNT},
    )
    db.session.add(row)
    db.session.flush()
    return row


def receive(row: Mandate, *, by: int) -> None:
    """The sealed form is here; a change of account is looked into from now on. Raises Illegal."""
    row.move(MandateAction.receive, by=by)
    if row.request is not None and row.request.state is RequestState.received:
        row.request.move(RequestAction.check)


def send(row: Mandate, *, by: int) -> None:
    """The form is on its way to the bank. Raises Illegal."""
    row.move(MandateAction.send, by=by)


def register(row: Mandate, *, by: int) -> None:
    """The bank has registered it: it serves from now on, the one before is stopped, the change is carried out.

    Raises Illegal.
    """
    rows = mandates(row.contract_id)
    place = rows.index(row)
    states = mandate_moved(Mandates(tuple(each.state for each in rows)), place, MandateAction.register)
    for each, state in zip(rows, states.states, strict=True):
        if each is not row and each.state is not state:
            each.move(MandateAction.stop, by=by)
    row.move(MandateAction.register, by=by)
    if row.request is not None and row.request.open:
        row.request.move(RequestAction.accept)
        row.request.decided_by, row.request.decided_at = by, clock.now()
        taking_effect.apply(row.request, by=by)


def give_back(row: Mandate, note: str, *, by: int) -> None:
    """Something is wrong with the form: the customer is told what, and sends another one. Raises Illegal."""
    row.move(MandateAction.give_back, by=by, note=note)
    contract = row.contract
    with force_locale("ja"):
        words = Words(
            gettext("Please send the request for direct debit again"),
            [gettext("The request for direct debit could not be registered."), masked(note)],
            [(gettext("Contract number"), contract.number), (gettext("Account for direct debit"), row.masked)],
            [gettext("Please correct it and post it to us with the seal that your bank knows.")],
        )
    tell(
        addressing.addressee(contract),
        words,
        NoticeKind.mandate_returned,
        customer_id=contract.customer_id,
        about=f"mandate {row.id}",
        by=by,
        terms_version=contract.terms_version,
    )


def stop(row: Mandate, *, by: int) -> None:
    """The mandate no longer serves. Raises Illegal."""
    row.move(MandateAction.stop, by=by)


def drop(request: ContractRequest, *, by: int | None) -> None:
    """A change of account comes to nothing: its mandate is void. Raises Illegal when the bank has registered it."""
    row = of_request(request.id)
    if row is not None:
        row.move(MandateAction.void, by=by)


def reveal(row: Mandate, *, by: int) -> str:
    """Return the account number, whole; that it was looked at is on record. Raises vault.CannotOpen."""
    audit.record("mandate.reveal", by=by, customer_id=row.customer_id, subject=row)
    return row.number


ACTS = {
    MandateAction.receive: receive,
    MandateAction.send: send,
    MandateAction.register: register,
    MandateAction.stop: stop,
}


def act(row: Mandate, action: MandateAction, *, by: int) -> None:
    """Do one of the acts that need nothing but a button. Raises Illegal."""
    if action not in ACTS:
        raise Illegal(f"{action.value} needs more than a button")
    ACTS[action](row, by=by)
