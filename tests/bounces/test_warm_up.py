"""What comes back hard or is complained about keeps the warm-up at its step (delivery.md 3)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import date

import pytest
from flask import Flask

from tests.bounces.mails import arrived, feedback, message_id, report, return_path, sent_mailing
from tests.factories import World
from wem.bounces.states import Reason
from wem.bounces.taking import take
from wem.db import db
from wem.delivery.pace_models import ProviderState
from wem.delivery.pace_rules import Standing, on_day

YESTERDAY, TODAY = date(2026, 5, 19), date(2026, 5, 20)


@pytest.mark.parametrize(
    ("sent", "deferred", "bounced", "complained", "step"),
    [
        (1000, 0, 0, 0, 4),
        (1000, 100, 50, 1, 4),  # each just at its limit
        (1000, 101, 0, 0, 3),
        (1000, 0, 51, 0, 3),
        (1000, 0, 0, 2, 3),
        (0, 0, 0, 0, 3),
    ],
)
def test_a_step_further_only_after_a_good_day(
    sent: int, deferred: int, bounced: int, complained: int, step: int
) -> None:
    day = Standing(
        warm_day=YESTERDAY,
        warm_step=3,
        sent_today=sent,
        deferred_today=deferred,
        bounced_today=bounced,
        complained_today=complained,
    )
    after = on_day(day, TODAY)
    assert after.warm_step == step
    assert (after.sent_today, after.bounced_today, after.complained_today) == (0, 0, 0)


@pytest.fixture(params=["pool", "domain"])
def warming(request: pytest.FixtureRequest, app: Flask) -> Iterator[str]:
    before = app.config["WEM"]
    app.config["WEM"] = dataclasses.replace(before, WARM_UP=request.param)
    yield "" if request.param == "pool" else "mail.wem.example"
    app.config["WEM"] = before


@pytest.mark.both_databases
def test_hard_bounces_and_complaints_are_told_to_the_place_that_warms_up(world: World, warming: str) -> None:
    state = ProviderState(pool=warming, provider="other", warm_day=TODAY, warm_step=3, sent_today=3)
    db.session.add(state)
    first, second, third = world.ours.readers
    dispatch = sent_mailing(world.ours.mailing_list)
    take(arrived(return_path(dispatch, first)), report())
    take(arrived(return_path(dispatch, second)), report(reason=Reason.mailboxfull))
    take(arrived("fbl@mail.wem.example"), feedback(message_id(dispatch, third)))
    db.session.commit()
    db.session.refresh(state)
    assert (state.bounced_today, state.complained_today) == (1, 1)
