"""Looks a mailing over before it is sent: one list of what is refused, what deserves a look, and what is in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import sqlalchemy as sa
from flask_babel import format_decimal, gettext

from wem import clock
from wem.accounts.models import Customer
from wem.contracts import describing
from wem.contracts.models import Contract, contract_in_force
from wem.contracts.rules import Use
from wem.contracts.wording import LEGAL_ITEMS
from wem.db import db
from wem.domains.choosing import sender_address
from wem.lists.states import UploadKind, UploadState
from wem.lists.upload_models import Upload
from wem.mailings import audience, earlier, earlier_rules, naming, narrowing, starting
from wem.mailings.audience import Reach
from wem.mailings.checks import Check, Severity, judged
from wem.mailings.earlier_rules import Earlier
from wem.mailings.models import Mailing
from wem.mailings.reach_wording import reach_text
from wem.mailings.starting import Problem
from wem.mailings.text_checks import text_checks
from wem.mailings.titles import Titles
from wem.mailings.trial_checks import trial_checks
from wem.mailings.trial_models import variants_of
from wem.mailings.trial_wording import variant_text


def checks(mailing: Mailing) -> list[Check]:
    """Return everything that was looked at, refusals first; texts are in the reader's language."""
    contract = contract_in_force(mailing.customer_id)
    # Made once: it is what takes long here.
    ready = starting.make_all(mailing, contract) if contract else None
    problems = starting.problems(mailing, Use.schedule, ready)
    # Counting looks at each reader where segments narrow it: once for all points.
    unreachable = {Problem.no_list, Problem.nobody, Problem.segment} & set(problems) or mailing.sequence_id is not None
    reached = None if unreachable else audience.reach(mailing)
    found = [
        _contract(problems, contract),
        *([_complaints(problems)] if Problem.complaints in problems else []),
        *([_taken_down()] if Problem.taken_down in problems else []),
        _legal(contract),
        *([_audience(mailing, problems, reached)] if mailing.sequence_id is None else []),
        *_earlier(mailing),
        *trial_checks(mailing, ready, reached),
        _way_out(),
        _sender(mailing),
        _name([mailing, *variants_of(mailing)]),
        *_first_mail(mailing),
        *([_review()] if Problem.review in problems else []),
    ]
    variants = [mailing, *variants_of(mailing)]
    for variant, made in zip(variants, ready.each if ready else [None] * len(variants), strict=True):
        of_this = text_checks(variant, made)
        found += _in_variant(of_this, variant) if len(variants) > 1 else of_this
    order = list(Severity)
    return sorted(found, key=lambda check: order.index(check.severity))


def _in_variant(found: list[Check], variant: Mailing) -> Iterator[Check]:
    """Yield what was found in a variant: what is in order as one point."""
    name = variant_text(variant.variant)
    for check in found:
        if check.severity is not Severity.ok:
            title = gettext("%(variant)s: %(title)s", variant=name, title=check.title)
            yield replace(check, title=title, of=variant.id)
    fine = [check.title for check in found if check.severity is Severity.ok]
    if fine:
        yield Check(Severity.ok, name, gettext(", ").join(fine))


def refused(found: list[Check]) -> bool:
    """Return whether one of the checks forbids sending."""
    return any(check.severity is Severity.refusal for check in found)


def warned(found: list[Check]) -> bool:
    """Return whether one of the checks deserves a look."""
    return any(check.severity is Severity.warning for check in found)


def _contract(problems: list[Problem], contract: Contract | None) -> Check:
    return judged(
        Problem.contract not in problems,
        gettext("Contract status"),
        describing.why_closed(contract, Use.schedule),
        gettext("See the contract page, or contact the help desk."),
    )


def _complaints(problems: list[Problem]) -> Check:
    return judged(
        Problem.complaints not in problems,
        gettext("Low complaint rate"),
        gettext(
            "An unusually high number of readers reported your mailings as spam, so they are awaiting review "
            "by our staff."
        ),
        gettext("Please wait for our reply, or contact the help desk."),
    )


def _taken_down() -> Check:
    return judged(
        False,
        gettext("Not blocked by our staff"),
        gettext("Our staff have blocked this mailing; see the notice for the reason."),
        gettext("See the notice, or contact the help desk."),
    )


