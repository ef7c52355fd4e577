"""The fixed part of the record of consent (規則4条), for the customer at the end: texts, versions, periods.

In as many parts as it takes: one document of everything was too large for some, and their erasure never ended.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask_babel import force_locale, gettext

from wem import clock, documents
from wem.contracts import addressing
from wem.contracts.describing import in_japanese
from wem.contracts.models import Contract
from wem.db import db
from wem.documents import Document
from wem.erasure import record_rules
from wem.erasure.models import Erasure
from wem.lists.models import MailingList
from wem.lists.states import Way
from wem.lists.subscription_models import ConsentEvent, ShownText
from wem.lists.wording import WAYS
from wem.notices.rules import NoticeKind, Words
from wem.notices.telling import tell
from wem.settings import settings

# After so many failures of its typesetting a part is kept as plain text, and staff are told.
MOST_FAILURES = 3
TEXT = "text/plain; charset=utf-8"
log = logging.getLogger("wem.erasure")


@dataclass(frozen=True)
class Shown:
    """One version of what readers saw before they registered: of which list, from when to when, and how often."""

    list_name: str
    first: date
    last: date
    times: int
    content: Mapping[str, Any]


def shown(customer_id: int) -> tuple[list[Shown], int]:
    """Return what a customer's readers were shown, the oldest version first, and how many older ones are left out."""
    most = record_rules.MOST_PARTS * record_rules.TEXTS_PER_PART
    used = (
        sa.select(
            ConsentEvent.shown_text_id,
            sa.func.count().label("times"),
            sa.func.max(ConsentEvent.at).label("last"),
        )
        .where(ConsentEvent.customer_id == customer_id, ConsentEvent.shown_text_id.is_not(None))
        .group_by(ConsentEvent.shown_text_id)
        .subquery()
    )
    found = db.session.execute(
        sa.select(ShownText, MailingList.name, used.c.times, used.c.last)
        .outerjoin(MailingList, MailingList.id == ShownText.list_id)
        .outerjoin(used, used.c.shown_text_id == ShownText.id)
        .where(ShownText.customer_id == customer_id)
        .order_by(ShownText.id.desc())
        .limit(most)
    ).all()
    total = db.session.scalar(sa.select(sa.func.count(ShownText.id)).where(ShownText.customer_id == customer_id)) or 0
    texts = [
        Shown(name or "", text.first_shown_at.date(), (last or text.first_shown_at).date(), times or 0, text.content)
        for text, name, times, last in reversed(found)
    ]
    return texts, total - len(texts)


def parts(contract: Contract) -> list[dict[str, Any]]:
    """Return what each part of the record shows, each small enough to be set."""
    texts, older = shown(contract.customer_id)
    portions, out = record_rules.portions([_text(each) for each in texts])
    to, first = addressing.addressee(contract), 1
    found = []
    for number, portion in enumerate(portions, 1):
        found.append(
            {
                "to": {"name": to.name, "honorific": to.honorific},
                "contract": contract.number,
                "issued": in_japanese(clock.today()),
                "issuer": settings().PROVIDER_NAME,
                "part": f"{number}／{len(portions)}" if len(portions) > 1 else "",
                "first": first,
                "older": f"{older + out:,}" if older + out and number == 1 else "",
                "texts": portion,
            }
        )
        first += len(portion)
    return found


def _text(each: Shown) -> dict[str, Any]:
    return {
        "list": each.list_name,
        "first": in_japanese(each.first),
        "last": in_japanese(each.last),
        "times": f"{each.times:,}",
        "content": [[item, record_rules.bounded(text)] for item, text in _content(each.content)],
    }


def _content(content: Mapping[str, Any]) -> list[list[str]]:
    """Return what was shown as rows of (item, text)."""
    items = {
        "notice": gettext("Notice before the registration"),
        "notice_version": gettext("Version of the notice"),
        "sender_name": gettext("Sender shown"),
        "description": gettext("Description shown"),
        "intro": gettext("Introduction shown"),
        "labels": gettext("Fields of the form"),
        "form_version": gettext("Version of the form"),
        "language": gettext("Language shown"),
        "way": gettext("Way of registration"),
    }
    rows = []
    for name, item in items.items():
        value = content.get(name, "")
        text = "\n".join(str(each) for each in value) if isinstance(value, list) else str(value)
        if name == "way" and text in {way.value for way in Way}:
            text = str(WAYS[Way(text)])
        if text.strip():
            rows.append([str(item), text])
    return rows


def give(row: Erasure, contract: Contract) -> Iterator[None]:
    """Keep the record part by part, then give it to the customer with the notice of the erasure, which names it in
    `row.document_id`; whoever iterates commits. It ends without that where a part could not be set this time.
    """
    with force_locale("ja"):
        found = parts(contract)
    for number, data in enumerate(found, 1):
        stem = f"consent-record-{contract.number}" + (f"-{number}" if len(found) > 1 else "")
        if any(kept.name.startswith(f"{stem}.") for kept in row.documents):
            continue
        made = _made(row, data)
        if made is None:
            yield
            return
        content, ending, media_type = made
        documents.keep(
            content, f"{stem}.{ending}", about=row.about, customer_id=contract.customer_id, media_type=media_type
        )
        yield
    kept = row.documents
    _tell(row, contract, kept)
    row.document_id = kept[0].id
    yield


def _made(row: Erasure, data: Mapping[str, Any]) -> tuple[bytes, str, str] | None:
    """Return a part with the ending of its name and its kind: as PDF, and when that failed too often as plain text,
    which staff are told of; None when it is tried again later.
    """
    if row.failures < MOST_FAILURES:
        try:
            return documents.pdf("erasure/consent_record.typ", data), "pdf", documents.PDF
        except documents.NotMade as error:
            row.failures += 1
            log.error("the record of consent of %s was not set (%s times): %s", row.number, row.failures, error)
            return None
    row.fault_at = row.fault_at or clock.now()
    return record_rules.as_text(data).encode(), "txt", TEXT


def _tell(row: Erasure, contract: Contract, kept: Sequence[Document]) -> None:
    attached = record_rules.attached([each.size for each in kept])
    months = int(settings().CUSTOMER_KEPT_MONTHS)
    with force_locale("ja"):
        after = [
            gettext(
                "Attached is the fixed part of the record of consent: what readers were shown, in which versions, "
                "from when to when. It holds no addresses. Keep it for as long as the law asks of senders."
            ),
            gettext(
                "Your own data go %(months)s months after the end; invoices when the law allows it.", months=months
            ),
        ]
        if attached < len(kept):
            after.insert(
                1,
                gettext(
                    "The record has %(number)s parts, of which %(attached)s are attached. Please ask our help desk for "
                    "the others before your own data go.",
                    number=len(kept), attached=attached,
                ),
            )  # fmt: skip
        words = Words(
            gettext("Your readers' data are erased"),
            [
                gettext("Your contract is over. We erase your readers' data, mailings and results now (consent 6)."),
                gettext("They are not returned and cannot be restored (Art. 15-4)."),
            ],
            [
                (gettext("Contract number"), contract.number),
                (gettext("Erasure"), row.number),
            ],
            after,
        )
        tell(
            addressing.addressee(contract),
            words,
            NoticeKind.erasure,
            customer_id=contract.customer_id,
            about=addressing.about(contract),
            terms_version=contract.terms_version,
            files=tuple((each.storage_key, each.name) for each in kept[:attached]),
        )
