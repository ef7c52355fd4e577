"""Tells the customer that the service stands still, is restricted, or goes on (Art. 13 and 18)."""

from __future__ import annotations

from datetime import date

from flask_babel import gettext

from wem.contracts import date_rules
from wem.contracts.addressing import about
from wem.contracts.describing import in_japanese
from wem.contracts.models import Contract
from wem.contracts.notifying import named, standing_still, tell_of, to_pay, written
from wem.contracts.wording import GROUNDS, RESTRICTIONS
from wem.notices.masking_rules import masked
from wem.notices.rules import NoticeKind, Words
from wem.settings import settings


def suspended(contract: Contract, owed: list[tuple[str, int, date]]) -> None:
    """Tell of a suspension, with what is overdue as (label, yen, due)."""
    with written():
        ground = GROUNDS[contract.suspension_ground] if contract.suspension_ground else ""
        facts = named(
            contract,
            (gettext("Suspended since"), contract.suspended_at),
            (gettext("Ground"), str(ground)),
            *to_pay(owed),
            *standing_still(),
        )
        after = [
            gettext("We look into it, and tell you by a notice when the service goes on, or what else is to be done."),
            gettext(
                "What you can tell us about it, and questions, reach us by the page of inquiries or at %(address)s.",
                address=settings().SUPPORT_EMAIL,
            ),
        ]
        if owed:
            limit = in_japanese(date_rules.settle_limit(min(due for _, _, due in owed)))
            after = [
                gettext("Please transfer the total above without delay."),
                gettext(
                    "Once all is settled, by %(day)s at the latest, you can apply for resumption (Art. 13-2).",
                    day=limit,
                ),
            ]
        before = gettext(
            "We have suspended the service. You can still sign in to the contract, and readers can stop their mails."
        )
        tell_of(
            contract,
            NoticeKind.suspension,
            about(contract),
            Words(gettext("The service is suspended"), [before], facts, after),
        )


def resumed(contract: Contract, revoked: str = "") -> None:
    """Tell that the service runs again; `revoked` is the part whose termination is withdrawn, if any was."""
    with written():
        title = gettext("The service is resumed")
        before = gettext("You can use the service again. Mailings that were held wait for your decision.")
        facts = named(contract)
        if contract.restriction:
            before = gettext(
                "The suspension is lifted. The restriction of use that stood before it (Art. 18) holds again."
            )
            facts = named(contract, *_restriction(contract))
        said = [before]
        if revoked:
            title = gettext("The termination in part is withdrawn")
            said.insert(0, gettext("We have withdrawn our termination of the following part of the contract."))
            facts.insert(1, (gettext("Part that was terminated"), masked(revoked)))
        tell_of(contract, NoticeKind.resumed, about(contract), Words(title, said, facts))


def _restriction(contract: Contract) -> list[tuple[str, str]]:
    what = str(RESTRICTIONS[contract.restriction]) if contract.restriction else ""
    return [(gettext("Restricted"), what), (gettext("Reason"), masked(contract.restriction_note))]


def restricted(contract: Contract) -> None:
    with written():
        before = gettext(
            "Use of the service put too much load on our servers. We have restricted it for the time being (Art. 18)."
        )
        facts = named(contract, *_restriction(contract))
        tell_of(contract, NoticeKind.restriction, about(contract), Words(gettext("Use is restricted"), [before], facts))


def released(contract: Contract) -> None:
    with written():
        words = Words(
            gettext("The restriction is lifted"), [gettext("You can use the whole service again.")], named(contract)
        )
        tell_of(contract, NoticeKind.restriction_lifted, about(contract), words)
