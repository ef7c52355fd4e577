"""The words of readers, as screens show them: states, ways in, what is on record."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from wem.lists.states import ConsentKind, SubscriptionState, Way

STATES = {
    SubscriptionState.active: _l("Active"),
    SubscriptionState.pending: _l("Pending"),
    SubscriptionState.unsubscribed: _l("Stopped"),
    SubscriptionState.removed: _l("Removed"),
}
STATE_KINDS = {"active": "success", "pending": "info", "unsubscribed": "neutral", "removed": "warning"}
WAYS = {
    Way.form: _l("Sign-up page"),
    Way.embedded: _l("Form on the customer's site"),
    Way.blank_mail: _l("Blank mail"),
    Way.invitation: _l("Invitation"),
    Way.attested: _l("Upload with consent"),
    Way.api: _l("API"),
}
EVENTS = {
    ConsentKind.requested: _l("Asked to be registered"),
    ConsentKind.invited: _l("Was invited"),
    ConsentKind.attested: _l("Consent attested by upload"),
    ConsentKind.confirmed: _l("Confirmed"),
    ConsentKind.changed: _l("Changed"),
    ConsentKind.withdrawn: _l("Stopped receiving"),
    ConsentKind.removed: _l("Was removed"),
    ConsentKind.expired: _l("Did not confirm in time"),
}
