"""Mailings narrowed by segments: whom they go to, what is kept of them, and what stops them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.factories import World
from tests.mailings.trials import planned
from tests.page import Browser
from wem import clock
from wem.db import db
from wem.delivery.models import Delivery, Dispatch, DispatchState
from wem.lists import forgetting
from wem.lists.subscription_models import Subscriber
from wem.mailings import copying, expanding, jobs, narrowing, review_grounds, review_jobs, reviewing, starting
from wem.mailings.models import Mailing
from wem.mailings.segment_models import SegmentUse
from wem.mailings.starting import Problem
from wem.mailings.states import HeldReason, MailingState
from wem.segments import keeping
from wem.segments.keeping_rules import read
from wem.segments.models import Segment

BrowserFor = Callable[..., Browser]


def segment(world: World, value: str, op: str = "contains") -> Segment:
    field = world.ours.field
    row = {"topic": "text", "op": op, "values": [value], "field": field.id, "key": field.key}
    data = {"version": 1, "match": "all", "groups": [{"match": "all", "conditions": [row]}]}
    made = Segment(customer_id=world.ours.customer.id, name=f"{value}さん", conditions=data, version=1)
    db.session.add(made)
    db.session.commit()
    return made


def mailing_of(world: World) -> Mailing:
    return db.session.get_one(Mailing, world.ours.mailing.id, populate_existing=True)


def started(world: World) -> Dispatch:
    dispatch = starting.start(mailing_of(world), by=None)
    db.session.commit()
    return dispatch


def recipients(dispatch_id: int) -> set[str]:
    rows = sa.select(Subscriber.fields).join(Delivery, Delivery.subscriber_id == Subscriber.id)
    return {row["氏名"] for row in db.session.scalars(rows.where(Delivery.dispatch_id == dispatch_id))}


@pytest.mark.both_databases
def test_it_goes_to_whom_the_segments_fit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expanding, "WINDOW", 2)  # in portions
    tanaka, suzuki, ko = segment(world, "田中"), segment(world, "鈴木"), segment(world, "子")
    narrowing.choose(mailing_of(world), [tanaka.id, suzuki.id], [ko.id])
    db.session.commit()
    dispatch = started(world)
    # What becomes of a segment afterwards does not reach a mailing that has started.
    tanaka.conditions, tanaka.name = ko.conditions, "別"
    db.session.commit()
    jobs.expand(dispatch.id)
    assert recipients(dispatch.id) == {"田中 一郎"}
    assert db.session.get_one(Dispatch, dispatch.id).total == 1


def test_only_without_is_everybody_else(world: World) -> None:
    narrowing.choose(mailing_of(world), [], [segment(world, "田中").id])
    db.session.commit()
    dispatch = started(world)
    jobs.expand(dispatch.id)
    assert recipients(dispatch.id) == {"鈴木 花子", "髙橋 次郎"}


def test_what_fitted_is_shown_with_the_results(world: World, browser_for: BrowserFor) -> None:
    row = segment(world, "田中")
    narrowing.choose(mailing_of(world), [row.id], [])
    db.session.commit()
    jobs.expand(started(world).id)
    db.session.delete(row)
    forgetting.delete_field(world.ours.field)
    db.session.commit()
    page = browser_for(world.ours.editor).get(f"/mailings/{world.ours.mailing.id}/report")
    assert "送る相手：田中さん" in page.text and "氏名：「田中」を含む" in page.text


def test_a_segment_that_is_gone_holds_what_was_scheduled(world: World) -> None:
    row, mailing = segment(world, "田中"), mailing_of(world)
    narrowing.choose(mailing, [], [row.id])
    mailing.schedule(clock.now() + timedelta(minutes=1), by=None)
    # By somebody who deleted it at the same moment.
    db.session.execute(sa.delete(Segment).where(Segment.id == row.id))
    db.session.execute(sa.update(Mailing).values(scheduled_at=clock.now() - timedelta(seconds=1)))
    db.session.commit()
    assert Problem.segment in starting.problems(mailing)
    jobs.start_due()
    mailing = mailing_of(world)
    assert (mailing.state, mailing.held_reason) == (MailingState.held, HeldReason.segment)
    assert not db.session.scalar(sa.select(sa.func.count()).select_from(Delivery))


def test_a_field_that_is_deleted_while_it_is_written_down_holds_it(world: World, browser_for: BrowserFor) -> None:
    narrowing.choose(mailing_of(world), [], [segment(world, "田中").id])
    db.session.commit()
    dispatch = started(world)
    forgetting.delete_field(world.ours.field)
    db.session.commit()
    jobs.expand(dispatch.id)
    assert mailing_of(world).held_reason == HeldReason.segment
    assert db.session.get_one(Dispatch, dispatch.id, populate_existing=True).state is DispatchState.held
    assert not recipients(dispatch.id)
    editor, path = browser_for(world.ours.editor), f"/mailings/{world.ours.mailing.id}"
    assert editor.post(f"{path}/resume").location == path
    assert "送信を再開できません" in editor.get(path).text
    assert mailing_of(world).state is MailingState.held


def test_choosing_on_the_screens(world: World, browser_for: BrowserFor) -> None:
    editor, path = browser_for(world.ours.editor), f"/mailings/{world.ours.mailing.id}"
    only, without = segment(world, "田中"), segment(world, "鈴木")
    theirs = Segment(customer_id=world.theirs.customer.id, name="他社", conditions={}, version=1)
    db.session.add(theirs)
    db.session.commit()
    both = editor.submit(f"{path}/edit", {"only": [only.id], "without": [only.id]}, action="")
    assert both.status == 422 and "両方には選べません" in both.text
    assert editor.submit(f"{path}/edit", {"only": [theirs.id]}, action="").status == 422
    assert editor.submit(f"{path}/edit", {"only": [only.id], "without": [without.id]}, action="").status == 303
    mailing = mailing_of(world)
    assert narrowing.chosen(mailing.id, SegmentUse.only) == [only.id]
    page = editor.submit(f"{path}/check", {"when": "now"}, action="/check")
    assert "現時点で1人" in page.text and "田中さん" in page.text and "鈴木さん" in page.text
    copy = copying.duplicate(mailing, name="写し", by=world.ours.editor.id)
    assert narrowing.chosen(copy.id, SegmentUse.without) == [without.id]
    # A form without the part leaves it as it is.
    values = {key: value for key, value in editor.get(f"{path}/edit").form("").items() if key != "narrows"}
    assert editor.post(f"{path}/edit", {**values, "only": [], "without": []}).status == 303
    assert narrowing.chosen(mailing.id, SegmentUse.only) == [only.id]
    assert editor.submit(f"{path}/edit", {"only": [], "without": []}, action="").status == 303
    assert not narrowing.rows_of(mailing.id)


def test_few_who_opened_are_not_counted_out_before_sending(world: World, browser_for: BrowserFor) -> None:
    row = segment(world, "田中")
    opened = {"topic": "opened", "op": "never", "values": []}
    row.conditions = row.conditions | {"groups": [{"match": "all", "conditions": [opened]}]}
    narrowing.choose(mailing_of(world), [row.id], [])
    db.session.commit()
    page = browser_for(world.ours.editor).get(f"/mailings/{world.ours.mailing.id}/check")
    assert "5人未満の読者" in page.text and "3人" not in page.text


@pytest.mark.parametrize("gone_on", [True, False])
def test_a_segment_changed_after_the_approval_is_looked_at_anew(world: World, gone_on: bool) -> None:
    review_grounds.set_policy(first_mailing=True, large_audience=False, words="", by=1)
    mailing, tanaka = mailing_of(world), segment(world, "田中")
    narrowing.choose(mailing, [tanaka.id], [])
    reviewing.approve(reviewing.ask(mailing, clock.now() + timedelta(minutes=5), by=1), by=2)
    db.session.commit()
    if gone_on:
        review_jobs.go_on_reviewed(mailing.id)
        assert mailing.state is MailingState.scheduled
    keeping.save(tanaka, "子", read(segment(world, "子").conditions), tanaka.version, by=1)
    mailing.scheduled_at = clock.now() - timedelta(seconds=1)
    db.session.commit()
    (jobs.start_due if gone_on else review_jobs.follow_reviews)()
    db.session.refresh(mailing)
    assert reviewing.waits(mailing)
    review = db.session.scalars(reviewing.pending()).one()
    assert (review.mailing_id, review.version) == (mailing.id, mailing.version)


def test_an_ab_test_counts_whom_the_segments_fit(world: World, browser_for: BrowserFor) -> None:
    mailing, editor = planned(world, readers=40), browser_for(world.ours.editor)
    narrowing.choose(mailing, [segment(world, "読者").id], [])
    db.session.commit()
    # Half of 40 in the test; 43 are on the list.
    assert "約10人に、採用案を約20人に送ります" in editor.get(f"/mailings/{mailing.id}/check").text
    page = editor.get(f"/mailings/{mailing.id}/variants").text
    assert "各案を約10人に、採用案を約20人に" in page and "最大" not in page
    page = editor.get(f"/mailings/{mailing.id}").text
    assert "現時点で40人" in page and "最大43人" not in page
