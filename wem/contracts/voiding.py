"""Refusing an application after all, before the service has begun: the contract is void (4-3, A-03)."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from wem import audit, clock
from wem.accounts import inviting
from wem.accounts.models import Account, Membership
from wem.contracts import application_words, life_rules, living
from wem.contracts.addressing import about, addressee
from wem.contracts.application_models import Application
from wem.contracts.application_rules import ApplicationAction, ApplicationState, RefusalReason
from wem.contracts.mandate_models import Mandate, mandates
from wem.contracts.models import Contract
from wem.contracts.state_rules import MandateAction, MandateState
from wem.db import db
from wem.notices.rules import NoticeKind
from wem.notices.telling import tell


@dataclass(frozen=True)
class Reach:
    """What ends with a contract that is void, in numbers; `paid` is the first fee that came in, in yen."""

    invitations: int
    people: int
    mandates: int
    paid: int


def possible(contract: Contract) -> bool:
    """Return whether the application can still be refused."""
    return life_rules.may_be_void(contract.life, clock.today())


def reach(contract: Contract) -> Reach:
    """Return what making the contract void would end."""
    members = sa.select(sa.func.count()).where(Membership.customer_id == contract.customer_id)
    application = application_of(contract)
    return Reach(
        invitations=len(inviting.waiting(contract.customer_id)),
        people=db.session.scalar(members) or 0,
        mandates=len(_living(contract)),
        paid=(application.paid_amount or 0) if application else 0,
    )


def _living(contract: Contract) -> list[Mandate]:
    over = (MandateState.stopped, MandateState.void)
    return [row for row in mandates(contract.id) if row.state not in over]


def application_of(contract: Contract) -> Application | None:
    """Return the application that the contract was made from; None for one that staff made by itself."""
    return db.session.scalar(sa.select(Application).where(Application.contract_id == contract.id).limit(1))


def void(contract: Contract, reason: RefusalReason, note: str, *, by: Account) -> None:
    """End the contract before its start, refuse its application and say so. Raises Illegal; the caller commits.

    Nothing is owed by it. What came in goes back by a refund, which two persons make.
    """
    contract.take(life_rules.void(contract.life, clock.today()))
    audit.record(
        "contract.void", by=by.id, customer_id=contract.customer_id, subject=contract, ground=reason.value, note=note
    )
    application = application_of(contract)
    if application is not None:
        _refuse(application, reason, note, by.id)
    for mandate in _living(contract):
        # Nothing will ever be debited: one that the bank has registered serves nothing either.
        registered = mandate.state is MandateState.registered
        mandate.move(MandateAction.stop if registered else MandateAction.void, by=by.id)
    living.close(contract, by=by.id)
    tell(
        addressee(contract),
        application_words.void(contract, application, reason, note),
        NoticeKind.refusal,
        customer_id=contract.customer_id,
        about=about(contract),
        by=by.id,
        terms_version=contract.terms_version,
    )


def _refuse(application: Application, reason: RefusalReason, note: str, by: int) -> None:
    if application.state is not ApplicationState.accepted:
        return
    application.move(ApplicationAction.void, by=by, ground=reason.value)
    application.refusal_reason, application.note = reason.value, note
    application.decided_at, application.decided_by = clock.now(), by
