"""What the check before sending says of an A/B test: how many get what, and whether it can tell anything."""

from __future__ import annotations

from collections.abc import Iterator

from flask_babel import format_decimal, gettext

from wem.mailings import dividing_rules, starting
from wem.mailings.audience import Reach
from wem.mailings.checks import Check, Severity
from wem.mailings.models import Mailing
from wem.mailings.starting import Ready
from wem.mailings.trial_models import trial_of, variants_of
from wem.mailings.trial_rules import FEW_READERS, Criterion
from wem.mailings.trial_wording import plan_text


def trial_checks(mailing: Mailing, ready: Ready | None, reach: Reach | None) -> Iterator[Check]:
    """Yield what there is to say of the A/B test; nothing without one. `reach` is None where nobody can get it."""
    trial, variants = trial_of(mailing.id), [mailing, *variants_of(mailing)]
    if trial is None:
        return
    title = gettext("A/B test")
    if not starting.trial_possible(mailing, variants):
        what = gettext("Opens and clicks are tracked in HTML emails only, and one variant is plain text.")
        todo = gettext("Choose the winner manually, or make every variant HTML.")
        yield Check(Severity.refusal, title, what, todo, "trial")
        return
    mails = [
        (each.subject, each.sender_name, each.html if each.body_kind.has_html else "", each.text) for each in variants
    ]
    if len(set(mails)) < len(mails):
        what = gettext("Two variants are identical.")
        yield Check(Severity.warning, title, what, gettext("Please change the part you want to compare."), "trial")
    if trial.criterion is Criterion.clicks and ready and not all(_has_links(each) for each in ready.each):
        what = gettext("The winner is decided by clicks, but one variant has no tracked link.")
        todo = gettext("Add a link, or decide by opens.")
        yield Check(Severity.warning, title, what, todo, "trial")
    if reach is None:
        yield Check(Severity.ok, title, plan_text(trial))
        return
    *tested, rest = dividing_rules.readers_in(dividing_rules.parts(trial.share, len(variants)), reach.count)
    numbers = {
        "plan": plan_text(trial),
        "number": len(variants),
        "each": format_decimal(tested[0]),
        "rest": format_decimal(rest),
    }
    if reach.narrowed:
        said = gettext(
            "%(plan)s. With the segments applied, each of the %(number)s variants is currently sent to about %(each)s "
            "readers, the winner to about %(rest)s.",
            **numbers,
        )
    else:
        said = gettext(
            "%(plan)s. Each of the %(number)s variants is sent to up to about %(each)s readers, the winner to "
            "about %(rest)s.",
            **numbers,
        )
    if tested[0] >= FEW_READERS:
        yield Check(Severity.ok, title, said)
        return
    few = gettext("With fewer than %(count)s readers per variant, the result is mostly chance.", count=FEW_READERS)
    yield Check(Severity.warning, title, f"{said} {few}", gettext("Please increase the test share."), "trial")


def _has_links(ready: Ready) -> bool:
    return ready.counted is not None and bool(ready.counted.targets)
