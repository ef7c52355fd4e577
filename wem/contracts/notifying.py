"""Tells the customer what became of the contract (Art. 22): in Japanese, the contract's language.

What staff wrote is shown with every mail address masked: it may be a reader's (17-4).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Any

from flask_babel import force_locale, gettext

from wem import clock
from wem.contracts import describing, life_rules
from wem.contracts.addressing import about, addressee
from wem.contracts.date_rules import DAY
from wem.contracts.describing import in_japanese
from wem.contracts.mandate_models import serving
from wem.contracts.models import Contract
from wem.contracts.request_models import (
    ContractRequest,
    RequestKind,
)
from wem.contracts.rules import EndReason
from wem.contracts.state_rules import RequestState
from wem.contracts.wording import END_REASONS, REQUESTS
from wem.notices.models import Notice
from wem.notices.rules import NoticeKind, Words
from wem.notices.telling import tell
from wem.settings import settings


def tell_of(contract: Contract, kind: NoticeKind, subject: str, words: Words, **options: Any) -> Notice:
    return tell(
        addressee(contract),
        words,
        kind,
        customer_id=contract.customer_id,
        about=subject,
        terms_version=contract.terms_version,
        **options,
    )


def to_pay(owed: Sequence[tuple[str, int, date]]) -> list[tuple[str, str]]:
    """Return the facts of sums that are owed, as (label, yen, due): each, the total, and where to; none without any."""
    if not owed:
        return []
    total = f"{sum(amount for _, amount, _ in owed):,}"
    return [
        *(
            (label, gettext("%(amount)s yen, due on %(day)s", amount=f"{amount:,}", day=in_japanese(due)))
            for label, amount, due in owed
        ),
        (gettext("Total with tax"), gettext("%(amount)s yen", amount=total)),
        (gettext("Where to"), settings().PROVIDER_ACCOUNT),
    ]


def standing_still() -> list[tuple[str, str]]:
    """Return what stops with the service and what goes on, as the contract's standing makes it."""
    return [
        (
            gettext("What stops"),
            gettext("Sending and scheduling of mailings, sign-up of new readers, uploads, and work on lists."),
        ),
        (
            gettext("What goes on"),
            gettext(
                "The contract itself and its term; signing in to contract, invoices, notices and inquiries. Readers "
                "can stop their mails and change their registration. Nothing is deleted."
            ),
        ),
    ]


@contextmanager
def written() -> Iterator[None]:
    with force_locale("ja"):
        yield


def named(contract: Contract, *more: tuple[str, Any]) -> list[tuple[str, str]]:
    facts = [(gettext("Contract number"), contract.number), *more]
    return [(label, in_japanese(value)) for label, value in facts if value not in ("", None)]


def request(row: ContractRequest, step: str, closed: Sequence[ContractRequest] = ()) -> None:
    """Tell of a request: received, accepted, refused, applied, withdrawn, or undone by us.

    `closed` are changes that the contract's earlier end comes before, or came before until it was taken back.
    """
    with written():
        name = str(REQUESTS[row.kind])
        title, before = {
            "received": (gettext("%(name)s: received", name=name), gettext("We have received the following.")),
            "accepted": (gettext("%(name)s: accepted", name=name), gettext("We have accepted the following.")),
            "refused": (
                gettext("%(name)s: not accepted", name=name),
                gettext("We are sorry that we cannot accept the following."),
            ),
            "applied": (gettext("%(name)s: carried out", name=name), gettext("The following is carried out.")),
            "withdrawn": (gettext("%(name)s: withdrawn", name=name), gettext("The following was withdrawn.")),
            "undone": (
                gettext("%(name)s: entered by mistake", name=name),
                gettext("We had entered the following by mistake. It is taken back, and has had no effect."),
            ),
        }[step]
        words = Words(title, [before], named(row.contract, *describing.facts(row)), _after(row, step))
        for change in closed:
            named_so = {"name": str(REQUESTS[change.kind]), "day": in_japanese(change.effective_on)}
            gone = (
                gettext("%(name)s, asked for from %(day)s, is closed: the contract ends before.", **named_so)
                if step == "accepted"
                else gettext(
                    "%(name)s, asked for from %(day)s, stays closed. If you still want it, please ask for it again.",
                    **named_so,
                )
            )
            words = replace(words, after=[*words.after, gone])
        tell_of(row.contract, _kind(row, step), f"request {row.id}", words)


