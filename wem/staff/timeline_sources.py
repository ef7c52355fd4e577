"""Where a timeline takes its entries from: acts, requests, notices, terms, standstills, documents, evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from wem import storage
from wem.audit import AuditEvent
from wem.contracts.application_models import Application
from wem.contracts.describing import terminated_part
from wem.contracts.models import Contract
from wem.contracts.part_models import ContractTerm, Standstill
from wem.contracts.request_models import ContractRequest, Correction, RenewalRefusal, Termination
from wem.contracts.wording import (
    CORRECTIONS,
    GROUNDS,
    REQUESTS,
    TERMINATION_GROUNDS,
    TERMINATIONS,
    state_of,
)
from wem.db import db
from wem.documents import Document
from wem.lists.states import DECIDED, UploadKind, UploadState
from wem.lists.upload_models import Upload
from wem.lists.upload_texts import STATES as UPLOAD_STATES
from wem.notices.models import Notice
from wem.notices.wording import KINDS as NOTICE_KINDS
from wem.notices.wording import STATES as NOTICE_STATES
from wem.staff import trail
from wem.staff.timeline_applying import application_days
from wem.staff.timeline_entries import Entry, midnight, names
from wem.staff.timeline_rules import Place, comes_before
from wem.staff.trail import Detail

# What has a line of its own below, with more in it.
TOLD_ELSEWHERE = (
    "notice.tell", "request.open", "correction.issue", "termination.propose", "refusal.send", "contract.renew",
)  # fmt: skip
# Where the subject of an event has a page: below which address, and by which entry of the navigation one may open it.
PAGES = {
    "Application": ("/staff/applications", "/staff/applications"),
    "Case": ("/staff/cases", "/staff/cases"),
    "ContractRequest": ("/staff/requests", "/staff/requests"),
    "Deletion": ("/staff/cases/deletions", "/staff/cases"),
    "Disclosure": ("/staff/disclosures", "/staff/disclosures"),
    "EmergencyStop": ("/staff/emergency-stops", "/staff/emergency-stops"),
    "Incident": ("/staff/incidents", "/staff/incidents"),
    "Inquiry": ("/staff/inquiries", "/staff/inquiries"),
    "Invoice": ("/staff/invoices", "/staff/invoices"),
    "Mandate": ("/staff/mandates", "/staff/mandates"),
    "Notice": ("/staff/notices", "/staff/notices"),
    "DebitEntry": ("/staff/debits/entries", "/staff/debits"),
    "Payment": ("/staff/payments", "/staff/payments"),
    "OperationOrder": ("/staff/operations", "/staff/operations"),
    "Report": ("/staff/cases/reports", "/staff/cases"),
    "SenderDomain": ("/staff/domains", "/staff/domains"),
    "SenderName": ("/staff/sender-names", "/staff/sender-names"),
    "Revocation": ("/staff/revocations", "/staff/catalog"),
    "Termination": ("/staff/terminations", "/staff/catalog"),
}
# How our own papers are called, by what they are about and how the names of their files begin.
PAPERS = {
    "invoice": ("invoice-", _l("Invoice no. %(number)s")),
    "payment": ("receipt-", _l("Receipt no. %(number)s")),
    "erasure": ("consent-record-", _l("Consent record of contract %(number)s")),
}

Source = Callable[[Contract, Place | None, int], list[Entry]]


def _asked(found: sa.Select[Any], moment: Any, id: Any, rank: int, before: Place | None, most: int) -> Any:
    """Return the rows of a table that come before a place, newest first."""
    if before is not None:
        earlier = moment < before.at
        if rank < before.rank:
            earlier = moment <= before.at
        elif rank == before.rank:
            earlier = sa.or_(earlier, sa.and_(moment == before.at, id < before.id))
        found = found.where(earlier)
    return db.session.scalars(found.order_by(moment.desc(), id.desc()).limit(most)).all()


def _few(entries: Iterator[Entry], before: Place | None) -> list[Entry]:
    return [entry for entry in entries if before is None or comes_before(entry.place, before)]


def _acts(contract: Contract, before: Place | None, most: int) -> list[Entry]:
    found = sa.select(AuditEvent).where(
        AuditEvent.customer_id == contract.customer_id, AuditEvent.action.not_in(TOLD_ELSEWHERE)
    )
    events = _asked(found, AuditEvent.at, AuditEvent.id, 0, before, most)
    entries = []
    for event, line in zip(events, trail.lines(events), strict=True):
        model, _, number = event.subject.partition(" ")
        base, area = PAGES.get(model, ("", ""))
        details = [Detail("", line.subject), *line.details] if line.subject else line.details
        url = f"{base}/{number}" if base and number else ""
        entries.append(Entry(Place(event.at, 0, event.id), line.what, details, line.who, url=url, area=area))
    return entries


def _notices(contract: Contract, before: Place | None, most: int) -> list[Entry]:
    mine: list[sa.ColumnElement[bool]] = [Notice.customer_id == contract.customer_id]
    application = _application(contract)
    if application is not None:
        mine.append(Notice.about == application.about)
    rows = _asked(sa.select(Notice).where(sa.or_(*mine)), Notice.created_at, Notice.id, 1, before, most)
    people = names({row.created_by for row in rows})
    return [
        Entry(
            Place(row.created_at, 1, row.id),
            str(gettext("Notice: %(title)s", title=row.title)),
            [Detail("", row.number), Detail(str(gettext("Kind")), str(NOTICE_KINDS[row.kind]))],
            people.get(row.created_by, ""),
            NOTICE_STATES[row.channel][row.state],
            f"/staff/notices/{row.id}",
            "/staff/notices",
        )
        for row in rows
    ]


def _requests(contract: Contract, before: Place | None, most: int) -> list[Entry]:
    found = sa.select(ContractRequest).where(ContractRequest.contract_id == contract.id)
    rows = _asked(found, ContractRequest.received_at, ContractRequest.id, 2, before, most)
    people = names({row.asked_by for row in rows})
    return [
        Entry(
            Place(row.received_at, 2, row.id),
            str(gettext("Request: %(name)s", name=REQUESTS[row.kind])),
            [Detail(str(gettext("Holds from")), row.effective_on)] if row.effective_on else [],
            people.get(row.asked_by, ""),
            state_of(row),
            f"/staff/requests/{row.id}",
            "/staff/requests",
        )
        for row in rows
    ]


def _ours(contract: Contract, before: Place | None, most: int) -> list[Entry]:
    return _few(_our_side(contract), before)


def _our_side(contract: Contract) -> Iterator[Entry]:
    """Yield refusals of renewal, demands for correction, terminations."""

    def rows(kind: Any) -> Any:
        return db.session.scalars(sa.select(kind).where(kind.contract_id == contract.id)).all()

    refusals, corrections, terminations = rows(RenewalRefusal), rows(Correction), rows(Termination)
    people = names(
        {row.sent_by for row in refusals}
        | {row.issued_by for row in corrections}
        | {row.proposed_by for row in terminations}
    )
    for row in refusals:
        details = [Detail(str(gettext("Reason")), row.reason)]
        if row.arrived_on:
            details.append(Detail(str(gettext("It reached the customer on")), row.arrived_on))
        what = str(gettext("We refused the renewal (Art. 5-3)"))
        yield Entry(Place(row.sent_at, 3, row.id), what, details, people.get(row.sent_by, ""))
    for row in corrections:
        details = [Detail("", row.breach[:200]), Detail(str(gettext("Deadline")), row.deadline)]
        what = str(gettext("We demanded a correction (Art. 14-2)"))
        state = CORRECTIONS[row.state]
        yield Entry(Place(row.issued_at, 4, row.id), what, details, people.get(row.issued_by, ""), state)
    for row in terminations:
        yield Entry(
            Place(row.proposed_at, 5, row.id),
            str(gettext("A termination was asked for (Art. 14)")),
            [Detail("", text) for text in (str(TERMINATION_GROUNDS[row.ground]), terminated_part(row)) if text],
            people.get(row.proposed_by, ""),
            TERMINATIONS[row.state],
            f"/staff/terminations/{row.id}",
            "/staff/catalog",
            f"/staff/terminations/{row.id}/evidence" if row.evidence_key else "",
        )


def _times(contract: Contract, before: Place | None, most: int) -> list[Entry]:
    return _few(_terms_and_standstills(contract), before)


def _terms_and_standstills(contract: Contract) -> Iterator[Entry]:
    for term in db.session.scalars(sa.select(ContractTerm).where(ContractTerm.contract_id == contract.id)):
        what = gettext("Renewed, term no. %(number)s", number=term.number) if term.number else gettext("Minimum term")
        details = [Detail(str(gettext("Ends on")), term.aligned_end)]
        who = str(gettext("The system"))
        yield Entry(Place(midnight(term.begins), 6, term.number), str(what), details, who, dated=True)
    for row in db.session.scalars(sa.select(Standstill).where(Standstill.contract_id == contract.id)):
        details = [Detail(str(gettext("Suspended on")), row.since)]
        if row.ground:
            details.append(Detail(str(gettext("Ground")), str(GROUNDS[row.ground])))
        what = gettext("End of a suspension")
        yield Entry(Place(midnight(row.until), 7, row.id), str(what), details, dated=True)


def _papers(contract: Contract, before: Place | None, most: int) -> list[Entry]:
    """Documents that are kept, but those of notices, which the notices lead to."""
    rows = _asked(kept(contract), Document.created_at, Document.id, 8, before, most)
    return [
        Entry(
            Place(row.created_at, 8, row.id),
            _called(row),
            file=f"/staff/contracts/{contract.id}/documents/{row.id}",
        )
        for row in rows
    ]


def _called(row: Document) -> str:
    """Return what people call a document: what we made ourselves has a number, all else only the name of its file."""
    beginning, words = PAPERS.get(row.about.partition(" ")[0], ("", ""))
    if beginning and row.name.startswith(beginning):
        return str(words) % {"number": row.name.removeprefix(beginning).rpartition(".")[0]}
    return str(gettext("Document: %(name)s", name=row.name))


def kept(contract: Contract) -> sa.Select[Any]:
    mine: list[sa.ColumnElement[bool]] = [Document.customer_id == contract.customer_id]
    application = _application(contract)
    if application is not None:
        mine.append(Document.about == application.about)
    return sa.select(Document).where(sa.or_(*mine), Document.about.not_like("notice %"))


def _evidence(contract: Contract, before: Place | None, most: int) -> list[Entry]:
    """What customers stated and attached about consent that was gathered elsewhere."""
    handed_in = Upload.kind == UploadKind.attested, Upload.state.in_((UploadState.waiting, *DECIDED))
    found = sa.select(Upload).where(Upload.customer_id == contract.customer_id, *handed_in)
    rows = _asked(found, Upload.created_at, Upload.id, 9, before, most)
    people = names({row.created_by for row in rows})
    return [
        Entry(
            Place(row.created_at, 9, row.id),
            str(gettext("Upload with consent gathered elsewhere: %(name)s", name=row.filename)),
            who=people.get(row.created_by, ""),
            state=UPLOAD_STATES[row.state],
            url=f"/staff/uploads/{row.id}",
            area="/staff/uploads",
            file=f"/staff/uploads/{row.id}/evidence" if _is_there(row) else "",
        )
        for row in rows
    ]


def _is_there(upload: Upload) -> bool:
    key = upload.statement.get("evidence")
    return isinstance(key, str) and bool(key) and storage.path_of(key).exists()


def _applied(contract: Contract, before: Place | None, most: int) -> list[Entry]:
    application = _application(contract)
    return _few(application_days(application), before) if application else []


def _application(contract: Contract) -> Application | None:
    return db.session.scalar(sa.select(Application).where(Application.contract_id == contract.id).limit(1))


DOCUMENTS: list[Source] = [_notices, _requests, _ours, _papers, _evidence, _applied]
ACTS: list[Source] = [_acts, _times]
SHOWN = {"documents": DOCUMENTS, "acts": ACTS}
