"""The results of sending one mailing (送信結果): numbers and reasons, never an address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import sqlalchemy as sa
from flask import render_template, url_for
from flask_babel import format_decimal, gettext
from werkzeug.wrappers import Response

from wem.bounces import complaining, reports
from wem.bounces.complaint_rules import WINDOW, Share
from wem.bounces.reports import Numbers
from wem.bounces.wording import CAUSES
from wem.contracts.rules import Use
from wem.db import db
from wem.delivery import portioning
from wem.delivery.models import DeliveryState
from wem.delivery.progress import Failure, failures, progress
from wem.mailings import narrowing, trial_results
from wem.mailings.models import Mailing
from wem.mailings.segment_models import MailingSegment
from wem.mailings.states import MailingState
from wem.mailings.titles import Titles
from wem.mailings.views import trial_text
from wem.mailings.wording import REASONS, STATES
from wem.segments import referring
from wem.segments.describing import Sentences, sentences
from wem.segments.keeping_rules import read
from wem.tracking.links import LinkResult, results_of
from wem.web.blueprints import CustomerBlueprint
from wem.web.htmx import see_other
from wem.web.ownership import owned_or_404

blueprint = CustomerBlueprint("results", __name__, use=Use.compose)
Answer = str | tuple[str, int] | Response
MOST_LINKS = 200


@blueprint.get("/mailings/<int:id>/report")
def report(id: int) -> Answer:
    mailing = owned_or_404(Mailing, id)
    if mailing.variant_of is not None:
        return see_other(url_for("results.report", id=mailing.variant_of))
    counts = progress(mailing.id)
    state, kind = STATES[mailing.state]
    found = failures(*counts.dispatch_ids, limit=200) if counts else []
    results = results_of(*counts.dispatch_ids) if counts else None
    came_back = reports.of_mailing(mailing.id)
    links = by_clicks(results.links) if results else []
    return render_template(
        "mailings/report.html",
        mailing=mailing,
        titles=Titles(mailing.customer_id),
        progress=counts,
        results=results,
        links=links[:MOST_LINKS],
        more_links=max(len(links) - MOST_LINKS, 0),
        portions=portioning.shown(counts.dispatch_id) if counts else [],
        stands_still=mailing.state in (MailingState.paused, MailingState.held),
        state_text=state,
        state_kind=kind,
        failed=_causes(came_back, counts.failed) if counts else [],
        complaints=came_back.complaints,
        share=Share(came_back.complaints, counts.accepted if counts else 0),
        standing=complaining.standing_of(mailing.customer_id),
        window=WINDOW.days,
        waiting=by_reason(found, (DeliveryState.deferred,)),
        narrowed=narrowed_words(mailing),
        trial=(trial := trial_results.standing(mailing)),
        trial_text=trial_text(trial),
    )


def narrowed_words(mailing: Mailing) -> list[tuple[MailingSegment, str, Sentences]]:
    """Return what the audience was narrowed by, by name, each with what it said at the start."""
    rows = [row for row in narrowing.rows_of(mailing.id) if row.conditions]
    said = [read(row.conditions) for row in rows]
    numbers = {number for conditions in said for number in referring.mailing_ids(conditions)}
    titles = Titles(mailing.customer_id)
    theirs = sa.select(Mailing).where(Mailing.customer_id == mailing.customer_id, Mailing.id.in_(numbers))
    named = {row.id: titles.of(row) for row in db.session.scalars(theirs)} if numbers else {}
    return [
        (row, narrowing.name(row, titles.of), sentences(conditions, narrowing.kept_names(row), named))
        for row, conditions in zip(rows, said, strict=True)
    ]


def _causes(came_back: Numbers, failed: int) -> list[tuple[str, int]]:
    """Return (cause, number) as shown, adding up to what failed: refusals of this minute are not looked at yet."""
    rows = [(str(CAUSES[line.cause]), line.number) for line in came_back.lines]
    unread = failed - came_back.total
    return [*rows, (gettext("Not looked at yet"), unread)] if unread > 0 else rows


def by_clicks(links: Sequence[LinkResult]) -> list[tuple[str, str, str]]:
    """Return (address, readers, times) as shown, the most clicked first."""
    ordered = sorted(links, key=lambda link: (-link.readers, -link.hits))
    return [(link.target, format_decimal(link.readers), format_decimal(link.hits)) for link in ordered]


def by_reason(found: list[Failure], outcomes: tuple[DeliveryState, ...]) -> list[tuple[str, str, int]]:
    """Return (reason in words, codes, number) of these outcomes, the most frequent first."""
    numbers: Counter[str] = Counter()
    codes: dict[str, list[str]] = {}
    for failure in found:
        if failure.outcome not in outcomes:
            continue
        numbers[failure.reason] += failure.count
        code = " ".join(str(part) for part in (failure.code, failure.enhanced) if part)
        if code and code not in codes.setdefault(failure.reason, []):
            codes[failure.reason].append(code)
    return [
        (str(REASONS[reason]), ", ".join(codes.get(reason, [])[:5]), number)  # type: ignore[index]
        for reason, number in numbers.most_common()
    ]
