"""Looks a mailing over before it is sent: one list of what is refused, what deserves a look, and what is in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import sqlalchemy as sa
from flask_babel import format_decimal, gettext

from wem import clock
from wem.accounts.models import Customer
from wem.contracts.models import Contract, contract_in_force
from wem.contracts.rules import ServicePart, Standing, Use
from wem.contracts.wording import LEGAL_ITEMS, RESTRICTIONS, SERVICE_PARTS
from wem.db import db
from wem.domains.choosing import sender_address
from wem.lists.states import UploadKind, UploadState
from wem.lists.upload_models import Upload
from wem.mailings import audience, earlier, earlier_rules, naming, narrowing, starting
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
    found = [
        _contract(problems, contract),
        *([_complaints(problems)] if Problem.complaints in problems else []),
        *([_taken_down()] if Problem.taken_down in problems else []),
        _legal(contract),
        *([_audience(mailing, problems)] if mailing.sequence_id is None else []),
        *_earlier(mailing),
        *trial_checks(mailing, ready),
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
    closed = gettext("The service is suspended, has not begun or has ended.")
    if contract is not None and contract.standing is Standing.in_use and contract.restriction is not None:
        what = RESTRICTIONS[contract.restriction]
        closed = gettext(
            "Use is restricted (terms of service, Art. 18). Closed for the time being: %(what)s", what=what
        )
    elif contract is not None and contract.standing is Standing.in_use and contract.terminated_parts:
        what = SERVICE_PARTS[ServicePart.sending]
        closed = gettext("Closed by our termination in part: %(what)s (terms of service, Art. 14-1)", what=what)
    return judged(
        Problem.contract not in problems,
        gettext("The contract permits sending"),
        closed,
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


def _earlier(mailing: Mailing) -> Iterator[Check]:
    """Yield what becomes of those who got an earlier mailing."""
    before, choice = earlier.of(mailing), earlier.chosen(mailing.id)
    if before is None or choice is Earlier.all:
        return
    name = gettext("Readers who got “%(title)s”", title=Titles(mailing.customer_id).of(before))
    if choice is Earlier.without:
        yield Check(Severity.ok, name, gettext("They are left out."))
        return
    hours = round(earlier_rules.WAIT.total_seconds() / 3600)
    yield judged(
        not earlier_rules.early(before.finished_at, clock.now()),
        name,
        gettext(
            "It goes only to those of them of whom no open and no click is known. The earlier mailing was sent less "
            "than %(hours)s hours ago, and many people read only after a day or two.",
            hours=hours,
        ),
        gettext("We advise to wait longer."),
        severity=Severity.warning,
    )


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


def _name(variants: Sequence[Mailing]) -> Check:
    title, lost = gettext("Sender's name"), naming.lost(variants)
    if lost:
        names = gettext(", ").join(gettext("“%(name)s”", name=row.name) for row in lost)
        what = gettext("Not approved by our staff, or no longer: %(names)s.", names=names)
        todo = gettext("Please choose another name, or ask for it under “Sender's names”.")
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
            gettext("First mail to uploaded readers"),
            gettext("Readers from an attested upload get, with their first mail, a note why it comes and how to stop."),
        )
