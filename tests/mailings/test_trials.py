"""A/B tests: each reader gets exactly one mail, whatever breaks off; who wins, and what is said of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests import factories
from tests.factories import World
from tests.mailings.trials import begun, planned
from tests.page import Browser
from wem import clock
from wem.contracts.models import Contract
from wem.db import db
from wem.delivery.models import Delivery, DeliveryState, Dispatch, DispatchState
from wem.delivery.progress import dispatches_of, together
from wem.lists.subscription_models import Subscriber
from wem.mailings import (
    back_numbers,
    checking,
    controlling,
    copying,
    dividing,
    dividing_rules,
    jobs,
    resending,
    starting,
    trial_deciding,
    trial_results,
    trial_rules,
    variant_making,
    ways_out,
)
from wem.mailings.models import BodyKind, Mailing
from wem.mailings.significance_rules import Counted, Meaning, chance, interval, meaning
from wem.mailings.starting import CannotStart, Problem
from wem.mailings.states import HeldReason, MailingState, NotPossible
from wem.mailings.trial_models import Trial, trial_of, variants_of
from wem.mailings.trial_rules import Criterion, TrialState, Unclear, Why
from wem.tracking.links import results_of
from wem.tracking.models import OPEN, Tally

BrowserFor = Callable[..., Browser]


@pytest.mark.parametrize(
    ("counts", "winner"),
    [
        ([(100, 20), (100, 30)], 2),
        ([(100, 30), (50, 20)], 2),  # the rate, not the number
        ([(100, 20), (100, 20)], None),
        ([(100, 20), (100, 30), (100, 30)], None),
        ([(100, 3), (100, 6)], None),  # nine in all
        ([(100, 4), (100, 6)], 2),
        ([(0, 0), (100, 10)], 2),
        ([(0, 0), (0, 0)], None),
    ],
)
def test_who_is_ahead(counts: list[tuple[int, int]], winner: int | None) -> None:
    assert trial_rules.ahead([Counted(*each) for each in counts]) == winner


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ([(1000, 200), (1000, 250)], Meaning.real),  # p = 0.0074
        ([(1000, 200), (1000, 230)], Meaning.chance),  # p = 0.10
        ([(1000, 200), (1000, 240), (1000, 100)], Meaning.chance),  # p = 0.031: real between two, not among three
        ([(20, 2), (20, 6)], Meaning.few),
        ([(1000, 1000), (1000, 1000)], Meaning.few),
        ([(0, 0), (1000, 10)], Meaning.few),
    ],
)
def test_what_a_difference_means(counts: list[tuple[int, int]], said: Meaning) -> None:
    assert meaning([Counted(*each) for each in counts]) is said


def test_the_formulas_against_known_values() -> None:
    assert chance(Counted(1000, 200), Counted(1000, 250)) == pytest.approx(0.00742, abs=1e-5)
    assert interval(Counted(100, 20)) == pytest.approx((0.1334, 0.2888), abs=1e-4)
    assert interval(Counted(10, 0)) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert interval(Counted(0, 0)) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("share", "variants", "parts"),
    [
        (20, 2, [(0, 1000), (1000, 2000), (2000, 10000)]),
        (10, 3, [(0, 333), (333, 666), (666, 999), (999, 10000)]),
        (100, 3, [(0, 3333), (3333, 6666), (6666, 10000), (10000, 10000)]),
    ],
)
def test_parts(share: int, variants: int, parts: list[tuple[int, int]]) -> None:
    assert dividing_rules.parts(share, variants) == parts


def test_places_are_even_and_differ_from_mailing_to_mailing() -> None:
    for mailing in (1, 2, 77, 10**9):
        tenths = Counter(dividing_rules.place(reader, mailing) // 1000 for reader in range(1, 10_001))
        assert min(tenths.values()) > 900 and max(tenths.values()) < 1100
    both = sum(
        dividing_rules.place(reader, 5) < 1000 and dividing_rules.place(reader, 6) < 1000 for reader in range(10_000)
    )
    assert 60 < both < 140, "a tenth of a tenth is in both tests"


@pytest.mark.both_databases
def test_the_databases_count_places_as_python_does(world: World) -> None:
    rows = db.session.execute(sa.select(Subscriber.id, dividing.place(2**40 + 7))).all()
    assert len(rows) > 3 and all(place == dividing_rules.place(number, 2**40 + 7) for number, place in rows)


def test_states_of_several_dispatches() -> None:
    state = DispatchState
    assert together([state.done, state.waiting]) is state.waiting
    assert together([state.done, state.sending, state.waiting]) is state.sending
    assert together([state.paused, state.waiting]) is state.paused
    assert together([state.cancelled, state.done]) is state.cancelled


def opened(dispatch: Dispatch, readers: int, number: int = OPEN) -> None:
    db.session.add(Tally(dispatch_id=dispatch.id, number=number, hits=readers, readers=readers))
    db.session.commit()


def tried(mailing: Mailing) -> None:
    """As if everybody in the test had been tried. Commits."""
    for each in dispatches_of(mailing.id):
        if each.variant:
            each.accepted, each.state = each.total, DispatchState.done
            db.session.execute(
                sa.update(Delivery).where(Delivery.dispatch_id == each.id).values(state=DeliveryState.accepted)
            )
    db.session.commit()
    jobs.follow_trials()


def over(mailing: Mailing) -> None:
    """As if the time of the test had passed. Commits."""
    trial = trial_of(mailing.id, lock=True)
    assert trial is not None
    trial.decide_at = clock.now() - timedelta(seconds=1)
    db.session.commit()
    jobs.follow_trials()


def state_of(mailing: Mailing) -> Trial:
    trial = trial_of(mailing.id, lock=True)
    assert trial is not None
    return trial


def big(world: World, **plan: Any) -> tuple[Mailing, list[Dispatch]]:
    """An A/B test under way in which each variant went to a hundred, as far as the counters say."""
    mailing = planned(world, readers=12, **plan)
    dispatches = begun(mailing)
    tried(mailing)
    for each in dispatches[:2]:
        each.total = each.accepted = 100
    db.session.commit()
    return mailing, dispatches_of(mailing.id)


@pytest.mark.both_databases
def test_the_variant_that_is_ahead_goes_to_the_rest(world: World) -> None:
    mailing, (first, second, rest) = big(world)
    trial = state_of(mailing)
    assert trial.state is TrialState.watching and trial.decide_at is not None
    assert timedelta(minutes=59) < trial.decide_at - clock.now() < timedelta(minutes=61)
    opened(first, 10)
    opened(second, 20)
    jobs.follow_trials()
    assert state_of(mailing).winner is None, "the time has not passed"
    over(mailing)
    trial, rest = state_of(mailing), dispatches_of(mailing.id)[2]
    assert (trial.state, trial.winner, trial.why) == (TrialState.decided, 2, Why.ahead)
    assert (rest.state, rest.content["subject"]) == (DispatchState.sending, "B")
    assert rest.expires_at > clock.now() + timedelta(hours=47)
    jobs.follow_trials()  # nothing more
    assert dispatches_of(mailing.id)[2].epoch == rest.epoch


@pytest.mark.parametrize(
    ("unclear", "opens", "winner", "state"),
    [
        (Unclear.ask, (10, 10), None, MailingState.held),
        (Unclear.ask, (1, 3), None, MailingState.held),
        (Unclear.first, (10, 10), 1, MailingState.sending),
        (Unclear.first, (0, 0), 1, MailingState.sending),
    ],
)
def test_nobody_is_ahead(
    world: World, unclear: Unclear, opens: tuple[int, int], winner: int | None, state: MailingState
) -> None:
    mailing, dispatches = big(world, unclear=unclear)
    for each, number in zip(dispatches, opens, strict=False):
        opened(each, number)
    over(mailing)
    mailing = db.session.get_one(Mailing, mailing.id, populate_existing=True)
    assert (state_of(mailing).winner, mailing.state) == (winner, state)
    if winner is None:
        assert mailing.held_reason == HeldReason.winner and mailing.told_of is MailingState.held
        trial_deciding.choose(mailing, 1, by=world.ours.owner.id)
        assert (mailing.state, state_of(mailing).why) == (MailingState.sending, Why.hand)
    assert dispatches_of(mailing.id)[2].state is DispatchState.sending


def test_pausing_holding_and_stopping_while_the_test_runs(world: World) -> None:
    mailing, dispatches = big(world)
    opened(dispatches[0], 50)
    controlling.pause(mailing, by=None)
    assert mailing.state is MailingState.paused
    over(mailing)
    assert state_of(mailing).winner is None, "nothing is decided while it stands still"
    trial_deciding.choose(mailing, 2, by=world.ours.owner.id)
    db.session.commit()
    jobs.follow_trials()
    assert dispatches_of(mailing.id)[2].state is DispatchState.waiting
    controlling.resume(mailing, by=None)
    db.session.commit()
    jobs.follow_trials()
    assert dispatches_of(mailing.id)[2].state is DispatchState.sending


def test_stopping_ends_the_rest_too(world: World) -> None:
    mailing, dispatches = big(world)
    controlling.cancel(mailing, by=None)
    db.session.commit()
    assert mailing.state is MailingState.cancelled
    assert [each.state for each in dispatches_of(mailing.id)] == [DispatchState.done] * 2 + [DispatchState.cancelling]
    with pytest.raises(NotPossible):
        trial_deciding.choose(mailing, 1, by=world.ours.owner.id)


def test_a_suspended_contract_lets_nothing_go(world: World) -> None:
    mailing, dispatches = big(world)
    opened(dispatches[1], 50)
    contract = db.session.scalars(sa.select(Contract).where(Contract.customer_id == mailing.customer_id)).one()
    contract.emergency_since = clock.now()
    db.session.commit()
    over(mailing)
    mailing = db.session.get_one(Mailing, mailing.id, populate_existing=True)
    assert (mailing.state, mailing.held_reason) == (MailingState.held, HeldReason.emergency)
    assert dispatches_of(mailing.id)[2].state is DispatchState.waiting
    with pytest.raises(CannotStart):
        controlling.resume(mailing, by=None)
    db.session.rollback()
    contract.emergency_since = None
    db.session.commit()
    controlling.resume(mailing, by=None)
    db.session.commit()
    jobs.follow_trials()
    rest = dispatches_of(mailing.id)[2]
    assert (rest.state, rest.content["subject"]) == (DispatchState.sending, "B")


def test_everybody_in_the_test(world: World) -> None:
    mailing = planned(world, variants=3, readers=20, share=100)
    dispatches = begun(mailing)
    assert sum(each.total for each in dispatches[:3]) == 23 and dispatches[3].state is DispatchState.done
    tried(mailing)
    jobs.sweep()
    assert db.session.get_one(Mailing, mailing.id, populate_existing=True).state is MailingState.done


def test_links_of_the_winner_lead_where_they_should(world: World) -> None:
    mailing = planned(world, readers=12, criterion=Criterion.hand)
    [other] = variants_of(mailing)
    mailing.html, other.html = '<a href="https://a.example.jp/">A</a>', '<a href="https://b.example.jp/">B</a>'
    db.session.commit()
    first = begun(mailing)[0]
    tried(mailing)
    trial_deciding.choose(mailing, 2, by=world.ours.owner.id)
    db.session.commit()
    opened(dispatches_of(mailing.id)[2], 3, 1)
    opened(first, 2, 1)
    standing = trial_results.standing(mailing)
    assert standing and [line.letter for line in standing.lines] == ["A", "B", "B"]
    links = results_of(*(each.id for each in dispatches_of(mailing.id))).links
    assert [(link.target, link.readers) for link in links] == [
        ("https://a.example.jp/", 2),
        ("https://b.example.jp/", 3),
    ]


def test_who_stops_is_counted_for_what_they_got(world: World) -> None:
    mailing = planned(world, readers=20, criterion=Criterion.hand)
    dispatches = begun(mailing)
    for each in dispatches:
        reader = db.session.scalar(sa.select(Delivery.subscriber_id).where(Delivery.dispatch_id == each.id).limit(1))
        ways_out.count_left(mailing.id, mailing.customer_id, reader)
    tried(mailing)
    trial_deciding.choose(mailing, 1, by=world.ours.owner.id)
    db.session.commit()
    db.session.expire_all()
    standing = trial_results.standing(mailing)
    assert standing and [line.unsubscribed for line in standing.lines] == [1, 1, 1] and mailing.unsubscribed == 3


def test_what_forbids_it_is_looked_for_in_all_variants(world: World) -> None:
    mailing = planned(world, criterion=Criterion.clicks)
    [other] = variants_of(mailing)
    other.subject = ""
    assert starting.problems(mailing) == [Problem.subject]
    other.subject, other.html = "B", "<p>{{ 知らない }}</p>"
    assert starting.problems(mailing) == [Problem.template]
    other.html = "<p>B</p>"
    assert starting.problems(mailing) == []
    said = [check.what for check in checking.checks(mailing)]
    assert any("クリックを記録できるリンクのない案" in what for what in said)
    other.body_kind = BodyKind.text
    assert starting.problems(mailing) == [Problem.trial]
    state_of(mailing).criterion = Criterion.hand
    assert starting.problems(mailing) == []


def test_a_variant_is_part_of_the_whole(world: World) -> None:
    mailing = planned(world, variants=3)
    version = mailing.version
    second, third = variants_of(mailing)
    variant_making.remove(second, by=world.ours.owner.id)
    assert [each.variant for each in variants_of(mailing)] == [2] and third.variant == 2
    assert mailing.version > version
    copy = copying.duplicate(mailing, name="写し", by=world.ours.owner.id)
    assert [each.subject for each in variants_of(copy)] == ["C"] and trial_of(copy.id) is not None
    mailing.schedule(clock.now() + timedelta(hours=1), by=None)
    assert not third.editable
    with pytest.raises(NotPossible):
        variant_making.add(mailing, by=world.ours.owner.id)
    variant_making.remove(variants_of(copy)[0], by=world.ours.owner.id)
    assert trial_of(copy.id) is None


def test_a_second_mailing_is_the_winner(world: World) -> None:
    mailing, dispatches = big(world)
    opened(dispatches[1], 50)
    over(mailing)
    [other] = variants_of(mailing)
    other.text = "Bの本文"
    second = resending.resend(mailing, "もう一度", name="", by=world.ours.owner.id)
    assert (second.source_id, second.text) == (mailing.id, "Bの本文")
    assert back_numbers.made(mailing).subject == "B", "what is published is the winner too"


def test_the_way_on_the_screens(world: World, browser_for: BrowserFor) -> None:
    editor, path = browser_for(world.ours.editor), f"/mailings/{world.ours.mailing.id}"
    for number in range(30):
        factories.make_subscriber(world.ours.mailing_list, f"r{number}@readers.example.com")
    db.session.commit()
    made = editor.submit(f"{path}/variants", action="/variants")
    [other] = variants_of(world.ours.mailing)
    assert made.location == f"/mailings/{other.id}/edit"
    page = editor.get(made.location)
    assert "B案" in page.text and "A案と同じです" in page.text
    assert editor.submit(made.location, {"next": "trial"}, action="").location == f"/mailings/{other.id}/variants"
    assert editor.submit(made.location, {"subject": "別の件名"}, action="").status == 303
    assert db.session.get_one(Mailing, other.id, populate_existing=True).subject == "別の件名"
    assert editor.get(f"/mailings/{other.id}").location == f"{path}/variants"
    assert editor.get(f"/mailings/{other.id}/check").location == f"{path}/check"
    assert "別の件名" in editor.get(f"/mailings/{other.id}/preview").text
    assert (
        editor.submit(f"{path}/variants", {"share": "50", "wait": "120", "unclear": "first"}, action="/plan").status
        == 303
    )
    trial = state_of(world.ours.mailing)
    assert (trial.share, trial.wait, trial.unclear) == (50, 120, Unclear.first)
    assert "偶然で決まります" in editor.get(f"{path}/check").text
    listed = editor.get("/mailings").text
    assert "別の件名" not in listed
    page = editor.submit(f"{path}/check", {"when": "now"}, action="/check")
    assert "読者の50％" in page.text
    assert "B案： 別の件名" in page.text, "each subject is confirmed"
    begun(db.session.get_one(Mailing, world.ours.mailing.id, populate_existing=True))
    tried(world.ours.mailing)
    page = editor.get(path)
    assert "テストは" in page.text and "採用案を自分で選ぶ" in page.text
    assert editor.get(f"{path}/progress?state=sending-sending").status == 204
    assert editor.post(f"{path}/variants/choose", {"variant": "7"}).status == 303
    assert editor.post(f"{path}/variants/choose", {"variant": "2"}).location == path
    assert dispatches_of(world.ours.mailing.id)[2].content["subject"] == "別の件名"
    page = editor.get(f"{path}/report")
    assert "残りの読者（B案）" in page.text and "担当者が選んだ案です" in page.text
    assert "残りの読者に送る案を決定：B案" in editor.get(path).text
    assert browser_for(world.theirs.editor).post(f"{path}/variants/choose", {"variant": "1"}).status == 404
    db.session.execute(sa.update(Dispatch).values(state=DispatchState.done))
    db.session.get_one(Mailing, world.ours.mailing.id).state = MailingState.done
    db.session.commit()
    assert "残りの読者にはB案を送りました" in editor.get(f"{path}/report").text
    assert editor.get(f"{path}/resend").form("/resend")["subject"] == "別の件名", "most readers know this one"