def _review() -> Check:
    return Check(
        Severity.ok,
        gettext("Review by our staff"),
        gettext(
            "Our staff review this mailing before it is sent; it then goes out automatically, at once or at "
            "the scheduled time."
        ),
    )


def _legal(contract: Contract | None) -> Check:
    missing = contract.missing_legal_items if contract else []
    return judged(
        not missing,
        gettext(
            "The five items required by law (Act on Regulation of Transmission of Specified Electronic Mail, Art. 4)"
        ),
        gettext(
            "Missing from your contract details: %(items)s.",
            items=gettext(", ").join(str(LEGAL_ITEMS[each]) for each in missing),
        ),
        gettext("Complete your details on the contract page, or contact the help desk."),
    )


def _audience(mailing: Mailing, problems: list[Problem], reach: Reach | None) -> Check:
    title = gettext("Lists and readers")
    if Problem.no_list in problems:
        return Check(Severity.refusal, title, gettext("No list selected."), gettext("Please choose a list."), "edit")
    if Problem.nobody in problems:
        what = gettext("The selected lists have no readers.")
        return Check(Severity.refusal, title, what, gettext("Add readers, or choose another list."), "edit")
    if Problem.segment in problems:
        names = gettext(", ").join(narrowing.lost(mailing))
        what = gettext("Segments that were deleted or use a deleted field or list: %(names)s.", names=names)
        return Check(Severity.refusal, title, what, gettext("Fix the segment, or choose another one."), "edit")
    assert reach is not None
    what, count = reach_text(reach), reach.count
    if reach.narrowed and not count:
        todo = gettext("Please check the segments. If no reader matches when sending starts, nothing is sent.")
        return Check(Severity.warning, title, what, todo, "edit")
    usual = audience.largest_of_late(mailing.customer_id)
    if not audience.unusually_large(count, usual):
        return Check(Severity.ok, title, what)
    if usual:
        what += gettext(" Your largest recent mailing went to %(count)s.", count=format_decimal(usual))
    else:
        what += gettext(" This is your first mailing.")
    return Check(Severity.warning, title, what, gettext("Please make sure these are the right lists."), "edit")


def _earlier(mailing: Mailing) -> Iterator[Check]:
    """Yield what becomes of those who got an earlier mailing."""
    before, choice = earlier.of(mailing), earlier.chosen(mailing.id)
    if before is None or choice is Earlier.all:
        return
    name = gettext("Recipients of “%(title)s”", title=Titles(mailing.customer_id).of(before))
    if choice is Earlier.without:
        yield Check(Severity.ok, name, gettext("These readers are excluded."))
        return
    hours = round(earlier_rules.WAIT.total_seconds() / 3600)
    yield judged(
        not earlier_rules.early(before.finished_at, clock.now()),
        name,
        gettext(
            "It goes only to readers with no recorded open or click. The earlier mailing was sent less than "
            "%(hours)s hours ago, and many people read their email only after a day or two.",
            hours=hours,
        ),
        gettext("We recommend waiting longer."),
        severity=Severity.warning,
    )


def _way_out() -> Check:
    return Check(
        Severity.ok,
        gettext("Unsubscribe method"),
        gettext("Added to every email automatically; it cannot be removed."),
    )


def _sender(mailing: Mailing) -> Check:
    title = gettext("From address")
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


def _name(variants: Sequence[Mailing]) -> Check:
    title, lost = gettext("Sender's name"), naming.lost(variants)
    if lost:
        names = gettext(", ").join(gettext("“%(name)s”", name=row.name) for row in lost)
        what = gettext("Not approved by our staff, or no longer: %(names)s.", names=names)
        todo = gettext("Please choose another name, or request it under “Sender names”.")
        return Check(Severity.refusal, title, what, todo, "names")
    names = gettext(", ").join(dict.fromkeys(each.sender_name for each in variants))
    return Check(Severity.ok, title, gettext("Readers see: %(names)s.", names=names))


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
            gettext("First email to imported readers"),
            gettext(
                "Readers imported with confirmed consent get a note with their first email explaining why they "
                "receive it and how to unsubscribe."
            ),
        )
