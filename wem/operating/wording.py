"""The words of orders."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from wem.accounts.order_models import OrderWay

WAYS = {OrderWay.letter: _l("On paper"), OrderWay.mail: _l("By mail"), OrderWay.phone: _l("By telephone")}
PROBLEMS = {
    "future": _l("The order lies in the future."),
    "order": _l("The end must come after the beginning."),
    "past": _l("The end lies in the past."),
    "long": _l("An order runs for 93 days at most."),
}
