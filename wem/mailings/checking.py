"""Looks a mailing over before it is sent: one list of what is refused, what deserves a look, and what is in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import sqlalchemy as sa
from flask_babel import format_decimal, gettext

from wem.accounts.models import Customer
from wem.contracts.models import Contract, contract_in_force
from wem.contracts.rules import Use
from wem.contracts.wording import LEGAL_ITEMS
from wem.db import db
from wem.delivery.personalising import TemplateProblem
from wem.delivery.rendering import Letter
from wem.domains.choosing import sender_address
from wem.lists.models import Upload
from wem.lists.states import UploadKind, UploadState
from wem.mailings import audience, narrowing, previewing, starting
from wem.mailings.checks import Check, Severity, judged
from wem.mailings.design_checks import left_to_fill_in
from wem.mailings.greetings import doubled_defaults, doubled_when_filled
from wem.mailings.markup_checks import links_and_images, some
from wem.mailings.models import BodyKind, Mailing
from wem.mailings.previewing import GMAIL_KB, Shown
from wem.mailings.reach_wording import reach_text
from wem.mailings.samples import Sample
from wem.mailings.starting import Problem, Ready
from wem.mailings.wording import problem_text


def checks(mailing: Mailing) -> list[Check]:
    """Return everything that was looked at, refusals first; texts are in the reader's language."""
    contract = contract_in_force(mailing.customer_id)
    # Made once: it is what takes long here.
    ready = starting.make(mailing, contract) if contract else None
    problems = starting.problems(mailing, Use.schedule, ready)
    letter = starting.letter(mailing, contract, ready) if contract and ready and ready.templates else None
    found = [
        _contract(problems),
        *([_complaints(problems)] if Problem.complaints in problems else []),
        *([_taken_down()] if Problem.taken_down in problems else []),
        _legal(contract),
        _subject(mailing),
        _audience(mailing, problems),
        _in_body(_body(mailing), mailing),
        _text_part(mailing),
        *([_in_body(_template(ready), mailing)] if ready else []),
        _way_out(),
        *_greeting(ready, _shown_to(mailing, letter, Sample.empty)),
        _sender(mailing),
        *_first_mail(mailing),
        *(_in_body(check, mailing) for check in left_to_fill_in(mailing)),
        *([_review()] if Problem.review in problems else []),
    ]
    if mailing.body_kind.has_html and mailing.html.strip():
        found += [
            *(_in_body(check, mailing) for check in links_and_images(mailing.html, mailing.customer_id)),
            *(_in_body(check, mailing) for check in _size(_shown_to(mailing, letter, Sample.longest))),
        ]
    order = list(Severity)
    return sorted(found, key=lambda check: order.index(check.severity))


def _in_body(check: Check, mailing: Mailing) -> Check:
    """Return a point about the body with the page on which that is changed."""
    return replace(check, at="blocks") if check.at and mailing.body_kind is BodyKind.blocks else check


def refused(found: list[Check]) -> bool:
    """Return whether one of the checks forbids sending."""
    return any(check.severity is Severity.refusal for check in found)


def warned(found: list[Check]) -> bool:
    """Return whether one of the checks deserves a look."""
    return any(check.severity is Severity.warning for check in found)


def _contract(problems: list[Problem]) -> Check:
    return judged(
        Problem.contract not in problems,
        gettext("The contract permits sending"),
        gettext("The service is suspended, has not begun or has ended."),
        gettext("Please see the contract page, or ask the help desk."),
    )


def _complaints(problems: list[Problem]) -> Check:
    return judged(
        Problem.complaints not in problems,
        gettext("Few complaints by readers"),
        gettext("Unusually many readers reported your mailings as a nuisance, so they wait for our staff."),
        gettext("Please wait for our answer, or ask the help desk."),
    )


def _taken_down() -> Check:
    return judged(
        False,
        gettext("Not taken down by us"),
        gettext("Our staff have taken this mailing down; the notice says why."),
        gettext("Please see the notice, or ask the help desk."),
    )


