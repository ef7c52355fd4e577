"""What a request asks for, as (label, value): for screens, for the notice and for staff, the same everywhere."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import get_locale, gettext

from wem import clock
from wem.clock import JAPAN
from wem.contracts.catalogue_models import Course, Option
from wem.contracts.date_rules import DAY
from wem.contracts.models import Contract
from wem.contracts.request_models import (
    Channel,
    ContractRequest,
    RequestKind,
    Termination,
    terminations_in_part,
)
from wem.contracts.rules import CLOSED_WITH, RESTRICTED, Conditions, ContractState, ServicePart, Standing, Use
from wem.contracts.state_rules import RequestState
from wem.contracts.wording import DETAILS, RESTRICTIONS, SERVICE_PARTS
from wem.db import db
from wem.notices.masking_rules import masked

# Words of a wish, where it was typed in by staff.
TYPED = ("note", "evidence")
CAME_TO_NOTHING = (RequestState.withdrawn, RequestState.refused, RequestState.lapsed)
WEEKDAYS = "月火水木金土日"
Facts = list[tuple[str, str | int | date | datetime]]


def facts(row: ContractRequest, *, for_staff: bool = False) -> Facts:
    """Return what is asked for and from when; no account number.

    What staff typed has every mail address masked, since it may be a reader's (17-4); only staff read all of it.
    """
    shown = str if for_staff else masked
    asked = row.wish
    if row.channel is not Channel.portal:
        asked = {name: shown(text) if name in TYPED else text for name, text in asked.items()}
    found = [*wish(row.kind, asked, row.channel), *_not_added(row)]
    found.append((gettext("Received"), row.received_at))
    if row.wanted_on:
        found.append((gettext("Wanted from"), row.wanted_on))
    if row.effective_on and row.state in CAME_TO_NOTHING:
        found.append((gettext("Was to hold from"), row.effective_on))
    elif row.effective_on:
        found.append((gettext("Holds from"), row.effective_on))
        if row.kind in (RequestKind.cancel, RequestKind.early_exit):
            found.append((gettext("Last day of service"), row.effective_on - DAY))
    if row.late:
        found.append((gettext("Filed"), gettext("later than ten days after the change (Art. 16)")))
    if row.reason:
        found.append((gettext("Reason"), shown(row.reason)))
    return found


def _not_added(row: ContractRequest) -> Facts:
    """Return the options of a request that do not come by it, since we have ended them in the meantime (14-1)."""
    wanted = set(row.wish.get("add", [])) if row.kind is RequestKind.options else set()
    if not wanted or row.state in CAME_TO_NOTHING:
        return []
    wanted -= {held.option.code for held in row.contract.options if held.since == row.effective_on}
    gone = [each.option.option for each in terminations_in_part(row.contract_id) if each.option is not None]
    said = gettext("Not added: we have terminated this option (Art. 14-1)")
    return [(option.name, said) for option in gone if option.code in wanted]


def wish(kind: RequestKind, asked: dict[str, Any], channel: Channel = Channel.portal) -> Facts:
    """Return the content of a request by itself."""
    match kind:
        case RequestKind.course:
            return [(gettext("Course"), f"{_course(asked['from'])} → {_course(asked['course'])}"), *_said(asked)]
        case RequestKind.options:
            added = [(gettext("Option to add"), _option(code)) for code in asked.get("add", [])]
            gone = [(gettext("Option to remove"), _option(code)) for code in asked.get("remove", [])]
            return [*added, *gone, *_said(asked)]
        case RequestKind.details | RequestKind.correction | RequestKind.name:
            labels = {**DETAILS, "name": gettext("Contract holder"), "kana": gettext("Name in kana")}
            changes = [
                (str(labels[name]), f"{old or '–'} → {new or '–'}") for name, (old, new) in asked["details"].items()
            ]
            return [*changes, *([(gettext("Evidence"), asked["evidence"])] if asked.get("evidence") else [])]
        case RequestKind.bank:
            return [
                (gettext("Bank and branch"), f"{asked['bank']} {asked['branch']}"),
                (gettext("Account holder"), asked["holder"]),
            ]
        case RequestKind.cancel:
            # On the screen the customer is asked what could have been better; on paper stands what it says.
            return _said(asked, gettext("What could we have done better?") if channel is Channel.portal else "")
        case RequestKind.early_exit:
            return _said(asked, gettext("Why you wish to leave earlier") if channel is Channel.portal else "")
        case _:
            return _said(asked, gettext("Note for us") if channel is Channel.portal else "")


def pending(row: ContractRequest) -> str:
    """Return a change that is asked for or accepted and does not hold yet, in a sentence."""
    what = gettext(", ").join(
        f"{label}: {value}" for label, value in [*wish(row.kind, row.wish), *_not_added(row)] if label and value
    )
    day = as_read(row.effective_on) if row.effective_on else "–"
    if row.undecided:
        return str(gettext("Asked for already, and not decided: from %(day)s %(what)s", day=day, what=what))
    return str(gettext("Accepted already: from %(day)s %(what)s", day=day, what=what))


def was_to_hold(row: ContractRequest) -> str:
    """Return a change that was closed, with the day from which it was to hold."""
    day = as_read(row.effective_on) if row.effective_on else "–"
    what = gettext(", ").join(f"{label}: {value}" for label, value in wish(row.kind, row.wish) if label and value)
    return str(gettext("%(what)s, from %(day)s", what=what, day=day))


def _said(asked: dict[str, Any], label: str = "") -> Facts:
    note = (asked.get("note") or "").strip()
    return [(label or gettext("Words of the customer"), note)] if note else []


def conditions(said: Conditions) -> list[tuple[str, str]]:
    """Return what a course or campaign says otherwise than the terms, in words (5-4)."""
    answers = {True: gettext("Yes"), False: gettext("No")}
    found = [
        (gettext("Minimum term in months"), said.min_term),
        (gettext("Renewed by so many months"), said.renewal),
        (gettext("Our notice: months before the month of expiry"), said.notice),
    ]
    flags = [
        (gettext("Fees that were paid may be returned"), said.refund),
        (gettext("Who leaves early owes the rest of the minimum term"), said.rest_owed),
    ]
    return [(label, str(value)) for label, value in found if value is not None] + [
        (label, answers[value]) for label, value in flags if value is not None
    ]


def _course(code: str) -> str:
    return db.session.scalar(sa.select(Course.name).where(Course.code == code)) or code


def _option(code: str) -> str:
    return db.session.scalar(sa.select(Option.name).where(Option.code == code)) or code


def as_read(day: date) -> str:
    """Return a day in the language of the screen; what is agreed to is kept as it was read."""
    return in_japanese(day) if str(get_locale() or "ja").startswith("ja") else day.isoformat()


def terminated_part(row: Termination) -> str:
    """Return which part of a contract a termination ends, in the language of the screen."""
    option = [gettext("option %(name)s", name=row.option.option.name)] if row.option else []
    named = gettext(", ").join([*option, *(str(SERVICE_PARTS[part]) for part in row.service_parts)])
    return "：".join(each for each in (named, row.part) if each)


def terminated(contract_id: int) -> list[str]:
    """Return the parts of a contract that we have ended, each with the day, as its customer reads them."""
    return [
        gettext("%(part)s, from %(day)s", part=masked(terminated_part(row)), day=as_read(row.decided_at.date()))
        for row in terminations_in_part(contract_id)
        if row.decided_at is not None
    ]


def restricted(contract: Contract | None) -> dict[str, Any]:
    """Return what is closed, as pages show it to the customer; empty when nothing is.

    By a restriction (18) with its reason, and by our termination of parts of the service or of options (14-1).
    `closed_uses` is all that is not permitted now, for whatever reason.
    """
    if contract is None or contract.state is ContractState.ended:
        return {}
    found: dict[str, Any] = {"closed_uses": [use.value for use in Use if not contract.permits(use, clock.today())]}
    if contract.restriction is not None:
        found |= {
            "restricted": str(RESTRICTIONS[contract.restriction]),
            "restricted_why": masked(contract.restriction_note),
        }
    closed = [str(SERVICE_PARTS[ServicePart(part)]) for part in contract.terminated_parts]
    gone = [row.option.option.name for row in terminations_in_part(contract.id) if row.option is not None]
    if closed := [*(gettext("option %(name)s", name=name) for name in gone), *closed]:
        found["terminated_parts"] = gettext(", ").join(closed)
    return found


def why_closed(contract: Contract | None, use: Use) -> str:
    """Return why a contract does not permit a use today, as its customer reads it; empty when it does."""
    if contract is not None and contract.permits(use, clock.today()):
        return ""
    if contract is not None and contract.standing is Standing.in_use:
        for part in map(ServicePart, contract.terminated_parts):
            if use in CLOSED_WITH[part]:
                what = SERVICE_PARTS[part]
                return str(
                    gettext("Closed by our termination in part: %(what)s (terms of service, Art. 14-1).", what=what)
                )
        if contract.restriction is not None and use in RESTRICTED[contract.restriction]:
            what = RESTRICTIONS[contract.restriction]
            return str(
                gettext(
                    "Use is temporarily restricted (Terms of Service, Art. 18). Currently unavailable: %(what)s.",
                    what=what,
                )
            )
    return str(gettext("The service is suspended, has not started or has ended."))


def exit_as_read(month: date) -> str:
    """Return the 1st from which a contract is over, with the last day before it, in the language of the screen."""
    last = month - DAY
    if str(get_locale() or "ja").startswith("ja"):
        return f"{month.year}年{month.month}月{month.day}日（最終日 {last.month}月{last.day}日）"
    return f"{month.isoformat()} (last day {last.isoformat()})"


def month_as_read(month: date) -> str:
    """Return a month in the language of the screen."""
    japanese = str(get_locale() or "ja").startswith("ja")
    return f"{month.year}年{month.month}月" if japanese else f"{month:%Y-%m}"


def in_japanese(value: str | int | date | datetime | None) -> str:
    """Return a value as a Japanese letter writes it: `2026年8月1日（土）`, with the time for a moment."""
    if isinstance(value, datetime):
        at = value.astimezone(JAPAN)
        return f"{in_japanese(at.date())} {at:%H:%M}"
    if isinstance(value, date):
        return f"{value.year}年{value.month}月{value.day}日（{WEEKDAYS[value.weekday()]}）"
    return f"{value:,}" if isinstance(value, int) else str(value or "")
