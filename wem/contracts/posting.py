"""A notice to the customer as a mail, until `notices` keeps them all: the same words, kinds and arguments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext

from wem import outbox
from wem.outbox import SystemMail
from wem.settings import settings


@dataclass(frozen=True)
class Addressee:
    """To whom a notice goes."""

    name: str
    email: str
    postal_code: str
    address: str


@dataclass(frozen=True)
class Words:
    """What a notice says: paragraphs before a table of terms and values, and after it."""

    title: str
    before: Sequence[str] = ()
    facts: Sequence[tuple[str, str]] = ()
    after: Sequence[str] = ()
    contract: bool = True


def tell(
    to: Addressee,
    words: Words,
    kind: str,
    *,
    customer_id: int,
    about: str,
    terms_version: int,
    by: int | None = None,
    by_letter: bool = False,
    deadline: datetime | None = None,
) -> None:
    """Post the notice; the caller commits."""
    table = "\n".join(f"{term}: {value}" for term, value in words.facts)
    dear = gettext("Dear %(name)s,", name=to.name)
    text = "\n\n".join(part for part in (dear, *words.before, table, *words.after, settings().PROVIDER_NAME) if part)
    mail = SystemMail(
        "contract_notice", to.email, words.title, text + "\n", sender_name=settings().PROVIDER_NAME,
        lifetime=timedelta(days=3),
    )  # fmt: skip
    outbox.post(mail, customer_id=customer_id, about=about)
