"""Applications from the first typing to the contract or the refusal (Art. 4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from wem import audit, clock, tokens
from wem.accounts.models import Account, Partner
from wem.contracts import accepting, application_words, life_rules, mandating
from wem.contracts.accepting import Taken
from wem.contracts.application_models import Application
from wem.contracts.application_rules import (
    OPEN,
    PAPERS_DAYS,
    Applicant,
    ApplicationAction,
    ApplicationState,
    Check,
    RefusalReason,
    Way,
    reminders_due,
)
from wem.contracts.first_fee import campaign_named, priced
from wem.contracts.models import Contract
from wem.contracts.state_rules import Illegal
from wem.contracts.text_models import in_force
from wem.contracts.text_rules import TextKind
from wem.db import db
from wem.notices.models import Notice
from wem.notices.rules import NoticeKind, Words
from wem.notices.telling import hand_over, take_letters_back, tell
from wem.tokens import Purpose

# Kinds that ask an applicant for something: nobody posts them once the application is over.
ASKING = frozenset({NoticeKind.initial_fee, NoticeKind.fee_reminder, NoticeKind.supplement})


class NotReady(Illegal):
    """Something that must be there before the start is missing; `missing` says what (4-1)."""

    def __init__(self, missing: list[Check]) -> None:
        super().__init__(", ".join(missing))
        self.missing = missing


@dataclass(frozen=True)
class Typed:
    """What was typed, normalised, and how it came."""

    entries: dict[str, Any]
    way: Way
    phone_mail: bool
    applied: date | None = None  # the paper was handed over or posted; the campaign must hold then


def write_down(typed: Typed, kept: Application | None = None, *, by: int | None = None) -> Application:
    """Return the draft of what was typed, anew or in place of what was typed before; the caller commits."""
    given = {name: value for name, value in typed.entries.items() if name != "account_number"}
    campaign = campaign_named(given, typed.applied or clock.today())
    entries = {**given, "campaign": campaign.code if campaign else "", **priced(given, campaign, clock.today())}
    application = kept or Application(way=typed.way, created_at=clock.now(), entered_by=by)
    application.campaign = campaign
    application.kind = Applicant(entries["kind"])
    application.name, application.kana = entries["name"], entries["kana"]
    application.email = entries["email"] or ""
    application.phone_mail = typed.phone_mail
    application.entries = entries
    application.partner = partner_of(entries["partner_code"])
    application.terms_version, application.consent_version = in_force(TextKind.terms), in_force(TextKind.consent)
    application.fee_total = application.fee.total
    db.session.add(application)
    db.session.flush()
    application.seal_account(typed.entries["account_number"])
    return application


def named_by(token: str) -> Application | None:
    """Return the application whose papers a mailed link leads to; None once it is decided or the link too old."""
    subject = tokens.read(Purpose.application, token, timedelta(days=PAPERS_DAYS))
    found = db.session.get(Application, int(subject[0])) if subject else None
    return found if found is not None and found.state in OPEN else None


def partner_of(code: str) -> Partner | None:
    """Return the partner of a code, in whatever case it was typed."""
    if not code:
        return None
    return db.session.scalar(sa.select(Partner).where(sa.func.lower(Partner.code) == code.lower()))


def fill(application: Application, *, by: int | None) -> None:
    """Make a draft an application, and tell the first fee (4-1); the caller commits. Raises Illegal."""
    application.move(ApplicationAction.fill, by=by, way=application.way.value)
    application.filled_at = clock.now()
    _tell_fee(application, by)


def _tell_fee(application: Application, by: int | None) -> None:
    """Tell the first fee, anew when it has changed; nothing to pay counts as paid."""
    application.fee_told_on = clock.today()
    application.fee_reminders = 0
    if not application.fee_total:
        application.paid_on, application.paid_amount = clock.today(), application.paid_amount or 0
    elif application.paid_amount is not None and application.paid_amount < application.fee_total:
        application.paid_on = None
    elif application.paid_amount and application.paid_on is None:
        application.paid_on = clock.today()  # what had come in was too little for the fee that was told before
    _tell(application, application_words.initial_fee(application), NoticeKind.initial_fee, by)


def _tell(application: Application, words: Words, kind: NoticeKind, by: int | None) -> Notice:
    return tell(
        application.addressee,
        words,
        kind,
        customer_id=application.contract.customer_id if application.contract else None,
        about=application.about,
        by=by,
        by_letter=application.by_letter,
        terms_version=application.terms_version,
    )


def note_arrival(application: Application, handed: date, arrived: date, *, by: int) -> bool:
    """The form is here (4-1, 4-2); returns False when it came too late for its campaign. Raises Illegal.

    The day of handing over or posting is the day of application: a campaign that was over by then does not apply, and
    the first fee is told anew.
    """
    application.note_arrival(handed, arrived, by=by)
    if application.campaign is None or campaign_named(application.entries, handed) is not None:
        return True
    audit.record("application.campaign_over", by=by, subject=application, name=application.campaign.name)
    application.campaign = None
    told = application.fee_told_on or clock.today()
    course = priced({**application.entries, "options": ()}, None, told)
    application.entries = {
        **application.entries,
        "campaign": "",
        **{name: course[name] for name in ("initial", "monthly", "campaign_name")},
    }
    application.fee_total = application.fee.total
    _tell_fee(application, by)
    return False


def note_debit_form(application: Application, *, by: int) -> None:
    """The sealed request for direct debit is here (6-1). Raises Illegal when the application is decided."""
    if application.state not in OPEN:
        raise Illegal("the application is decided")
    application.debit_arrived_on = clock.today()
    audit.record("application.debit_form", by=by, subject=application)


def note_payment(application: Application, on: date, amount: int, *, by: int) -> bool:
    """Note money that came in; returns whether the first fee is here in full: what is short can come later (4-1).

    Called by `billing.first_payments`, which keeps the payment. Raises Illegal when the application is decided, or the
    fee is here already.
    """
    if application.state not in OPEN or application.paid_on is not None:
        raise Illegal("the application is decided, or its fee is here")
    application.paid_amount, application.paid_by = (application.paid_amount or 0) + amount, by
    full = application.paid_amount >= application.fee_total
    if full:
        application.paid_on = on
    name = "application.paid" if full else "application.short"
    audit.record(name, by=by, subject=application, amount=amount, day=on.isoformat())
    return full


def ask(application: Application, note: str, *, by: int) -> None:
    """Ask for what is missing on the form (補正依頼, 4-3 (2)). Raises Illegal."""
    application.move(ApplicationAction.ask, by=by)
    application.note = note
    _tell(application, application_words.supplement(application), NoticeKind.supplement, by)


def refuse(application: Application, reason: RefusalReason, note: str, *, by: int) -> None:
    """Refuse an application (4-3) and say so. Raises Illegal."""
    application.move(ApplicationAction.refuse, by=by, ground=reason.value)
    take_letters_back(application.about, ASKING)
    application.refusal_reason, application.note = reason.value, note
    application.decided_at, application.decided_by = clock.now(), by
    _tell(application, application_words.refusal(application), NoticeKind.refusal, by)


def withdraw(application: Application, *, by: int) -> None:
    """Note that the applicant takes the application back; letters that ask for something stay here. Raises Illegal.

    Who has paid is told what becomes of the money.
    """
    application.move(ApplicationAction.withdraw, by=by)
    # From this day counts after how long it is forgotten.
    application.decided_at, application.decided_by = clock.now(), by
    take_letters_back(application.about, ASKING)
    if application.paid_amount:
        _tell(application, application_words.withdrawn(application), NoticeKind.general, by)


def accept(application: Application, start: date, slug: str, owner_email: str, *, by: Account) -> Contract:
    """Return the contract: made, its owner invited, the start guide sent (4-1, 4-4, 8-1); the caller commits.

    Raises NotReady while form, money or service is missing; Illegal from other states; accepting.SlugTaken.
    """
    if application.state is ApplicationState.checking and application.missing:
        raise NotReady(application.missing)
    application.move(ApplicationAction.accept, by=by.id, start=start.isoformat())
    entries = application.entries
    contract = accepting.take_on(
        Taken(
            name=application.name,
            kana=application.kana,
            slug=slug,
            course=entries["course"],
            start_date=start,
            applied_on=application.handed_or_posted_on,
            terms_version=application.terms_version,
            options=tuple(entries.get("options", ())),
            campaign=entries.get("campaign", ""),
            own_price=entries.get("own_price"),
            details={
                "sender_name": application.name,
                "postal_code": entries["postal_code"],
                "postal_address": entries["address"],
                "contact": entries["phone"],
                "notice_email": "" if application.by_letter else application.email,
                "person": entries["person"],
                "phone": entries["phone"],
            },
        ),
        by=by,
    )
    application.contract = contract
    hand_over(application.about, contract.customer_id)
    mandating.take_over(application, contract, by=by.id)
    application.decided_at, application.decided_by = clock.now(), by.id
    accepting.invite_owner(contract, entries["person"], owner_email, by=by)
    words = application_words.start_guide(application, contract, owner_email)
    _tell(application, words, NoticeKind.start_guide, by.id)
    return contract


def remind(application: Application) -> bool:
    """Remind of the first fee when it is time; returns whether it was (7 and 14 days after it was told)."""
    told = application.fee_told_on
    if told is None or application.paid_on is not None or application.state not in OPEN:
        return False
    due = reminders_due(told, clock.today())
    if due <= application.fee_reminders:
        return False
    application.fee_reminders = due
    _tell(application, application_words.fee_reminder(application), NoticeKind.fee_reminder, None)
    return True


def not_begun(application: Application) -> bool:
    """Return whether the contract is made and its service has not begun yet."""
    contract = application.contract
    return (
        contract is not None
        and contract.start_date is not None
        and life_rules.may_be_void(contract.life, clock.today())
    )


def correct_start(application: Application, start: date, *, by: int) -> None:
    """Set another start date by a new guide (4-4). Raises Illegal once the service has begun, or without a contract."""
    contract = application.contract
    if contract is None or contract.start_date is None or not not_begun(application):
        raise Illegal("the start date stands")
    before, contract.start_date = contract.start_date, start
    for option in contract.options:
        if option.since == before:
            option.since = start
    audit.record(
        "application.correct_start",
        by=by,
        customer_id=contract.customer_id,
        subject=application,
        start=start.isoformat(),
        before=before.isoformat(),
    )
    words = application_words.start_corrected(application, contract, before)
    _tell(application, words, NoticeKind.start_corrected, by)