STEPS = {
    "received": NoticeKind.request_received,
    "accepted": NoticeKind.request_accepted,
    "refused": NoticeKind.request_refused,
    "applied": NoticeKind.request_applied,
    "withdrawn": NoticeKind.request_withdrawn,
    "undone": NoticeKind.request_undone,
}


def _kind(row: ContractRequest, step: str) -> NoticeKind:
    match row.kind, step:
        case RequestKind.cancel, "received":
            return NoticeKind.cancellation_received
        case RequestKind.cancel, "withdrawn":
            return NoticeKind.cancellation_withdrawn
        case RequestKind.resume, "refused":
            return NoticeKind.resume_refused
        case ((RequestKind.details | RequestKind.correction), "received"):
            return NoticeKind.details_changed
    return STEPS[step]


def _after(row: ContractRequest, step: str) -> list[str]:
    if step in ("withdrawn", "undone"):
        return _as_before(row)
    if step != "received":
        return []
    match row.kind:
        case RequestKind.cancel:
            return [
                gettext("You can withdraw it on the page of your contract until the day on which it holds."),
                gettext("The data on our servers are not returned (Art. 15-4) and are erased after the end."),
            ]
        case RequestKind.bank:
            here = row.state is RequestState.checking
            form = (
                gettext("Your sealed form is here.")
                if here
                else gettext("Please post the new debit form with the bank's seal.")
            )
            return [form, _meanwhile(row.contract)]
        case RequestKind.early_exit:
            return [
                gettext("Whether we agree is ours to decide (Art. 5-1). Until then your cancellation holds as it is.")
            ]
        case RequestKind.course | RequestKind.options | RequestKind.resume | RequestKind.name:
            return [gettext("We look into it and tell you the result.")]
    return []


def _as_before(row: ContractRequest) -> list[str]:
    """Return what becomes of the contract once a wish to leave it is taken back."""
    over = row.contract.life.over_on
    if row.kind not in (RequestKind.cancel, RequestKind.early_exit):
        return []
    if over is None:
        return [gettext("The contract goes on as before.")]
    last = in_japanese(over - DAY)
    if row.kind is RequestKind.early_exit:
        return [gettext("Your cancellation stands as before. Last day of service: %(day)s.", day=last)]
    return [gettext("Our notice of non-renewal stands as before. Last day of service: %(day)s.", day=last)]


def _meanwhile(contract: Contract) -> str:
    """Return how fees are paid until a bank has registered a new account (16)."""
    if serving(contract.id) is not None:
        return str(gettext("Until the bank has registered the new account, the present one is debited."))
    return str(gettext("Until the bank has registered the account, please pay by transfer."))


def details_mended(contract: Contract, changes: dict[str, list[str]]) -> None:
    """Tell that we had typed something wrongly: {detail: [as it was, as it is]}."""
    with written():
        facts = named(contract, *describing.wish(RequestKind.correction, {"details": changes}))
        before = gettext("We had entered the following wrongly, and have corrected it.")
        after = gettext("Please tell us if anything is still wrong.")
        words = Words(gettext("Your registered details are corrected"), [before], facts, [after])
        tell_of(contract, NoticeKind.details_mended, about(contract), words)


def ended(contract: Contract) -> None:
    with written():
        reason = END_REASONS[contract.end_reason] if contract.end_reason else ""
        shown = life_rules.dates(contract.life, clock.today())
        # Who is terminated on the day of the start, or before it, has no whole day of service to name.
        day = gettext("Ended on") if shown.cut_off else gettext("Last day of service")
        facts = named(contract, (day, shown.cut_off or shown.last_day), (gettext("How it ended"), str(reason)))
        before = gettext("Your contract has ended. Thank you for having used our service.")
        if contract.end_reason is EndReason.terminated:
            before = gettext("Your contract has ended by our termination, of which we tell you separately.")
        after = gettext(
            "Sums that are still open are due now. The data on our servers are erased and cannot be restored."
        )
        tell_of(
            contract,
            NoticeKind.contract_ended,
            about(contract),
            Words(gettext("Your contract has ended"), [before], facts, [after]),
        )
