"""Changes of what is on offer: free while nobody relies on it, afterwards only ahead of time and announced."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa
from flask_babel import force_locale, gettext

from wem import audit, clock
from wem.contracts import date_rules, describing, rules
from wem.contracts.application_models import Application
from wem.contracts.application_rules import OPEN
from wem.contracts.catalogue_models import Campaign, Option, PriceList, TooSoon, course_price, option_price
from wem.contracts.models import Contract
from wem.contracts.part_models import ContractOption
from wem.contracts.rules import ContractState
from wem.db import db
from wem.notices.models import Announcement
from wem.settings import settings


class InUse(ValueError):
    """A contract or an application relies on it: it stays as it was agreed."""


def campaign_used(row: Campaign) -> bool:
    """Return whether a contract or an application names the campaign."""
    contract = sa.select(Contract.id).where(Contract.campaign_id == row.id)
    application = sa.select(Application.id).where(Application.campaign_id == row.id)
    return _any(contract) or _any(application)


def campaign_free(row: Campaign) -> bool:
    """Return whether everything of the campaign may still be changed: not public yet, and named by nobody."""
    return row.first_day > clock.today() and not campaign_used(row)


def option_used(row: Option) -> bool:
    """Return whether a contract has had the option, or an open application names it."""
    if _any(sa.select(ContractOption.id).where(ContractOption.option_id == row.id)):
        return True
    waiting = db.session.scalars(sa.select(Application.entries).where(Application.state.in_(OPEN)))
    return any(row.code in entries.get("options", ()) for entries in waiting)


def _any(found: sa.Select[Any]) -> bool:
    return db.session.scalar(found.limit(1)) is not None


def take_back(row: Campaign, *, by: int) -> None:
    """Delete a campaign that is not public yet. Raises InUse."""
    if not campaign_free(row):
        raise InUse
    audit.record("campaign.delete", by=by, subject=row, name=row.name)
    db.session.delete(row)


def move_last_day(row: Campaign, last_day: date, *, by: int) -> None:
    """Let a campaign end later, or earlier when that is announced in time. Raises TooSoon."""
    before = row.last_day
    if last_day == before:
        return
    if not date_rules.last_day_may_move(clock.today(), before, last_day, int(settings().ADVERSE_NOTICE_DAYS)):
        raise TooSoon
    row.last_day = last_day
    audit.record("campaign.change", by=by, subject=row, name=row.name, last_day=str(last_day), before=str(before))
    if last_day < before:
        with force_locale("ja"):
            title = gettext("The campaign %(name)s ends earlier", name=row.name)
            body = gettext(
                "Applications for it are taken until %(day)s (before: %(before)s).",
                day=describing.in_japanese(last_day),
                before=describing.in_japanese(before),
            )
        _announce(title, body, by)


def end_option(row: Option, ends_on: date, *, by: int) -> int:
    """End an option for all who have it, from a 1st that lies far enough ahead; returns how many contracts.

    It is announced, and from that day no contract has it. Raises TooSoon, and InUse when its end is public already.
    """
    if row.ends_on is not None:
        raise InUse
    if not date_rules.announced_in_time(clock.today(), ends_on, True, int(settings().ADVERSE_NOTICE_DAYS)):
        raise TooSoon
    row.ends_on, row.offered = ends_on, False
    held = holders(row)
    for part in held:
        part.until = ends_on
    audit.record("option.end", by=by, subject=row, name=row.name, ends=str(ends_on), contracts=len(held))
    with force_locale("ja"):
        title = gettext("The option %(name)s ends", name=row.name)
        body = gettext(
            "The option ends for all contracts on %(day)s and costs nothing from then on.",
            day=describing.in_japanese(ends_on - date_rules.DAY),
        )
    _announce(title, body, by)
    return len(held)


def holders(row: Option) -> list[ContractOption]:
    """Return the parts of contracts in force by which they have the option, now or from a later day, without an end."""
    return list(
        db.session.scalars(
            sa.select(ContractOption)
            .join(Contract, Contract.id == ContractOption.contract_id)
            .where(
                ContractOption.option_id == row.id,
                ContractOption.until.is_(None),
                Contract.state != ContractState.ended,
            )
        )
    )


def publish_prices(row: PriceList, *, by: int) -> None:
    """Make a price list public and announce it (4-6, 3-3). Raises TooSoon.

    A list by which somebody pays more is worse for customers, whatever was ticked.
    """
    row.adverse = row.adverse or _dearer(row)
    row.publish(int(settings().ADVERSE_NOTICE_DAYS), by=by)
    with force_locale("ja"):
        title = gettext("New price list, version %(number)s", number=row.version)
        body = gettext("It holds from %(day)s.", day=describing.in_japanese(row.effective_from))
    _announce(title, f"{body}\n\n{row.note}".strip(), by)


def _dearer(row: PriceList) -> bool:
    for price in row.courses:
        before = course_price(price.course_id, row.effective_from)
        if before is not None and rules.dearer(before.tiers, price.tiers):
            return True
    for extra in row.options:
        held = option_price(extra.option_id, row.effective_from)
        if held is not None and extra.monthly > held.monthly:
            return True
    return False


def _announce(title: str, body: str, by: int) -> None:
    db.session.add(Announcement(title=title, body=body, published_at=clock.now(), created_by=by))
