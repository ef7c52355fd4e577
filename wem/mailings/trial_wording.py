"""The words of A/B tests, as screens show them."""

from __future__ import annotations

from flask_babel import format_decimal, gettext
from flask_babel import lazy_gettext as _l

from wem.mailings.significance_rules import Meaning
from wem.mailings.trial_models import Trial
from wem.mailings.trial_rules import Criterion, TrialState, Unclear, Why, letter

CRITERIA = {
    Criterion.opens: _l("More readers opened it (estimated)"),
    Criterion.clicks: _l("More readers clicked in it"),
    Criterion.hand: _l("We choose by hand"),
}
UNCLEAR = {
    Unclear.ask: _l("The mailing waits, and we are asked by mail"),
    Unclear.first: _l("The rest gets variant A"),
}
WHY = {
    Why.ahead: _l("It was ahead."),
    Why.unclear: _l("No variant was ahead."),
    Why.hand: _l("It was chosen by hand."),
}
MEANINGS = {
    Meaning.few: _l("Too little was counted to say anything about the difference."),
    Meaning.chance: _l("Such a difference comes about by chance as well: it need not mean anything."),
    Meaning.real: _l("The difference between the best variant and the others is unlikely to be chance (level of 5 %)."),
}


def variant_text(number: int) -> str:
    """Return what a variant is called."""
    return str(gettext("Variant %(letter)s", letter=letter(number)))


def share_text(share: int) -> str:
    """Return how many of the readers are in the test."""
    if share == 100:
        return str(gettext("100 % (compare only, nobody is left for the winner)"))
    return str(gettext("%(share)s %% of the readers", share=share))


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


def state_text(trial: Trial, rest: int, until: str) -> str:
    """Return how far a test is, in sentences; `rest`: how many readers wait for the winner found at `until`."""
    count = format_decimal(rest)
    if trial.state is TrialState.decided and trial.winner is not None and trial.why is not None:
        chosen = gettext("%(variant)s goes to the rest.", variant=variant_text(trial.winner))
        return f"{chosen} {WHY[trial.why]}"
    if trial.share == 100 or (trial.state is not TrialState.planned and not rest):
        return str(gettext("Everybody is in the test; nobody is left for the winner."))
    match trial.state:
        case TrialState.asking:
            return str(
                gettext("No variant is ahead. Please choose which one the rest, %(count)s readers, gets.", count=count)
            )
        case TrialState.watching if until:
            return str(
                gettext(
                    "The test runs until %(time)s. Then the rest, %(count)s readers, gets the winner.",
                    time=until,
                    count=count,
                )
            )
        case TrialState.watching:
            return str(gettext("Please choose which variant the rest, %(count)s readers, gets.", count=count))
    if trial.criterion is Criterion.hand:
        return str(gettext("The test is on its way. The rest, %(count)s readers, waits for your choice.", count=count))
    return str(
        gettext(
            "The test is on its way. %(hours)s after the last of its mails the rest, %(count)s readers, gets the "
            "winner.",
            hours=hours_text(trial.wait),
            count=count,
        )
    )
