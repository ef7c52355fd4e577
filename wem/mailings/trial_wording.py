"""The words of A/B tests, as screens show them."""

from __future__ import annotations

from flask_babel import format_decimal, gettext
from flask_babel import lazy_gettext as _l

from wem.delivery.models import DispatchState
from wem.mailings.significance_rules import Meaning
from wem.mailings.trial_models import Trial
from wem.mailings.trial_rules import Criterion, TrialState, Unclear, Why, letter

CRITERIA = {
    Criterion.opens: _l("Most opens (estimated)"),
    Criterion.clicks: _l("Most clicks"),
    Criterion.hand: _l("Choose manually"),
}
UNCLEAR = {
    Unclear.ask: _l("Put the mailing on hold and notify us by email"),
    Unclear.first: _l("Send variant A to the rest"),
}
WHY = {
    Why.ahead: _l("It won the test."),
    Why.unclear: _l("There was no winner."),
    Why.hand: _l("It was chosen manually."),
}
MEANINGS = {
    Meaning.few: _l("There is too little data to tell whether there is a difference."),
    Meaning.chance: _l("A difference this small can occur by chance and may not mean anything."),
    Meaning.real: _l("The difference between the best variant and the others is statistically significant (5% level)."),
}


def variant_text(number: int) -> str:
    """Return what a variant is called."""
    return str(gettext("Variant %(letter)s", letter=letter(number)))


def share_text(share: int) -> str:
    """Return how many of the readers are in the test."""
    if share == 100:
        return str(gettext("100% (comparison only, no readers left for the winner)"))
    return str(gettext("%(share)s%% of readers", share=share))


def hours_text(minutes: int) -> str:
    """Return how long is waited."""
    return str(gettext("%(count)s hours", count=format_decimal(minutes // 60)))


def plan_text(trial: Trial) -> str:
    """Return how a test goes, in one line."""
    parts = [share_text(trial.share)]
    if trial.share < 100:
        parts.append(str(CRITERIA[trial.criterion]))
    if trial.share < 100 and trial.criterion is not Criterion.hand:
        parts.append(hours_text(trial.wait))
    return str(gettext(", ")).join(parts)


def state_text(trial: Trial, rest: int, until: str, fate: DispatchState | None = None) -> str:
    """Return how far a test is, in sentences; `rest`: how many readers wait for the winner found at `until`; `fate`:
    what became of them."""
    count = format_decimal(rest)
    if trial.state is TrialState.decided and trial.winner is not None and trial.why is not None:
        winner = variant_text(trial.winner)
        chosen = gettext("%(variant)s is sent to the rest.", variant=winner)
        if fate is DispatchState.done:
            chosen = gettext("%(variant)s was sent to the rest.", variant=winner)
        elif fate in (DispatchState.cancelling, DispatchState.cancelled):
            chosen = gettext("%(variant)s was chosen for the rest, but sending was stopped.", variant=winner)
        return f"{chosen} {WHY[trial.why]}"
    if trial.share == 100 or (trial.state is not TrialState.planned and not rest):
        return str(gettext("All readers are in the test; none are left for the winner."))
    match trial.state:
        case TrialState.asking:
            return str(
                gettext(
                    "There is no winner. Please choose which variant the remaining %(count)s readers receive.",
                    count=count,
                )
            )
        case TrialState.watching if until:
            return str(
                gettext(
                    "The test runs until %(time)s. The remaining %(count)s readers then receive the winner.",
                    time=until,
                    count=count,
                )
            )
        case TrialState.watching:
            return str(gettext("Please choose which variant the remaining %(count)s readers receive.", count=count))
    if trial.criterion is Criterion.hand:
        return str(
            gettext("The test is being sent. The remaining %(count)s readers wait for your choice.", count=count)
        )
    return str(
        gettext(
            "The test is being sent. %(hours)s after the last test email, the remaining %(count)s readers "
            "receive the winner.",
            hours=hours_text(trial.wait),
            count=count,
        )
    )
