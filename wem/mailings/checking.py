"""Looks a mailing over before it is sent: one list of what is refused, what deserves a look, and what is in order."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser

import sqlalchemy as sa
from flask_babel import format_decimal, gettext

from wem.accounts.models import Customer
from wem.contracts.models import Contract, contract_in_force
from wem.contracts.rules import Use
from wem.contracts.wording import LEGAL_ITEMS
from wem.db import db
from wem.delivery.personalising import TemplateProblem
from wem.domains.choosing import sender_address
from wem.lists.models import Upload
from wem.lists.states import UploadKind, UploadState
from wem.mailings import previewing, starting
from wem.mailings.audience import most_recipients
from wem.mailings.models import BodyKind, Mailing
from wem.mailings.previewing import GMAIL_KB
from wem.mailings.starting import Problem
from wem.mailings.wording import problem_text

# Named in a message, the rest is counted.
SHOWN = 5


class Severity(enum.StrEnum):
    refusal = "refusal"
    warning = "warning"
    ok = "ok"


@dataclass(frozen=True)
class Check:
    """One point: what was found and what to do about it. `at` is "edit" where the draft itself is to be changed."""

    severity: Severity
    title: str
    what: str = ""
    todo: str = ""
    at: str = ""


def checks(mailing: Mailing) -> list[Check]:
    """Return everything that was looked at, refusals first; texts are in the reader's language."""
    contract = contract_in_force(mailing.customer_id)
    problems = starting.problems(mailing, Use.schedule)
    found = [
        _contract(problems),
        _legal(contract),
        _subject(mailing),
        _audience(mailing, problems),
        _body(mailing),
        _text_part(mailing),
        *_template(mailing, problems),
        _way_out(),
        _sender(mailing),
        *_reply(contract),
        *_first_mail(mailing),
    ]
    if mailing.body_kind is BodyKind.html and mailing.html.strip():
        found += [*_links_and_images(mailing.html), *_size(mailing)]
    order = list(Severity)
    return sorted(found, key=lambda check: order.index(check.severity))


def refused(found: list[Check]) -> bool:
    """Return whether one of the checks forbids sending."""
    return any(check.severity is Severity.refusal for check in found)


def warned(found: list[Check]) -> bool:
    """Return whether one of the checks deserves a look."""
    return any(check.severity is Severity.warning for check in found)


def _check(fine: bool, title: str, what: str, todo: str, at: str = "", severity: Severity = Severity.refusal) -> Check:
    return Check(Severity.ok, title) if fine else Check(severity, title, what, todo, at)


def _contract(problems: list[Problem]) -> Check:
    return _check(
        Problem.contract not in problems,
        gettext("The contract permits sending"),
        gettext("The service is suspended, has not begun or has ended."),
        gettext("Please see the contract page, or ask the help desk."),
    )


def _legal(contract: Contract | None) -> Check:
    missing = contract.missing_legal_items if contract else []
    return _check(
        not missing,
        gettext("The five items that the law asks for (law on specified e-mail, Art. 4)"),
        gettext(
            "Missing in the contract's details: %(items)s.", items=", ".join(str(LEGAL_ITEMS[each]) for each in missing)
        ),
        gettext("Please complete the details on the contract page, or ask the help desk."),
    )


def _subject(mailing: Mailing) -> Check:
    return _check(
        bool(mailing.subject.strip()),
        gettext("Subject"),
        gettext("There is no subject."),
        gettext("Please write a subject."),
        "edit",
    )


def _audience(mailing: Mailing, problems: list[Problem]) -> Check:
    title = gettext("Lists and readers")
    if Problem.no_list in problems:
        return Check(Severity.refusal, title, gettext("No list is chosen."), gettext("Please choose a list."), "edit")
    if Problem.nobody in problems:
        what = gettext("Nobody is on the chosen lists.")
        return Check(Severity.refusal, title, what, gettext("Please bring in readers, or choose another list."), "edit")
    count = format_decimal(most_recipients(mailing))
    return Check(Severity.ok, title, gettext("It goes to at most %(count)s readers.", count=count))


def _body(mailing: Mailing) -> Check:
    return _check(
        bool((mailing.text if mailing.body_kind is BodyKind.text else mailing.html).strip()),
        gettext("Body of the mail"),
        gettext("There is nothing in the mail."),
        gettext("Please write the mail."),
        "edit",
    )


def _text_part(mailing: Mailing) -> Check:
    title = gettext("Text part")
    if mailing.body_kind is BodyKind.text or (mailing.text.strip() and not mailing.text_outdated):
        return Check(Severity.ok, title)
    if mailing.text_outdated:
        what = gettext("The HTML has changed since the text was edited by hand.")
        todo = gettext("Please read the text again, or have it made from the HTML again.")
    else:
        what = gettext("The text part is empty. Phones of old kinds and some programs show only text.")
        todo = gettext("Please write a text, or save the mail again to have it made.")
    return Check(Severity.warning, title, what, todo, "edit")


