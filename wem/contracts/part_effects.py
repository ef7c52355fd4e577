"""What the end of a part of a contract means, and its return, as facts for the notice and for staff (14-1)."""

from __future__ import annotations

from datetime import date

from flask_babel import gettext

from wem.contracts import describing, option_rules, parting, rules
from wem.contracts.catalogue_models import option_price
from wem.contracts.date_rules import DAY, month_end, month_start
from wem.contracts.option_rules import Holding
from wem.contracts.request_models import Termination

Facts = list[tuple[str, str]]


def ending(row: Termination, on: date) -> Facts:
    """Return what ends on a day, what goes on, and the money."""
    found = [
        (gettext("What ends"), describing.terminated_part(row)),
        (
            gettext("What goes on"),
            gettext(
                "All else: the contract and its term, the course, and every option and part of the service that is "
                "not named above. Readers can stop their mails at any time. Nothing is deleted."
            ),
        ),
    ]
    if row.option is not None:
        found.append((gettext("Fee of the option"), _last_fee(row.option.option_id, row.option.holding, on)))
    return [*found, *_other_fee(row)]


def _last_fee(option_id: int, holding: Holding, on: date) -> str:
    price, month = option_price(option_id, on), month_start(on)
    held = option_rules.cut_off(holding, on)
    if price is None or not held.charged(max(month, holding.since)):
        return str(gettext("No fee is charged for it from now on."))
    return str(
        gettext(
            "%(fee)s yen a month with tax: charged in full for the month that has begun, until %(last)s; from %(day)s "
            "no more.",
            fee=f"{rules.with_tax(price.monthly):,}",
            last=describing.as_read(month_end(month)),
            day=describing.as_read(month_end(month) + DAY),
        )
    )


def _other_fee(row: Termination) -> Facts:
    if not row.parts:
        return []
    stays = gettext("Unchanged: parts of the service have no price of their own.")
    return [(gettext("Monthly fee of the course"), stays)]


def returning(row: Termination, on: date) -> Facts:
    """Return what comes back on a day, and the money."""
    found = [(gettext("What comes back"), describing.terminated_part(row))]
    if given_up := parting.given_up_on(row):
        stays = gettext(
            "None: the option does not come back, since the customer gave it up from %(day)s.",
            day=describing.as_read(given_up),
        )
        return [*found, (gettext("Fee of the option"), stays)]
    if row.option is not None:
        option = row.option.option
        price, again = option_price(option.id, month_start(on, 1)), option_rules.brought_back(on, option.ends_on)
        assert again.charged_from is not None
        if price is not None and again.charged(again.charged_from):
            fee = gettext(
                "%(fee)s yen a month with tax, from %(day)s.",
                fee=f"{rules.with_tax(price.monthly):,}",
                day=describing.as_read(again.charged_from),
            )
            found.append((gettext("Fee of the option"), fee))
    return found
