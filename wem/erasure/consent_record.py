"""The fixed part of the record of consent (規則4条), for the customer at the end: texts, versions, periods."""

from __future__ import annotations

from collections.abc import Mapping
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
from wem.erasure.models import Erasure
from wem.lists.models import ConsentEvent, MailingList, ShownText
from wem.lists.states import Way
from wem.lists.wording import WAYS
from wem.notices.rules import NoticeKind, Words
from wem.notices.telling import tell
from wem.settings import settings

MOST_TEXTS = 300


@dataclass(frozen=True)
class Shown:
    """One version of what readers saw before they registered: of which list, from when to when, and how often."""

    list_name: str
    first: date
    last: date
    times: int
    content: Mapping[str, Any]


def shown(customer_id: int) -> list[Shown]:
    """Return what a customer's readers were shown, the oldest version first; of very many the last ones."""
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
        .limit(MOST_TEXTS)
    ).all()
    return [
        Shown(name or "", text.first_shown_at.date(), (last or text.first_shown_at).date(), times or 0, text.content)
        for text, name, times, last in reversed(found)
    ]


def data(contract: Contract, texts: list[Shown]) -> dict[str, Any]:
    """Return what the document shows."""
    to = addressing.addressee(contract)
    return {
        "to": {"name": to.name, "honorific": to.honorific},
        "contract": contract.number,
        "issued": in_japanese(clock.today()),
        "issuer": settings().PROVIDER_NAME,
        "texts": [
            {
                "list": each.list_name,
                "first": in_japanese(each.first),
                "last": in_japanese(each.last),
                "times": f"{each.times:,}",
                "content": _content(each.content),
            }
            for each in texts
        ],
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


def pdf(contract: Contract) -> bytes:
    """Return the document. Raises documents.NotMade."""
    with force_locale("ja"):
        return documents.pdf("erasure/consent_record.typ", data(contract, shown(contract.customer_id)))


def give(row: Erasure, contract: Contract) -> None:
    """Keep the document and give it to the customer with the notice of the erasure; the caller commits."""
    kept = documents.keep(
        pdf(contract), f"consent-record-{contract.number}.pdf", about=f"erasure {row.id}",
        customer_id=contract.customer_id,
    )  # fmt: skip
    row.document_id = kept.id
    months = int(settings().CUSTOMER_KEPT_MONTHS)
    with force_locale("ja"):
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
            [
                gettext(
                    "Attached is the fixed part of the record of consent: what readers were shown, in which versions, "
                    "from when to when. It holds no addresses. Keep it for as long as the law asks of senders."
                ),
                gettext(
                    "Your own data go %(months)s months after the end; invoices when the law allows it.", months=months
                ),
            ],
        )
        tell(
            addressing.addressee(contract),
            words,
            NoticeKind.erasure,
            customer_id=contract.customer_id,
            about=addressing.about(contract),
            terms_version=contract.terms_version,
            files=((kept.storage_key, kept.name),),
        )
