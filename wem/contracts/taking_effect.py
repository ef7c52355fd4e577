"""Carries out what was accepted, when its day has come: each request once."""

from __future__ import annotations

from wem import audit
from wem.contracts import catalogue, notifying, parting
from wem.contracts.models import Contract
from wem.contracts.part_models import ContractOption
from wem.contracts.request_models import ContractRequest, RequestKind
from wem.contracts.state_rules import Illegal, RequestAction
from wem.db import db


def apply(row: ContractRequest, *, by: int | None) -> None:
    """Make the request true and tell the customer. Raises Illegal when it is not accepted or was carried out."""
    if row.kind in (RequestKind.cancel, RequestKind.early_exit):
        raise Illegal("a cancellation is carried out by the end of the contract")
    row.move(RequestAction.apply)
    contract = row.contract
    match row.kind:
        case RequestKind.course:
            _course(contract, row)
        case RequestKind.options:
            _options(contract, row)
        case RequestKind.details | RequestKind.correction:
            contract.change_details({name: new for name, (_, new) in row.wish["details"].items()}, by=by)
        case RequestKind.name:
            _name(contract, row, by)
    audit.record("request.apply", by=by, customer_id=row.customer_id, subject=row, request=row.kind.value)
    if row.kind is not RequestKind.resume:  # lifting tells of itself
        notifying.request(row, "applied")


def _course(contract: Contract, row: ContractRequest) -> None:
    # What was until then is kept: a month before may still have to be charged.
    row.wish = {**row.wish, "from": contract.course.code, "own_price": contract.own_price}
    contract.course = catalogue.course_of(row.wish["course"])
    # A price agreed for the other course does not come along.
    contract.own_price = None


def _options(contract: Contract, row: ContractRequest) -> None:
    assert row.effective_on is not None
    gone = set(row.wish["remove"])
    for held in contract.options:
        if held.option.code in gone and (held.until is None or held.until > row.effective_on):
            held.until = row.effective_on
    # What we have ended since it was asked for comes back by the lifting alone (14-1).
    ended = parting.ended_options(contract.id)
    for code in (code for code in row.wish["add"] if code not in ended):
        option = catalogue.option_of(code)
        if option.ends_on is None or option.ends_on > row.effective_on:
            contract.options.append(ContractOption(option=option, since=row.effective_on, until=option.ends_on))
    db.session.flush()


def _name(contract: Contract, row: ContractRequest, by: int | None) -> None:
    details = row.wish["details"]
    if "kana" in details:
        contract.customer.kana = details["kana"][1]
    if "name" in details:
        contract.customer.name = details["name"][1]
        # The sender is the registered name, unless staff approved another.
        if contract.sender_name == details["name"][0]:
            contract.change_details({"sender_name": details["name"][1]}, by=by)
