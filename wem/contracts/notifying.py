"""Tells the customer what became of the contract (Art. 22): in Japanese, the contract's language.

What staff wrote is shown with every mail address masked: it may be a reader's (17-4).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from typing import Any

from flask_babel import force_locale, gettext

from wem import clock
from wem.contracts import date_rules, describing
from wem.contracts.addressing import about, addressee
from wem.contracts.describing import in_japanese
from wem.contracts.models import Contract, literal_ends
from wem.contracts.request_models import (
    ContractRequest,
    Correction,
    RenewalRefusal,
    RequestKind,
    Termination,
    TerminationScope,
)
from wem.contracts.rules import EndReason
from wem.contracts.state_rules import CorrectionState, RequestState
from wem.contracts.wording import END_REASONS, GROUNDS, REQUESTS, RESTRICTIONS, TERMINATION_GROUNDS
from wem.notices.masking_rules import masked
from wem.notices.models import Notice
from wem.notices.rules import NoticeKind, Words
from wem.notices.telling import tell


def _tell(contract: Contract, kind: NoticeKind, subject: str, words: Words, **options: Any) -> Notice:
    return tell(
        addressee(contract),
        words,
        kind,
        customer_id=contract.customer_id,
        about=subject,
        terms_version=contract.terms_version,
        **options,
    )


@contextmanager
def _written() -> Iterator[None]:
    with force_locale("ja"):
        yield


def _named(contract: Contract, *more: tuple[str, Any]) -> list[tuple[str, str]]:
    facts = [(gettext("Contract number"), contract.number), *more]
    return [(label, in_japanese(value)) for label, value in facts if value not in ("", None)]


def request(row: ContractRequest, step: str) -> None:
    """Tell of a request: received, accepted, refused, applied or withdrawn."""
    with _written():
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
        }[step]
        words = Words(title, [before], _named(row.contract, *describing.facts(row)), _after(row, step))
        _tell(row.contract, _kind(row, step), f"request {row.id}", words)


STEPS = {
    "received": NoticeKind.request_received,
    "accepted": NoticeKind.request_accepted,
    "refused": NoticeKind.request_refused,
    "applied": NoticeKind.request_applied,
    "withdrawn": NoticeKind.request_withdrawn,
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
    if step != "received":
        return []
    match row.kind:
        case RequestKind.cancel:
            return [
                gettext("You can withdraw it on the page of your contract until the day on which it holds."),
                gettext("The data on our servers are not returned (Art. 15-4) and are erased after the end."),
            ]
        case RequestKind.bank if row.state is RequestState.checking:
            return [
                gettext("Your sealed form is here. Until the bank has registered it the present account is debited.")
            ]
        case RequestKind.bank:
            return [
                gettext(
                    "Please post the new debit form with the bank's seal. Until then the present account is debited."
                )
            ]
        case RequestKind.early_exit:
            return [
                gettext("Whether we agree is ours to decide (Art. 5-1). Until then your cancellation holds as it is.")
            ]
        case RequestKind.course | RequestKind.options | RequestKind.resume | RequestKind.name:
            return [gettext("We look into it and tell you the result.")]
    return []


def details_mended(contract: Contract, changes: dict[str, list[str]]) -> None:
    """Tell that we had typed something wrongly: {detail: [as it was, as it is]}."""
    with _written():
        facts = _named(contract, *describing.wish(RequestKind.correction, {"details": changes}))
        before = gettext("We had entered the following wrongly, and have corrected it.")
        after = gettext("Please tell us if anything is still wrong.")
        words = Words(gettext("Your registered details are corrected"), [before], facts, [after])
        _tell(contract, NoticeKind.details_mended, about(contract), words)


def ended(contract: Contract) -> None:
    with _written():
        reason = END_REASONS[contract.end_reason] if contract.end_reason else ""
        last = contract.ended_on - date_rules.DAY if contract.ended_on else None
        facts = _named(contract, (gettext("Last day of service"), last), (gettext("How it ended"), str(reason)))
        before = gettext("Your contract has ended. Thank you for having used our service.")
        if contract.end_reason is EndReason.terminated:
            before = gettext("Your contract has ended by our termination, of which we tell you separately.")
        after = gettext(
            "Sums that are still open are due now. The data on our servers are erased and cannot be restored."
        )
        _tell(
            contract,
            NoticeKind.contract_ended,
            about(contract),
            Words(gettext("Your contract has ended"), [before], facts, [after]),
        )


def suspended(contract: Contract, owed: list[tuple[str, int, date]]) -> None:
    """Tell of a suspension, with what is overdue as (label, yen, due)."""
    with _written():
        ground = GROUNDS[contract.suspension_ground] if contract.suspension_ground else ""
        sums = [
            (label, gettext("%(amount)s yen, due on %(day)s", amount=f"{amount:,}", day=in_japanese(due)))
            for label, amount, due in owed
        ]
        facts = _named(
            contract, (gettext("Suspended since"), contract.suspended_at), (gettext("Ground"), str(ground)), *sums
        )
        after = []
        if owed:
            limit = in_japanese(date_rules.settle_limit(min(due for _, _, due in owed)))
            after = [
                gettext(
                    "Once all is settled, by %(day)s at the latest, you can apply for resumption (Art. 13-2).",
                    day=limit,
                ),
            ]
        before = gettext(
            "We have suspended the service. You can still sign in to the contract, and readers can stop their mails."
        )
        _tell(
            contract,
            NoticeKind.suspension,
            about(contract),
            Words(gettext("The service is suspended"), [before], facts, after),
        )


def resumed(contract: Contract) -> None:
    with _written():
        before = gettext("You can use the service again. Mailings that were held wait for your decision.")
        _tell(
            contract,
            NoticeKind.resumed,
            about(contract),
            Words(gettext("The service is resumed"), [before], _named(contract)),
        )


def restricted(contract: Contract) -> None:
    with _written():
        what = str(RESTRICTIONS[contract.restriction]) if contract.restriction else ""
        before = gettext(
            "Use of the service put too much load on our servers. We have restricted it for the time being (Art. 18)."
        )
        facts = _named(contract, (gettext("Restricted"), what), (gettext("Reason"), masked(contract.restriction_note)))
        _tell(contract, NoticeKind.restriction, about(contract), Words(gettext("Use is restricted"), [before], facts))


def released(contract: Contract) -> None:
    with _written():
        words = Words(
            gettext("The restriction is lifted"), [gettext("You can use the whole service again.")], _named(contract)
        )
        _tell(contract, NoticeKind.restriction_lifted, about(contract), words)


def renewal_refused(row: RenewalRefusal, term: date_rules.Term, deadline: date) -> Notice:
    """Send our refusal of renewal: by mail or letter only (5-3); a mail that comes back in time becomes a letter."""
    with _written():
        contract = row.contract
        facts = _named(
            contract,
            (gettext("The contract ends on"), term.end(literal_ends())),
            (gettext("Reason"), masked(row.reason)),
        )
        before = gettext("We do not renew the contract below (Art. 5-2, 5-3).")
        after = gettext(
            "If this notice reaches you after %(day)s, the contract ends one term later.", day=in_japanese(deadline)
        )
        words = Words(gettext("Notice that the contract is not renewed"), [before], facts, [after])
        return _tell(
            contract,
            NoticeKind.non_renewal,
            f"refusal {row.id}",
            words,
            deadline=_end_of(deadline),
            by=row.sent_by,
        )


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time(23, 59, 59), clock.JAPAN)


def refusal_taken_back(row: RenewalRefusal) -> None:
    with _written():
        before = gettext("We take back our notice that the contract is not renewed. It goes on as before.")
        words = Words(gettext("The contract goes on"), [before], _named(row.contract))
        _tell(row.contract, NoticeKind.general, f"refusal {row.id}", words)


def correction(row: Correction) -> None:
    with _written():
        facts = _named(
            row.contract,
            (gettext("Breach"), masked(row.breach)),
            (gettext("To be done"), masked(row.demand)),
            (gettext("Deadline"), row.deadline),
        )
        before = gettext("We recommend that you correct the following by the deadline (Art. 14-2).")
        after = gettext("If it is not corrected by then, we may terminate the contract.")
        _tell(
            row.contract,
            NoticeKind.correction,
            f"correction {row.id}",
            Words(gettext("Demand for correction"), [before], facts, [after]),
            by=row.issued_by,
            deadline=_end_of(row.deadline),
        )


def correction_closed(row: Correction) -> None:
    with _written():
        done = (
            gettext("We see it as corrected.")
            if row.state is CorrectionState.corrected
            else gettext("We take our demand back.")
        )
        words = Words(
            gettext("The demand for correction is closed"),
            [done],
            _named(row.contract, (gettext("Breach"), masked(row.breach))),
        )
        _tell(row.contract, NoticeKind.correction_closed, f"correction {row.id}", words)


def terminated(row: Termination) -> None:
    with _written():
        part = masked(row.part) if row.scope is TerminationScope.part else gettext("The whole contract")
        facts = _named(
            row.contract,
            (gettext("Ground"), str(TERMINATION_GROUNDS[row.ground])),
            (gettext("Scope"), part),
            (gettext("Holds since"), row.decided_at),
        )
        before = gettext("We have terminated the contract below with immediate effect.")
        whole = row.scope is TerminationScope.whole
        # A part leaves the contract and its due days as they are.
        after = [gettext("All that you owe is due now (Art. 14-3).")] if whole else []
        _tell(
            row.contract,
            NoticeKind.termination,
            f"termination {row.id}",
            Words(gettext("Notice of termination"), [before], facts, after),
        )
