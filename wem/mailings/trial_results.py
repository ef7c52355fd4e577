"""How an A/B test stands: what was counted for each variant and for the rest, and what the difference means."""

from __future__ import annotations

from dataclasses import dataclass

from wem.delivery.models import Dispatch, DispatchState
from wem.delivery.progress import dispatches_of
from wem.mailings.models import Mailing
from wem.mailings.significance_rules import Counted, interval, meaning
from wem.mailings.trial_models import Trial, trial_of, variants_of
from wem.mailings.trial_rules import REST, Criterion, letter
from wem.mailings.trial_wording import MEANINGS
from wem.tracking.links import results_of


@dataclass(frozen=True)
class Rate:
    """How many readers did something, as shares of one of those whose mail was accepted: found, lowest, highest."""

    readers: int
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Line:
    """What was counted for one variant; `number` 0 is the rest, which got the variant of this letter."""

    number: int
    letter: str
    subject: str
    sender_name: str
    recipients: int
    accepted: int
    opened: Rate
    clicked: Rate
    unsubscribed: int
    won: bool


@dataclass(frozen=True)
class Standing:
    """An A/B test as its pages show it. `open`: which variants the customer can give the rest now; `fate`: what became
    of the rest."""

    trial: Trial
    lines: list[Line]
    meaning: str
    rest: int
    open: list[int]
    fate: DispatchState | None


def standing(mailing: Mailing) -> Standing | None:
    """Return how the A/B test of a mailing stands; None without one, and before it started."""
    trial = trial_of(mailing.id)
    dispatches = dispatches_of(mailing.id) if trial is not None else []
    if trial is None or not dispatches:
        return None
    variants = [mailing, *variants_of(mailing)]
    others = sum(each.unsubscribed for each in variants[1:]) + trial.unsubscribed
    left = {1: max(mailing.unsubscribed - others, 0), REST: trial.unsubscribed}
    left |= {each.variant: each.unsubscribed for each in variants[1:]}
    lines = [_line(each, trial, left) for each in dispatches if each.variant != REST or trial.winner]
    tested = [line for line in lines if line.number != REST]
    judged = [line.clicked if trial.criterion is Criterion.clicks else line.opened for line in tested]
    counted = [Counted(line.accepted, rate.readers) for line, rate in zip(tested, judged, strict=True)]
    waiting = next((each for each in dispatches if each.variant == REST), None)
    waits = waiting is not None and waiting.state is DispatchState.waiting
    return Standing(
        trial=trial,
        lines=lines,
        meaning=str(MEANINGS[meaning(counted)]),
        rest=waiting.total if waiting else 0,
        fate=waiting.state if waiting else None,
        open=[line.number for line in tested] if waits and trial.winner is None else [],
    )


def _line(dispatch: Dispatch, trial: Trial, left: dict[int, int]) -> Line:
    results, number = results_of(dispatch.id), dispatch.variant or REST
    of = number or trial.winner or 1
    return Line(
        number=number,
        letter=letter(of),
        subject=dispatch.content["subject"],
        sender_name=dispatch.content["sender_name"],
        recipients=dispatch.total,
        accepted=dispatch.accepted,
        opened=_rate(results.open_readers, dispatch.accepted),
        clicked=_rate(results.click_readers, dispatch.accepted),
        unsubscribed=left.get(number, 0),
        won=trial.winner == number,
    )


def _rate(readers: int, accepted: int) -> Rate:
    counted = Counted(accepted, min(readers, accepted))
    return Rate(readers, counted.rate, *interval(counted))
