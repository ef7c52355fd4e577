"""Every page address that the application has, whom it is for, and which rows its arguments can name."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask import Flask

from tests.conftest import PORTAL, PUBLIC
from tests.invariants.stage import Half, Stage
from wem import tokens
from wem.accounts.models import Account, SignIn
from wem.bounces.models import Alarm
from wem.contracts.application_models import Application
from wem.contracts.application_rules import ApplicationState
from wem.db import db
from wem.delivery.identity import Purpose as DeliveryPurpose
from wem.delivery.identity import delivery_id, identity_keys
from wem.settings import settings
from wem.tokens import Purpose
from wem.web.origins import Origin

Values = Sequence[int | str]

# What an argument names, told by what stands before it in the address. A new one has no row here: add how to find it.
ROWS: dict[str, Callable[[Half], Values]] = {
    "lists": lambda half: half.list_ids,
    "fields": lambda half: half.field_ids,
    "subscribers": lambda half: half.subscriber_ids,
    "mailings": lambda half: half.mailing_ids,
    "segments": lambda half: half.segment_ids,
    "sender-names": lambda half: half.sender_name_ids,
    "sequences": lambda half: half.sequence_ids,
    "steps": lambda half: half.step_ids,
    "team": lambda half: half.membership_ids[1:],
    "team/invitations": lambda half: half.invitation_ids,
    "sign-ins": lambda half: sign_ins_of(half),
    "h": lambda half: [half.slug],
    "h/<slug>": lambda half: half.list_slugs,
    "archive": lambda half: half.back_numbers,
    "replies": lambda half: half.conversation_ids,
    "imports": lambda half: half.upload_ids,
    "testers": lambda half: half.tester_ids,
    "images": lambda half: half.image_ids,
    "designs": lambda half: half.design_ids,
    "designs/ours": lambda half: ["letter", "newsletter"],
    "i": lambda half: half.image_names,
    "domains": lambda half: half.domain_ids,
    "contract/requests": lambda half: half.request_ids,
    "contract/mandates": lambda half: half.mandate_ids,
    "notices": lambda half: half.notice_ids,
    "invoices": lambda half: half.invoice_numbers,
    "announcements": lambda half: half.announcement_ids,
    "emergency-stop": lambda half: [tokens.sign(Purpose.emergency, half.emergency_ids[-1])],
    "inquiries": lambda half: half.inquiry_ids,
    "files": lambda half: half.inquiry_file_ids,
    "inquiries/confirm": lambda half: [tokens.sign(Purpose.order, half.inquiry_ids[0])],
    "apply": lambda half: ["banks", "branches"],
    "apply/papers": lambda half: [tokens.sign(Purpose.application, number) for number in open_applications()],
    "terms": lambda half: [1],
    "manual": lambda half: [1],
    "c": lambda half: [tokens.sign(Purpose.confirm, *half.subscription_ids)],
    "u": lambda half: [
        *[tokens.sign(Purpose.unsubscribe, half.subscriber_ids[0], number) for number in (0, half.mailing_ids[-1])],
        tokens.sign(Purpose.unsubscribe, half.merged_id, 0),
    ],
    "p": lambda half: [tokens.sign(Purpose.preferences, number) for number in half.subscriber_ids],
    "p/new": lambda half: [tokens.sign(Purpose.address_change, number) for number in half.change_ids],
    "l": lambda half: [f"1.{delivery_token(half, DeliveryPurpose.click)}"],
    "o": lambda half: [delivery_token(half, DeliveryPurpose.open)],
    "v": lambda half: [delivery_token(half, DeliveryPurpose.view)],
    "news-stop": lambda half: [tokens.sign(Purpose.news_stop, half.customer_id, 0)],
    "password": lambda half: [tokens.sign(Purpose.password, half.people["viewer"], half.password_number)],
    "invitations": lambda half: [tokens.sign(Purpose.invitation, number) for number in half.invitation_ids],
}
# The same for staff's and partners' screens, whose rows are nobody's or everybody's.
STAFF_ROWS: dict[str, Callable[[Stage], Values]] = {
    "new": lambda stage: ["terms", "consent", "manual"],
    "people": lambda stage: list(stage.staff_ids.values()),
    "people/invitations": lambda stage: stage.staff_invitation_ids,
    "applications": lambda stage: stage.application_ids,
    "contracts": lambda stage: [half.contract_id for half in (stage.ours, stage.theirs)],
    "notices": lambda stage: stage.ours.notice_ids,
    "letters": lambda stage: stage.ours.notice_ids,
    "announcements": lambda stage: stage.ours.announcement_ids,
    "incidents": lambda stage: stage.ours.incident_ids,
    "uploads": lambda stage: stage.ours.attested_ids,
    "<id>/documents": lambda stage: stage.ours.document_ids,
    "requests": lambda stage: stage.ours.request_ids,
    "disclosures": lambda stage: stage.ours.case_ids["disclosures"],
    "<id>/papers": lambda stage: stage.ours.case_ids["papers"],
    "purposes": lambda stage: stage.ours.case_ids["purposes"],
    "reviews": lambda stage: stage.ours.review_ids,
    "sender-names": lambda stage: stage.ours.sender_name_ids,
    "news": lambda stage: stage.ours.case_ids["news"],
    "operations": lambda stage: stage.ours.case_ids["operations"],
    "cases": lambda stage: stage.ours.case_ids["cases"],
    "cases/reports": lambda stage: stage.ours.case_ids["reports"],
    "cases/entries": lambda stage: stage.ours.case_ids["entries"],
    "cases/claims": lambda stage: stage.ours.case_ids["claims"],
    "cases/takedowns": lambda stage: stage.ours.case_ids["takedowns"],
    "cases/deletions": lambda stage: stage.ours.case_ids["deletions"],
    "corrections": lambda stage: stage.ours.correction_ids,
    "terminations": lambda stage: stage.ours.termination_ids,
    "revocations": lambda stage: stage.ours.revocation_ids,
    "receivables": lambda stage: stage.ours.receivable_ids,
    "invoices": lambda stage: stage.ours.invoice_ids,
    "month/counts": lambda stage: [stage.ours.customer_id],
    "mandates": lambda stage: stage.ours.mandate_ids,
    "erasures/contracts": lambda stage: [half.contract_id for half in (stage.ours, stage.theirs)],
    "debits": lambda stage: stage.ours.debit_ids,
    "debits/entries": lambda stage: stage.ours.debit_entry_ids,
    "<id>/months": lambda stage: ["2026-04"],
    "agreed-prices": lambda stage: stage.ours.agreed_price_ids,
    "write-offs": lambda stage: stage.ours.write_off_ids,
    "payments/returns": lambda stage: stage.ours.invoice_ids,
    "payments/lines": lambda stage: stage.ours.doubtful_line_ids,
    "lines/<id>": lambda stage: ["another", "same"],
    "payments": lambda stage: stage.ours.payment_ids,
    "payments/shares": lambda stage: stage.ours.payment_share_ids,
    "payments/refunds": lambda stage: stage.ours.refund_ids,
    "refunds/<id>": lambda stage: ["approve", "refuse", "withdraw", "pay"],
    "mandates/<id>": lambda stage: ["receive", "send", "register", "stop"],
    "courses": lambda stage: stage.catalogue["courses"],
    "prices": lambda stage: stage.catalogue["prices"],
    "options": lambda stage: stage.catalogue["options"],
    "campaigns": lambda stage: stage.catalogue["campaigns"],
    "<id>/courses": lambda stage: stage.catalogue["courses"],
    "<id>/options": lambda stage: stage.catalogue["options"],
    "mailings": lambda stage: stage.ours.mailing_ids,
    "domains": lambda stage: stage.ours.domain_ids,
    "alarms": lambda stage: list(db.session.scalars(sa.select(Alarm.id))),
    "holds": lambda stage: [stage.ours.customer_id],
    "emergency-stops": lambda stage: stage.ours.emergency_ids[:1],
    "inquiries": lambda stage: [*stage.ours.inquiry_ids, *stage.loose_inquiry_ids],
    "files": lambda stage: stage.ours.inquiry_file_ids,
    "inbound": lambda stage: stage.inbound_ids,
    "bounces/notices": lambda stage: [half.contract_id for half in (stage.ours, stage.theirs)],
}


def delivery_token(half: Half, purpose: DeliveryPurpose) -> str:
    return delivery_id(half.dispatch_ids[0], 1, purpose, identity_keys(settings().SECRET_KEY))


def open_applications() -> Values:
    found = sa.select(Application.id).where(Application.state == ApplicationState.filled)
    return list(db.session.scalars(found.order_by(Application.id).limit(1)))


def sign_ins_of(half: Half) -> Values:
    row, _ = SignIn.begin(half.person("viewer"), "192.0.2.1", "another browser")
    db.session.flush()
    number = row.id
    db.session.commit()
    return [number]


@dataclass(frozen=True)
class Route:
    endpoint: str
    rule: str
    methods: frozenset[str]
    audience: str
    origin: Origin
    keys: tuple[tuple[str, str], ...]  # (as in ROWS, with its place in the rule)

    @property
    def reads(self) -> bool:
        return "GET" in self.methods

    @property
    def base_url(self) -> str:
        return PUBLIC if self.origin is Origin.public else PORTAL

    def fill(self, values: Sequence[int | str]) -> str:
        """Return the address with these arguments in their places."""
        path = self.rule
        for (_, written), value in zip(self.keys, values, strict=True):
            path = path.replace(written, str(value), 1)
        return path

    def __str__(self) -> str:
        return f"{self.endpoint} {self.rule}"


def routes(app: Flask) -> list[Route]:
    """Return every route but `static`, in the order of their addresses."""
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static":
            continue
        blueprint = app.blueprints.get(rule.endpoint.rpartition(".")[0])
        found.append(
            Route(
                rule.endpoint,
                rule.rule,
                frozenset(rule.methods or ()) - {"HEAD", "OPTIONS"},
                getattr(blueprint, "audience", ""),
                getattr(blueprint, "origin", Origin.portal),
                tuple(keys_of(rule.rule)),
            )
        )
    return sorted(found, key=lambda route: (route.rule, sorted(route.methods)))


def keys_of(rule: str) -> Iterator[tuple[str, str]]:
    """Yield (key of ROWS, how it is written in the rule) of each argument."""
    pieces = rule.split("/")
    for place, piece in enumerate(pieces):
        found = re.fullmatch(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>(.*)", piece)
        if found:
            written = piece[: len(piece) - len(found[2])]
            before = [re.sub(r"<(?:[^:<>]*:)?(\w+)>", r"<\1>", each) for each in pieces[1:place]]
            # Two segments where one alone says too little: team/invitations, p/new.
            long, short = "/".join(before[-2:]), before[-1]
            yield (long if long in ROWS or long in STAFF_ROWS else short), written


def values_for(route: Route, half: Half, stage: Stage) -> list[Values]:
    """Return the possible values of each argument of a route, one list per argument.

    Raises KeyError with what to do when an argument is not known.
    """
    found: list[Values] = []
    for key, _ in route.keys:
        if route.audience in ("staff", "partner"):
            if key not in STAFF_ROWS:
                raise KeyError(f"{route}: say in STAFF_ROWS of tests/invariants/routes.py what stands behind {key!r}")
            found.append(STAFF_ROWS[key](stage))
        else:
            if key not in ROWS:
                raise KeyError(f"{route}: say in ROWS of tests/invariants/routes.py what stands behind {key!r}")
            found.append(ROWS[key](half))
    assert all(found), f"{route}: no row for one of {route.keys}"
    return found


def paths(route: Route, half: Half, stage: Stage) -> list[str]:
    """Return addresses of a route: the first row for every argument but the last, each row for the last."""
    values = values_for(route, half, stage)
    firsts = [each[:1] for each in values[:-1]] + values[-1:]
    return [route.fill(chosen) for chosen in itertools.product(*firsts)]


def people(route: Route, stage: Stage) -> dict[str, Account | None]:
    """Return who opens a route: each role of the right audience."""
    ids: dict[str, dict[str, int]] = {
        "customer": stage.ours.people,
        "account": {"owner": stage.ours.people["owner"]},
        "staff": {"admin": stage.admin.id},
        "partner": {"partner": stage.partner_id},
    }
    if route.audience == "public":
        return {"nobody": None}
    return {who: db.session.get_one(Account, number) for who, number in ids[route.audience].items()}
