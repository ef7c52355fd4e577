"""Mailings that follow an earlier one: without those who got it, or to those who seem not to have read it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from tests.factories import World
from tests.page import Browser
from wem import clock
from wem.db import db
from wem.delivery.models import Delivery, DeliveryState, Dispatch, DispatchState
from wem.lists.subscription_models import Subscriber
from wem.mailings import controlling, copying, earlier, earlier_rules, jobs, narrowing, resending, starting
from wem.mailings.earlier import TooOften
from wem.mailings.earlier_rules import Earlier
from wem.mailings.models import BodyKind, Mailing
from wem.mailings.segment_models import MailingSegment, SegmentUse
from wem.mailings.states import MailingState
from wem.segments.keeping_rules import as_data, read
from wem.tracking.models import ANY_LINK, OPEN, FirstHit

BrowserFor = Callable[..., Browser]
DONE = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)


def test_what_is_asked() -> None:
    said = [(each.topic, each.op, each.values) for each in earlier_rules.silent(7, [3], [8, 9]).each]
    assert said == [
        ("received", "mailing", ("7",)),
        ("opened", "not_mailing", ("7",)),
        ("clicked", "not_mailing", ("7",)),
        ("opened", "not_mailing", ("3",)),
        ("clicked", "not_mailing", ("3",)),
        ("received", "not_mailing", ("8",)),
        ("received", "not_mailing", ("9",)),
    ]
    assert earlier_rules.silent(7).about_behaviour and not earlier_rules.got(7).about_behaviour
    # At its largest it is a segment that can be kept.
    most = earlier_rules.silent(1, range(2, 2 + earlier_rules.MOST_BEFORE), range(9, 9 + earlier_rules.MOST_AGAIN))
    assert read(as_data(most)) == most


@pytest.mark.parametrize(
    ("ended", "hours", "early"), [(DONE, 47, True), (DONE, 48, False), (None, 0, True), (DONE, -1, True)]
)
def test_how_long_to_wait(ended: datetime | None, hours: int, early: bool) -> None:
    assert earlier_rules.early(ended, DONE + timedelta(hours=hours)) is early


def sent(mailing: Mailing, opened: list[Subscriber] = [], clicked: list[Subscriber] = []) -> Dispatch:  # noqa: B006
    """The mailing as if it had been sent to whom it goes, with what these readers did. Commits."""
    dispatch = starting.start(mailing, by=None)
    db.session.commit()
    jobs.expand(dispatch.id)
    db.session.refresh(dispatch)
    db.session.execute(
        sa.update(Delivery).where(Delivery.dispatch_id == dispatch.id).values(state=DeliveryState.accepted)
    )
    seqs = dict(
        db.session.execute(
            sa.select(Delivery.subscriber_id, Delivery.seq).where(Delivery.dispatch_id == dispatch.id)
        ).all()
    )
    for number, readers in ((OPEN, opened), (ANY_LINK, clicked)):
        for reader in readers:
            whose = {"dispatch_id": dispatch.id, "seq": seqs[reader.id], "subscriber_id": reader.id}
            db.session.add(FirstHit(**whose, number=number, at=clock.now()))
    dispatch.state, dispatch.accepted = DispatchState.done, dispatch.total
    mailing.finish()
    db.session.commit()
    return dispatch


def readers_of(mailing: Mailing) -> list[int]:
    rows = sa.select(Delivery.subscriber_id).join(Dispatch, Dispatch.id == Delivery.dispatch_id)
    return sorted(db.session.scalars(rows.where(Dispatch.mailing_id == mailing.id)))


def second_of(mailing: Mailing, world: World) -> Mailing:
    draft = resending.resend(mailing, "もう一度お知らせします", name="再送", by=world.ours.owner.id)
    db.session.commit()
    return draft


@pytest.mark.both_databases
def test_it_goes_once_more_to_who_seems_not_to_have_read_it(world: World) -> None:
    first, (one, two, three) = world.ours.mailing, world.ours.readers
    sent(first, opened=[one])
    second, third = second_of(first, world), second_of(first, world)
    assert (second.subject, second.state, second.source_id) == ("もう一度お知らせします", MailingState.draft, first.id)
    # Who clicks before it starts is left out too, with pictures shown or not.
    at = {"dispatch_id": db.session.scalar(sa.select(Dispatch.id)), "at": clock.now()}
    seq = db.session.scalar(sa.select(Delivery.seq).where(Delivery.subscriber_id == two.id))
    db.session.add(FirstHit(**at, seq=seq, number=ANY_LINK, subscriber_id=two.id))
    db.session.commit()
    sent(second)
    assert readers_of(second) == [three.id]
    # Nobody gets it a third time, though the other draft was made before the second one went.
    sent(third)
    assert readers_of(third) == []
    again = second_of(second, world)
    db.session.add(FirstHit(**at, seq=9, number=OPEN, subscriber_id=three.id))
    db.session.commit()
    sent(again)
    assert readers_of(again) == [], "the first one was opened late"


def test_who_got_the_original_can_be_left_out(world: World) -> None:
    first = world.ours.mailing
    dispatch = sent(first)
    db.session.execute(
        sa.update(Delivery)
        .where(Delivery.dispatch_id == dispatch.id, Delivery.subscriber_id == world.ours.readers[1].id)
        .values(state=DeliveryState.cancelled)
    )
    copy = copying.duplicate(first, name="写し", by=world.ours.owner.id)
    assert earlier.of(copy) == first and earlier.chosen(copy.id) is Earlier.all
    earlier.choose(copy, Earlier.without)
    another = copying.duplicate(copy, name="写しの写し", by=world.ours.owner.id)
    assert earlier.chosen(another.id) is Earlier.without and earlier.of(another) == first
    sent(copy)
    assert readers_of(copy) == [world.ours.readers[1].id]
    assert narrowing.rows_of(copy.id)[0].conditions["groups"], "kept as it stood"


def test_it_waits_until_the_earlier_one_is_written_down(world: World) -> None:
    first = world.ours.mailing
    dispatch = starting.start(first, by=None)
    copy = copying.duplicate(first, name="", by=world.ours.owner.id)
    earlier.choose(copy, Earlier.without)
    follower = starting.start(copy, by=None)
    db.session.commit()
    jobs.expand(follower.id)
    assert db.session.get_one(Dispatch, follower.id, populate_existing=True).state is DispatchState.preparing
    jobs.expand(dispatch.id)
    jobs.expand(follower.id)
    assert db.session.get_one(Dispatch, follower.id, populate_existing=True).total == 0


def test_it_says_that_it_waits_for_one_that_stands_still_and_can_go_on_without(
    world: World, browser_for: Callable[..., Browser]
) -> None:
    first, editor = world.ours.mailing, browser_for(world.ours.editor)
    starting.start(first, by=None)
    copy = copying.duplicate(first, name="追いかけ", by=world.ours.owner.id)
    earlier.choose(copy, Earlier.without)
    follower = starting.start(copy, by=None)
    db.session.commit()
    page, said = f"/mailings/{copy.id}", "ほかのメールを待っています"
    assert said not in editor.get(page).text and editor.post(f"{page}/go-without").status == 303
    controlling.pause(first, by=world.ours.owner.id)
    db.session.commit()
    jobs.expand(follower.id)
    assert db.session.get_one(Dispatch, follower.id, populate_existing=True).state is DispatchState.preparing
    assert editor.get(page).soup.find("a", href=f"/mailings/{first.id}")
    for path in (page, "/mailings", "/mailings/calendar"):
        assert editor.get(path).text.count(said) > 0, path
    editor.post(f"{page}/go-without")
    jobs.expand(follower.id)
    # Nobody is written down for the first one yet.
    assert db.session.get_one(Dispatch, follower.id, populate_existing=True).total == 3
    text = editor.get(page).text
    assert "ほかのメールを待たずに送信" in text and said not in text


def test_an_original_that_is_gone_keeps_it_from_starting(world: World) -> None:
    first = world.ours.mailing
    sent(first)
    second = second_of(first, world)
    db.session.execute(sa.update(MailingSegment).values(earlier_id=None))  # as when its row is deleted
    db.session.commit()
    assert narrowing.lost(second) == [first.subject[:100]]


def test_there_is_an_end_to_it(world: World) -> None:
    first = world.ours.mailing
    sent(first)
    for _ in range(earlier_rules.MOST_AGAIN):
        second_of(first, world)
    with pytest.raises(TooOften):
        second_of(first, world)


def test_the_way_on_the_screens(world: World, browser_for: BrowserFor) -> None:
    first, editor = world.ours.mailing, browser_for(world.ours.editor)
    path = f"/mailings/{first.id}"
    assert editor.get(f"{path}/resend").location == path, "it has not been sent"
    sent(first, opened=world.ours.readers[:1])
    assert "未開封の読者に再送" in editor.get(path).text
    page = editor.get(f"{path}/resend")
    # Two are left: so few are not told.
    assert "5人未満" in page.text and "48時間以上" in page.text
    assert editor.submit(f"{path}/resend", {"subject": "{{ 知らない }}"}).status == 422
    made = editor.submit(f"{path}/resend", {"subject": "もう一度"})
    draft = db.session.scalars(sa.select(Mailing).order_by(Mailing.id.desc()).limit(1)).one()
    assert made.location == f"/mailings/{draft.id}/edit" and draft.name.startswith("再送：")
    assert "開封もクリックも確認できていない" in editor.get(f"/mailings/{draft.id}").text
    assert "もうしばらく待って" in editor.get(f"/mailings/{draft.id}/check").text
    # Saving another part leaves it; unless the person changes it.
    assert editor.submit(made.location, {"name": "別名"}, action="").status == 303
    assert earlier.chosen(draft.id) is Earlier.silent
    assert editor.submit(made.location, {"earlier": "without"}, action="").status == 303
    assert [row.use for row in narrowing.rows_of(draft.id)] == [SegmentUse.without]
    assert editor.submit(made.location, {"earlier": "all"}, action="").status == 303
    assert not narrowing.rows_of(draft.id)
    first.body_kind = BodyKind.text
    db.session.commit()
    assert editor.get(f"{path}/resend").location == path, "opens of texts are not counted"