def _review() -> Check:
    return Check(
        Severity.ok,
        gettext("Looked at by our staff"),
        gettext("Our staff look at this mailing before it is sent; then it goes by itself, at once or at its time."),
    )


def _legal(contract: Contract | None) -> Check:
    missing = contract.missing_legal_items if contract else []
    return judged(
        not missing,
        gettext("The five items that the law asks for (law on specified e-mail, Art. 4)"),
        gettext(
            "Missing in the contract's details: %(items)s.",
            items=gettext(", ").join(str(LEGAL_ITEMS[each]) for each in missing),
        ),
        gettext("Please complete the details on the contract page, or ask the help desk."),
    )


def _subject(mailing: Mailing) -> Check:
    return judged(
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
    if Problem.segment in problems:
        names = gettext(", ").join(narrowing.lost(mailing))
        what = gettext("Segments that are gone, or speak of a field or list that is gone: %(names)s.", names=names)
        return Check(Severity.refusal, title, what, gettext("Please mend the segment, or choose another one."), "edit")
    reach = audience.reach(mailing)
    what, count = reach_text(reach), reach.count
    if reach.narrowed and not count:
        todo = gettext("Please look at the segments. If nobody fits when sending starts, nothing is sent.")
        return Check(Severity.warning, title, what, todo, "edit")
    usual = audience.largest_of_late(mailing.customer_id)
    if not audience.unusually_large(count, usual):
        return Check(Severity.ok, title, what)
    if usual:
        what += gettext(" The largest of your last mailings went to %(count)s.", count=format_decimal(usual))
    else:
        what += gettext(" It is your first mailing.")
    return Check(Severity.warning, title, what, gettext("Please make sure that these are the lists you mean."), "edit")


def _body(mailing: Mailing) -> Check:
    return judged(
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


def _template(ready: Ready) -> Check:
    title = gettext("Fields in the texts")
    if ready.fault:
        todo = gettext("Please mend it. A field may have been deleted since you wrote the mail.")
        return Check(Severity.refusal, title, problem_text(ready.fault), todo, "edit")
    if ready.problem is Problem.personal_link:
        what = gettext("A field that would give the reader's data away stands in a link or in a written-out address.")
        todo = gettext("Please take it out. Only choice and yes/no fields can stand there.")
        return Check(Severity.refusal, title, what, todo, "edit")
    return Check(Severity.ok, title)


def _greeting(ready: Ready | None, nobody: Shown | None) -> Iterator[Check]:
    """Yield a warning where a reader without a name would be greeted with two titles."""
    if ready is None or nobody is None:
        return
    source = ready.source
    doubled = [twice for text in (source.subject, source.html, source.text) for twice in doubled_defaults(text)]
    doubled += doubled_when_filled(nobody.subject, nobody.text, nobody.html)
    if doubled:
        yield Check(
            Severity.warning,
            gettext("Greeting of readers without a name"),
            gettext("The title stands twice: %(greetings)s", greetings=some(doubled)),
            gettext("Please insert the salutation from the fields instead, or take the title out of the default."),
            "edit",
        )


def _shown_to(mailing: Mailing, letter: Letter | None, sample: Sample) -> Shown | None:
    if letter is None:
        return None
    readers = {reader.sample: reader for reader in previewing.samples_of(mailing.customer_id)}
    try:
        return previewing.filled(letter, readers[sample])
    except TemplateProblem:
        return None


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


def _size(longest: Shown | None) -> Iterator[Check]:
    if longest is None:
        return
    size = longest.size_kb
    yield judged(
        size < GMAIL_KB,
        gettext("Size"),
        gettext(
            "The HTML has up to %(size)s KB. Gmail cuts at 102 KB and hides the legal block with the rest.", size=size
        ),
        gettext("Please shorten the mail."),
        "edit",
        Severity.warning,
    )