def _template(mailing: Mailing, problems: list[Problem]) -> Iterator[Check]:
    title = gettext("Fields in the texts")
    try:
        previewing.compiled(mailing)
    except TemplateProblem as problem:
        todo = gettext("Please mend it. A field may have been deleted since you wrote the mail.")
        yield Check(Severity.refusal, title, problem_text(problem), todo, "edit")
        return
    if Problem.personal_link in problems:
        what = gettext("A field that would give the reader's data away stands in a link or in a written-out address.")
        todo = gettext("Please take it out. Only choice and yes/no fields can stand there.")
        yield Check(Severity.refusal, title, what, todo, "edit")
        return
    if Problem.template in problems:
        yield Check(Severity.refusal, title, gettext("A text cannot be filled in."), gettext("Please mend it."), "edit")
        return
    yield Check(Severity.ok, title)


def _way_out() -> Check:
    return Check(
        Severity.ok,
        gettext("Way to stop the mails"),
        gettext("The system adds it to every mail; it cannot be removed."),
    )


def _sender(mailing: Mailing) -> Check:
    title = gettext("Sender's address")
    sender = sender_address(db.session.get_one(Customer, mailing.customer_id), mailing.lists)
    if sender.broken:
        what = gettext("%(address)s: the DNS records of its domain are no longer found.", address=sender.address)
        todo = gettext(
            "Please mend them under “Sender domains”, or choose another address in the settings of the list."
        )
        return Check(Severity.refusal, title, what, todo)
    if sender.ambiguous:
        what = gettext("The lists have different addresses. It goes from %(address)s.", address=sender.address)
        todo = gettext(
            "If that is not what you want, send to each list by itself, or change the settings of the lists."
        )
        return Check(Severity.warning, title, what, todo)
    if sender.domain is not None and not sender.domain.dmarc_found:
        what = gettext("It goes from %(address)s, whose domain has no DMARC policy.", address=sender.address)
        todo = gettext("Gmail and others refuse large mailings without it; the record stands under “Sender domains”.")
        return Check(Severity.warning, title, what, todo)
    what = gettext("It goes from %(address)s.", address=sender.address)
    if sender.domain is None:
        what += " " + gettext("You have no proven domain for these lists, so the address is the service's.")
    return Check(Severity.ok, title, what)


def _reply(contract: Contract | None) -> Iterator[Check]:
    if contract is not None and not starting.reply_address(contract):
        yield Check(
            Severity.warning,
            gettext("Replies"),
            gettext("The contract's contact is not a mail address, so replies reach nobody."),
            gettext("Say in the mail how to reach you, or give a mail address as contact on the contract page."),
        )


def _first_mail(mailing: Mailing) -> Iterator[Check]:
    # The uploads are few; the readers may be a million.
    attested = sa.exists().where(
        Upload.list_id.in_([row.id for row in mailing.lists]),
        Upload.kind == UploadKind.attested,
        Upload.state == UploadState.applied,
    )
    if mailing.lists and db.session.scalar(sa.select(attested)):
        yield Check(
            Severity.ok,
            gettext("First mail to uploaded readers"),
            gettext("Readers from an attested upload get, with their first mail, a note why it comes and how to stop."),
        )


def _links_and_images(html: str) -> Iterator[Check]:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    insecure = [link for link in reader.links if link.lower().startswith("http://")]
    broken = [link for link in reader.links if not _leads_somewhere(link)]
    yield _check(
        not insecure,
        gettext("Links are encrypted (https)"),
        gettext("Links with http://: %(links)s", links=_some(insecure)),
        gettext("Use https:// where the site offers it; some programs warn of http://."),
        "edit",
        Severity.warning,
    )
    yield _check(
        not broken,
        gettext("Links lead somewhere"),
        gettext("Links that lead nowhere: %(links)s", links=_some(broken)),
        gettext("Write whole addresses that begin with https://."),
        "edit",
        Severity.warning,
    )
    yield _check(
        not reader.without_alt,
        gettext("Images have a text in their place (alt)"),
        gettext("Images without alt: %(images)s", images=_some(reader.without_alt)),
        gettext("Say in alt what the image shows; many programs show images only when asked."),
        "edit",
        Severity.warning,
    )


def _size(mailing: Mailing) -> Iterator[Check]:
    try:
        size = previewing.as_sample(mailing, previewing.LONGEST).size_kb
    except TemplateProblem:
        return
    yield _check(
        size < GMAIL_KB,
        gettext("Size"),
        gettext(
            "The HTML has up to %(size)s KB. Gmail cuts at 102 KB and hides the legal block with the rest.", size=size
        ),
        gettext("Please shorten the mail."),
        "edit",
        Severity.warning,
    )


def _leads_somewhere(link: str) -> bool:
    # A link that is filled in per reader is seen when it is filled in.
    return link.startswith("{{") or link.lower().startswith(("https://", "http://", "mailto:", "tel:"))


def _some(values: list[str]) -> str:
    shown = ", ".join(dict.fromkeys(value[:80] or "（）" for value in values[:SHOWN]))
    return shown + (" …" if len(values) > SHOWN else "")


class _Reader(HTMLParser):
    """Gathers links and images of cleaned HTML."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[str] = []
        self.without_alt: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("a", "area") and "href" in given:
            self.links.append((given["href"] or "").strip())
        if tag == "img" and given.get("alt") is None:
            self.without_alt.append((given.get("src") or "").strip())
