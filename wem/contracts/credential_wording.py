"""The words of what is lent, and of emergency stops."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from wem.contracts.emergency_models import StopVia

# By the value of lists.lending.LentKind.
KINDS = {
    "account": _l("Sign-in (ID)"),
    "page": _l("Dedicated URL (home page)"),
    "address": _l("Dedicated e-mail address"),
}
VIAS = {
    StopVia.link: _l("By the link to the registered address"),
    StopVia.owner: _l("By an owner who was signed in"),
    StopVia.staff: _l("By staff, after a report"),
}
