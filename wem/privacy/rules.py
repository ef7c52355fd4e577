"""What may be disclosed on which ground, the states of a disclosure, and what customers' data are used for."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from wem.diagram_rules import diagram


class Basis(enum.StrEnum):
    """Why something may be given to a third party (同意4, Art. 2-1 and 2-2)."""

    law = "law"  # 同意4①
    public_body = "public_body"  # 同意4②
    consent = "consent"  # 同意4, 2-1: the customer has agreed
    known = "known"  # 2-2 (1): we had it already, or from others
    public = "public"  # 2-2 (2): publicly known
    own = "own"  # 2-2 (3): we made it ourselves


class DataClass(enum.StrEnum):
    """Whose data are given."""

    customer = "customer"  # personal data of the customer (同意2)
    end_user = "end_user"  # of readers
    secret = "secret"  # business or technical secrets of the customer (2-1)


# The customer cannot agree for readers: their address is theirs (17-3). What 2-2 exempts are secrets, not persons.
ALLOWED: Mapping[DataClass, frozenset[Basis]] = {
    DataClass.customer: frozenset({Basis.law, Basis.public_body, Basis.consent}),
    DataClass.end_user: frozenset({Basis.law, Basis.public_body}),
    DataClass.secret: frozenset(Basis),
}


def may_disclose(data: DataClass, basis: Basis) -> bool:
    """Return whether data of this class can be given on this ground at all."""
    return basis in ALLOWED[data]


class DisclosureState(enum.StrEnum):
    proposed = "proposed"
    approved = "approved"
    given = "given"
    refused = "refused"
    withdrawn = "withdrawn"


class DisclosureAction(enum.StrEnum):
    approve = "approve (by another person)"
    refuse = "refuse"
    withdraw = "withdraw"
    give = "give"


S, A = DisclosureState, DisclosureAction
DISCLOSURE: Mapping[tuple[DisclosureState, DisclosureAction], DisclosureState] = {
    (S.proposed, A.approve): S.approved,
    (S.proposed, A.refuse): S.refused,
    (S.proposed, A.withdraw): S.withdrawn,
    (S.approved, A.give): S.given,
    (S.approved, A.withdraw): S.withdrawn,
}
DIAGRAMS = (diagram("Disclosure to a third party", DISCLOSURE, S.proposed),)


class Purpose(enum.StrEnum):
    """What personal data of customers are used for (同意3 ①–④); anything else needs a consent of its own."""

    statements = "statements"  # ①
    news = "news"  # ②
    inquiries = "inquiries"  # ③
    matching = "matching"  # ④


class What(enum.StrEnum):
    """What of a customer's personal data staff looked at."""

    contract = "contract"  # details, people, trail
    details = "details"  # what mails show, addresses for notices
    application = "application"
    request = "request"
    notice = "notice"
    sums = "sums"
    case = "case"
    termination = "termination"
    upload = "upload"
    disclosure = "disclosure"
    mandate = "mandate"
    order = "order"
    inquiry = "inquiry"


# Which of the purposes such a look serves.
SERVES: Mapping[What, Purpose] = {
    What.contract: Purpose.matching,
    What.details: Purpose.matching,
    What.application: Purpose.matching,
    What.request: Purpose.matching,
    What.notice: Purpose.inquiries,
    What.sums: Purpose.statements,
    What.case: Purpose.inquiries,
    What.termination: Purpose.matching,
    What.upload: Purpose.matching,
    What.disclosure: Purpose.matching,
    What.mandate: Purpose.statements,
    What.order: Purpose.inquiries,
    What.inquiry: Purpose.inquiries,
}
