"""The words of applications on screens and in notices."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from wem.contracts.application_rules import Applicant, ApplicationState, Check, RefusalReason, Step, Way

# Words and the badge's kind.
STATES = {
    ApplicationState.draft: (_l("Being entered"), "neutral"),
    ApplicationState.filled: (_l("Form awaited"), "info"),
    ApplicationState.checking: (_l("Being checked"), "progress"),
    ApplicationState.supplement: (_l("Asked for what is missing"), "warning"),
    ApplicationState.accepted: (_l("Application accepted"), "success"),
    ApplicationState.refused: (_l("Application refused"), "error"),
    ApplicationState.withdrawn: (_l("Application withdrawn"), "neutral"),
}
WAYS = {Way.web: _l("Web page"), Way.partner: _l("Partner"), Way.staff: _l("Our staff")}
APPLICANTS = {Applicant.company: _l("Company or other body"), Applicant.person: _l("Individual")}
ACCOUNT_TYPES = {"1": _l("Ordinary account"), "2": _l("Current account")}
CHECKS = {
    Check.form: _l("The form is here"),
    Check.money: _l("The first fee is here"),
    Check.service: _l("The service can be provided"),
}
REASONS = {
    RefusalReason.maintenance: _l("Maintenance of the equipment would be technically difficult"),
    RefusalReason.entries: _l("An entry is false, or a necessary one is missing"),
    RefusalReason.unsuitable: _l("Providing the service is unsuitable for another reason"),
}
# What is to be done, and the button to it.
NEXT_STEPS = {
    Step.look_for_form: (_l("The form of an application has not come"), _l("See the application")),
    Step.look_for_money: (_l("The first fee of an application has not come"), _l("See the application")),
    Step.look_for_supplement: (_l("What was missing has not come"), _l("See the application")),
    Step.check: (_l("Application: can the service be provided?"), _l("Check the application")),
    Step.start: (_l("Application: everything is here"), _l("Accept and start")),
}
