"""The results of sending one mailing (送信結果): numbers and reasons, never an address."""

from __future__ import annotations

from collections import Counter

from flask import render_template
from werkzeug.wrappers import Response

from wem.contracts.rules import Use
from wem.delivery.models import DeliveryState
from wem.delivery.progress import Failure, failures, progress
from wem.mailings.models import Mailing
from wem.mailings.titles import Titles
from wem.mailings.wording import REASONS, STATES
from wem.web.blueprints import CustomerBlueprint
from wem.web.ownership import owned_or_404

blueprint = CustomerBlueprint("results", __name__, use=Use.compose)
Answer = str | tuple[str, int] | Response
FINAL = (DeliveryState.bounced, DeliveryState.expired)


@blueprint.get("/mailings/<int:id>/report")
def report(id: int) -> Answer:
    mailing = owned_or_404(Mailing, id)
    counts = progress(mailing.id)
    state, kind = STATES[mailing.state]
    found = failures(counts.dispatch_id, limit=200) if counts else []
    return render_template(
        "mailings/report.html",
        mailing=mailing,
        titles=Titles(mailing.customer_id),
        progress=counts,
        state_text=state,
        state_kind=kind,
        failed=by_reason(found, FINAL),
        waiting=by_reason(found, (DeliveryState.deferred,)),
    )


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
