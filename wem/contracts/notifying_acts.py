"""Tells the customer of our own acts: refusal of renewal, demand for correction, termination (5-3, 14)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time

from flask_babel import gettext

from wem import clock
from wem.contracts import date_rules, life_rules
from wem.contracts.describing import in_japanese
from wem.contracts.models import literal_ends
from wem.contracts.notifying import named, tell_of, to_pay, written
from wem.contracts.request_models import Correction, RenewalRefusal, Termination
from wem.contracts.state_rules import CorrectionState
from wem.contracts.wording import TERMINATION_GROUNDS
from wem.notices.masking_rules import masked
from wem.notices.models import Notice
from wem.notices.rules import NoticeKind, Words


def renewal_refused(row: RenewalRefusal, term: date_rules.Term, deadline: date) -> Notice:
    """Send our refusal of renewal: by mail or letter only (5-3); a mail that comes back in time becomes a letter."""
    with written():
        contract = row.contract
        facts = named(
            contract,
            (gettext("The contract ends on"), term.end(literal_ends())),
            (gettext("Reason"), masked(row.reason)),
        )
        before = gettext("We do not renew the contract below (Art. 5-2, 5-3).")
        after = gettext(
            "If this notice reaches you after %(day)s, the contract ends one term later.", day=in_japanese(deadline)
        )
        words = Words(gettext("Notice that the contract is not renewed"), [before], facts, [after])
        return tell_of(
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
    with written():
        before = gettext("We take back our notice that the contract is not renewed. It goes on as before.")
        words = Words(gettext("The contract goes on"), [before], named(row.contract))
        tell_of(row.contract, NoticeKind.general, f"refusal {row.id}", words)


def correction(row: Correction) -> None:
    with written():
        facts = named(
            row.contract,
            (gettext("Breach"), masked(row.breach)),
            (gettext("To be done"), masked(row.demand)),
            (gettext("Deadline"), row.deadline),
        )
        before = gettext("We recommend that you correct the following by the deadline (Art. 14-2).")
        after = [
            gettext("If it is not corrected by then, we may terminate the contract."),
            gettext(
                "Once it is corrected, or if you have something to say, please tell us by the deadline: by “Inquiries” "
                "after signing in, or by letter."
            ),
        ]
        tell_of(
            row.contract,
            NoticeKind.correction,
            f"correction {row.id}",
            Words(gettext("Demand for correction"), [before], facts, after),
            by=row.issued_by,
            deadline=_end_of(row.deadline),
        )


def correction_closed(row: Correction) -> None:
    with written():
        done = (
            gettext("We see it as corrected.")
            if row.state is CorrectionState.corrected
            else gettext("We take our demand back.")
        )
        words = Words(
            gettext("The demand for correction is closed"),
            [done],
            named(row.contract, (gettext("Breach"), masked(row.breach))),
        )
        tell_of(row.contract, NoticeKind.correction_closed, f"correction {row.id}", words)


def terminated(row: Termination, owed: Sequence[tuple[str, int, date]] = ()) -> None:
    """Tell of a termination of the whole contract, with what is open already, as (label, yen, due)."""
    with written():
        facts = named(
            row.contract,
            (gettext("Ground"), str(TERMINATION_GROUNDS[row.ground])),
            (gettext("Scope"), gettext("The whole contract")),
            (gettext("Holds since"), row.decided_at),
            (gettext("Last day of service"), life_rules.dates(row.contract.life, clock.today()).last_day),
            *to_pay(owed),
        )
        before = gettext("We have terminated the contract below with immediate effect.")
        after = [
            gettext("All that you owe is due now (Art. 14-3)."),
            *([gettext("Please transfer the total above without delay.")] if owed else []),
            gettext("What is not charged yet comes with the final account, by an invoice of its own."),
        ]
        tell_of(
            row.contract,
            NoticeKind.termination,
            f"termination {row.id}",
            Words(gettext("Notice of termination"), [before], facts, after),
        )
