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
# What the audit trail says.
ACTS = {
    "operation.begin": _l("Began to work on a customer's order"),
    "operation.denied": _l("Denied: an act that is not part of work on an order"),
    "operation.end": _l("Ended work on a customer's order"),
    "operation.end_order": _l("Ended a customer's order"),
    "operation.order": _l("Entered a customer's order"),
}
