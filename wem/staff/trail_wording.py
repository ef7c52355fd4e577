"""What an event of the audit trail is about, and what it notes beside, in words."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from wem.accounts.wording import ROLES, STAFF_ROLES
from wem.contracts.credential_wording import VIAS
from wem.contracts.wording import (
    CHANNELS,
    DETAILS,
    END_REASONS,
    GROUNDS,
    REFUSALS,
    REQUESTS,
    RESTRICTIONS,
    TERMINATION_GROUNDS,
    TEXT_KINDS,
)
from wem.lists.states import UploadKind
from wem.lists.upload_texts import BROKE_OFF_TEXTS, STATES
from wem.mailings.models import HeldReason
from wem.mailings.wording import CHOICES
from wem.notices.wording import CHANNELS as NOTICE_CHANNELS
from wem.notices.wording import KINDS as NOTICE_KINDS

# By the name of the model, which stands in the event.
SUBJECTS = {
    "Account": _l("Account no. %(id)s"),
    "Alarm": _l("Alarm no. %(id)s"),
    "Conversation": _l("Conversation no. %(id)s"),
    "Announcement": _l("Announcement no. %(id)s"),
    "Application": _l("Application no. %(id)s"),
    "Contract": _l("Contract no. %(id)s"),
    "Customer": _l("Customer no. %(id)s"),
    "EmergencyStop": _l("Emergency stop no. %(id)s"),
    "Field": _l("Field no. %(id)s"),
    "Mandate": _l("Mandate no. %(id)s"),
    "InboundMail": _l("Mail no. %(id)s"),
    "Incident": _l("Fault or maintenance no. %(id)s"),
    "Inquiry": _l("Inquiry no. %(id)s"),
    "Invitation": _l("Invitation no. %(id)s"),
    "Mailing": _l("Mailing no. %(id)s"),
    "MailingList": _l("List no. %(id)s"),
    "Membership": _l("Membership no. %(id)s"),
    "Notice": _l("Notice N%(id)s"),
    "Partner": _l("Partner no. %(id)s"),
    "SenderDomain": _l("Sender domain no. %(id)s"),
    "Subscriber": _l("Reader no. %(id)s"),
    "Tester": _l("Tester no. %(id)s"),
    "TextVersion": _l("Version of the terms no. %(id)s"),
    "Upload": _l("Upload no. %(id)s"),
    "Campaign": _l("Campaign no. %(id)s"),
    "ContractRequest": _l("Request no. %(id)s"),
    "Correction": _l("Correction notice no. %(id)s"),
    "Course": _l("Course no. %(id)s"),
    "Option": _l("Option no. %(id)s"),
    "PriceList": _l("Price list no. %(id)s"),
    "Receivable": _l("Sum no. %(id)s"),
    "RenewalRefusal": _l("Refusal of renewal no. %(id)s"),
    "Termination": _l("Termination no. %(id)s"),
}
LABELS = {
    **DETAILS,
    "address": _l("Sender's address"),
    "act": _l("Act"),
    "before": _l("Value so far"),
    "handed": _l("Handed over or posted on"),
    "missing": _l("Missing"),
    "via": _l("By which way"),
    "way": _l("Way"),
    "applied": _l("Registrations applied"),
    "at": _l("To be sent at"),
    "bad": _l("Rows refused"),
    "course": _l("Course"),
    "day": _l("Day"),
    "domain": _l("Domain"),
    "found": _l("Found"),
    "good": _l("Rows to be applied"),
    "ground": _l("Ground"),
    "key": _l("Key of the field"),
    "kind": _l("Kind"),
    "known": _l("Rows known already"),
    "list": _l("List"),
    "mails": _l("Mails"),
    "note": _l("Note for the record"),
    "days": _l("Days"),
    "passage": _l("Words of the person"),
    "on": _l("Switched on"),
    "person": _l("Person"),
    "planned": _l("Planned maintenance"),
    "problem": _l("Problem"),
    "readers": _l("Readers"),
    "reason": _l("Reason"),
    "role": _l("Role"),
    "route": _l("Address"),
    "source": _l("Copied from"),
    "start": _l("Start date"),
    "step": _l("While"),
    "text": _l("Text"),
    "suspended_at": _l("Suspended on"),
    "testers": _l("Testers"),
    "time": _l("Which time"),
    "undone": _l("Registrations taken back"),
    "begins": _l("Maintenance begins"),
    "choice": _l("What becomes of it"),
    "ends_at": _l("Maintenance ends"),
    "incident": _l("Maintenance no."),
    "amount": _l("Amount"),
    "arrived": _l("Day of arrival"),
    "channel": _l("How it came"),
    "contracts": _l("Contracts"),
    "last_day": _l("Last day of application"),
    "deadline": _l("Deadline"),
    "denied": _l("Why not"),
    "due": _l("Due on"),
    "effective": _l("Holds from"),
    "ended": _l("Ended on"),
    "ends": _l("Ends on"),
    "name": _l("Name"),
    "number": _l("Number of the term"),
    "on_day": _l("Came in on"),
    "page": _l("Page"),
    "request": _l("Request"),
    "restriction": _l("What is closed"),
    "scope": _l("Scope"),
    "state": _l("State"),
}
KINDS = {
    UploadKind.invitation: _l("Invite readers"),
    UploadKind.attested: _l("Readers who have agreed already"),
    UploadKind.stop_list: _l("Stop list"),
    UploadKind.ending: _l("End registrations"),
}
HELD = {
    HeldReason.missed: _l("Its time had passed"),
    HeldReason.complaints: _l("Many readers complained"),
    HeldReason.contract: _l("The contract did not permit it"),
    HeldReason.emergency: _l("An emergency stop holds"),
    HeldReason.problems: _l("Something in it forbade starting"),
    HeldReason.sender_domain: _l("The records of its sender domain were no longer found"),
    HeldReason.staff: _l("By our staff"),
    HeldReason.maintenance: _l("Maintenance was going on"),
}
# What is noted as a code, by its label.
CODES = {
    "choice": {code.value: text for code, text in CHOICES.items()},
    "text": {code.value: text for code, text in TEXT_KINDS.items()},
    "channel": {code.value: text for code, text in [*CHANNELS.items(), *NOTICE_CHANNELS.items()]},
    "denied": REFUSALS,
    "ground": {code.value: text for code, text in [*TERMINATION_GROUNDS.items(), *GROUNDS.items()]},
    "kind": {code.value: text for code, text in [*KINDS.items(), *NOTICE_KINDS.items()]},
    "problem": {code: _l("Broken off by a fault of ours") for code in BROKE_OFF_TEXTS},
    "reason": {code.value: text for code, text in [*HELD.items(), *END_REASONS.items()]},
    "request": {code.value: text for code, text in REQUESTS.items()},
    "restriction": {code.value: text for code, text in RESTRICTIONS.items()},
    "role": {code.value: text for code, text in [*ROLES.items(), *STAFF_ROLES.items()]},
    "via": {code.value: text for code, text in VIAS.items()},
    "step": {code.value: text for code, (text, _) in STATES.items()},
}
# What is noted as a number of something, by its label: the model's name above.
NUMBERS = {"incident": "Incident", "list": "MailingList", "person": "Account", "source": "Mailing", "testers": "Tester"}
MOMENTS = frozenset({"at", "begins", "ends_at", "suspended_at"})
DAYS = frozenset(
    {
        "arrived",
        "before",
        "day",
        "deadline",
        "due",
        "effective",
        "ended",
        "ends",
        "handed",
        "last_day",
        "on_day",
        "start",
    }
)
