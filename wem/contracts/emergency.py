"""The emergency stop (8-3): what may be in wrong hands ends at once, sending is held, staff lift it afterwards."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from flask_babel import force_locale, gettext

from wem import audit, clock, outbox, tokens
from wem.accounts import inviting
from wem.accounts.models import Account, Customer, Invitation, Membership
from wem.contracts import addressing, emergency_emails
from wem.contracts.emergency_models import EmergencyStop, StopVia
from wem.contracts.models import Contract
from wem.contracts.rules import ContractState
from wem.contracts.stop_models import Stop
from wem.db import db
from wem.notices import telling
from wem.notices.rules import NoticeKind, Words
from wem.tokens import Purpose

MOST_LINKS_A_DAY = 3  # for one contract: the page is open to everybody
DAY = timedelta(hours=24)


def ask_for_link(word: str, email: str, ip: str) -> EmergencyStop | None:
    """Mail a link to the notice address of the contract that both name; None, and no mail, when they fit none.

    `word` is the contract's number or its notice address, `email` somebody's who signs in for it. Nothing stops
    before the link is followed: whoever types is not proven to be anybody. The caller commits, and says the same
    either way.
    """
    contract = _named(word.strip(), email.strip().lower())
    if contract is None or not contract.notice_email or _mailed_enough(contract):
        return None
    stop = _record(contract, StopVia.link, ip=ip)
    outbox.post(
        emergency_emails.link(contract, stop), customer_id=contract.customer_id, about=f"emergency_stop {stop.id}"
    )
    return stop


def _named(word: str, email: str) -> Contract | None:
    signs_in = (
        sa.exists()
        .where(Membership.customer_id == Contract.customer_id, Membership.account_id == Account.id)
        .where(Account.email == email, Account.ended_at.is_(None))
    )
    return db.session.scalar(
        sa.select(Contract)
        .where(
            Contract.state != ContractState.ended,
            sa.or_(Contract.number == word.upper(), Contract.notice_email == word.lower()),
            signs_in,
        )
        .order_by(Contract.id)
        .limit(1)
    )


def _mailed_enough(contract: Contract) -> bool:
    links = sa.select(sa.func.count()).where(
        EmergencyStop.contract_id == contract.id,
        EmergencyStop.via == StopVia.link,
        EmergencyStop.asked_at > clock.now() - DAY,
    )
    return (db.session.scalar(links) or 0) >= MOST_LINKS_A_DAY


def named_by(token: str) -> EmergencyStop | None:
    """Return the stop that a mailed link is for; None when it is forged or older than a day."""
    subject = tokens.read(Purpose.emergency, token, emergency_emails.LINK_LIFETIME)
    return db.session.get(EmergencyStop, int(subject[0])) if subject else None


def report(
    contract: Contract, via: StopVia, *, by: int, ip: str = "", note: str = "", received_at: datetime | None = None
) -> EmergencyStop:
    """Pull the stop for who is known: an owner who is signed in, or staff after a call. The caller commits."""
    stop = _record(contract, via, ip=ip, note=note, received_at=received_at)
    pull(stop, by=by)
    return stop


def _record(
    contract: Contract, via: StopVia, *, ip: str, note: str = "", received_at: datetime | None = None
) -> EmergencyStop:
    stop = EmergencyStop(
        customer_id=contract.customer_id,
        contract=contract,
        via=via,
        asked_at=clock.now(),
        ip=ip,
        note=note,
        received_at=received_at,
        people=[],
    )
    db.session.add(stop)
    db.session.flush()
    return stop


def pull(stop: EmergencyStop, *, by: int | None) -> bool:
    """End every sign-in of the customer's people, their passwords and open invitations, and hold sending.

    Each person gets a mail with a link for a new password. False when this stop was pulled already. Readers' links
    are signed for the reader and live on. The caller commits.
    """
    contract = db.session.get_one(Contract, stop.contract_id, with_for_update=True, populate_existing=True)
    db.session.refresh(stop)
    if stop.pulled_at is not None or contract.state is ContractState.ended:
        return False
    at = clock.now()
    people = _people(contract.customer_id)
    for account in people:
        stop.sign_ins += account.end_sign_ins()
        # Without a hash no password fits; the number makes links that were mailed before worthless.
        account.password_hash = None
        account.password_number += 1
    db.session.flush()
    for account in people:
        mail_new_password(contract.customer, account)
    stop.people = [account.id for account in people]
    stop.invitations = _withdraw_invitations(contract.customer_id, at)
    stop.pulled_at, stop.pulled_by = at, by
    contract.emergency_since = contract.emergency_since or at
    db.session.add(Stop(customer_id=contract.customer_id, at=at))
    audit.record("emergency.pull", by=by, customer_id=contract.customer_id, subject=stop, via=stop.via.value)
    _tell_pulled(stop, by)
    return True


def _people(customer_id: int) -> list[Account]:
    return list(
        db.session.scalars(
            sa.select(Account)
            .join(Membership, Membership.account_id == Account.id)
            .where(Membership.customer_id == customer_id, Account.ended_at.is_(None))
            .order_by(Account.id)
        )
    )


def mail_new_password(customer: Customer, account: Account) -> None:
    """Mail a person the link for a new password, with why."""
    outbox.post(
        emergency_emails.new_password(customer, account), customer_id=customer.id, about=f"account {account.id}"
    )


def _withdraw_invitations(customer_id: int, at: datetime) -> int:
    rows = db.session.scalars(
        sa.select(Invitation).where(
            Invitation.customer_id == customer_id, Invitation.accepted_at.is_(None), Invitation.withdrawn_at.is_(None)
        )
    ).all()
    usable = [row for row in rows if inviting.usable(row)]
    for row in usable:
        row.withdrawn_at = at
        outbox.take_back(f"invitation {row.id}")
    return len(usable)


def withdrawn_by(stop: EmergencyStop) -> list[Invitation]:
    """Return the invitations that this stop took back and that were not sent anew."""
    if stop.pulled_at is None:
        return []
    rows = db.session.scalars(
        sa.select(Invitation)
        .where(Invitation.customer_id == stop.customer_id, Invitation.withdrawn_at == stop.pulled_at)
        .order_by(Invitation.id)
    ).all()
    later = set(
        db.session.scalars(
            sa.select(Invitation.email).where(
                Invitation.customer_id == stop.customer_id, Invitation.created_at > stop.pulled_at
            )
        )
    )
    return [row for row in rows if row.email not in later]


def still_without_password(stop: EmergencyStop) -> list[Account]:
    """Return the people whose passwords this stop ended and who have set none anew."""
    return list(
        db.session.scalars(
            sa.select(Account)
            .where(Account.id.in_(stop.people), Account.password_hash.is_(None), Account.ended_at.is_(None))
            .order_by(Account.id)
        )
    )


def open_stops(customer_id: int | None = None) -> list[EmergencyStop]:
    """Return the stops that hold, the oldest first; of one customer, or of all. None outlives its contract."""
    found = (
        sa.select(EmergencyStop)
        .join(Contract, Contract.id == EmergencyStop.contract_id)
        .where(
            EmergencyStop.pulled_at.is_not(None),
            EmergencyStop.lifted_at.is_(None),
            Contract.state != ContractState.ended,
        )
    )
    if customer_id is not None:
        found = found.where(EmergencyStop.customer_id == customer_id)
    return list(db.session.scalars(found.order_by(EmergencyStop.id)))


def lift(contract: Contract, note: str, *, by: int) -> int:
    """Let the customer send again once all is lent anew; returns how many stops are lifted. The caller commits.

    Mailings that were held wait for the customer's own decision.
    """
    rows, at = open_stops(contract.customer_id), clock.now()
    for row in rows:
        row.lifted_at, row.lifted_by, row.lift_note = at, by, note
        audit.record("emergency.lift", by=by, customer_id=contract.customer_id, subject=row, note=note)
    contract.emergency_since = None
    if rows:
        with force_locale("ja"):
            words = Words(
                gettext("The emergency stop is lifted"),
                before=[
                    gettext("We have lifted the emergency stop of your contract. You can send again."),
                    gettext("Mailings on hold wait for you: resume or cancel them."),
                ],
                facts=[(gettext("Contract number"), contract.number)],
                contract=False,
            )
            _tell(contract, words, by)
    return len(rows)


def _tell_pulled(stop: EmergencyStop, by: int | None) -> None:
    contract = stop.contract
    with force_locale("ja"):
        words = Words(
            gettext("Emergency stop of your contract"),
            before=[
                gettext(
                    "All sign-ins of your contract have ended, passwords no longer work, and nothing is sent "
                    "(terms of service, Art. 8-3)."
                ),
                gettext(
                    "Each person gets a mail with a link for a new password. Readers can stop their mails as before."
                ),
            ],
            facts=[
                (gettext("Contract number"), contract.number),
                (gettext("Number of the stop"), f"E{stop.id:06}"),
                (gettext("People"), str(len(stop.people))),
                (gettext("Sign-ins ended"), str(stop.sign_ins)),
            ],
            after=[gettext("Our staff will contact you to lend anew what is needed, and lift the stop afterwards.")],
            contract=False,
        )
        _tell(contract, words, by)


def _tell(contract: Contract, words: Words, by: int | None) -> None:
    telling.tell(
        addressing.addressee(contract),
        words,
        NoticeKind.general,
        customer_id=contract.customer_id,
        about=addressing.about(contract),
        by=by,
    )
