"""Readers who change while a sequence runs: steps that moved behind them, corrected dates, another address."""

import pytest
import sqlalchemy as sa

from tests import factories
from tests.sequences.simulating import again, at, been_there, day, got, look, make_sequence, sign_up
from tests.sequences.test_running import numbers
from wem import clock
from wem.db import db
from wem.delivery.models import Dispatch
from wem.lists import preferences
from wem.lists.rules import read_address
from wem.lists.states import FieldKind
from wem.lists.subscription_models import AddressChange, Subscriber
from wem.mailings.chosen_models import ChosenReader
from wem.sequences import counting, keeping
from wem.sequences.merging import carry
from wem.sequences.models import ReaderState, SequenceReader
from wem.tracking.models import ANY_LINK, FirstHit

both_databases = pytest.mark.both_databases


def test_a_step_that_was_moved_behind_who_had_it_holds_nobody_up(world):
    been_there(world, "2026-11-01T10:00")
    sequence = make_sequence(world, (0, 0), (3, 10), (5, 10), (7, 10), (9, 10), tolerance=7)
    sign_up(world.ours.mailing_list, "2026-12-01T12:00", 2)
    look("2026-12-01T12:01")
    look("2026-12-04T10:00")
    later = sign_up(world.ours.mailing_list, "2026-12-04T12:00")
    look("2026-12-04T12:01")
    with at("2026-12-04T13:00"):
        keeping.move_step(again(sequence).steps[1], 6, 10, by=world.ours.owner.id)
        db.session.commit()
    look("2026-12-06T10:00")
    # The 6th day comes before the 7th for who has not had it alone.
    assert [each[0] for each in numbers(sequence)] == [0, 1, 0, 2, 0]
    look("2026-12-08T10:00")
    assert numbers(sequence)[3:] == [(0, 2, 0, 0), (2, 0, 0, 0)]
    for text in ("2026-12-09T10:00", "2026-12-10T10:00", "2026-12-11T10:00", "2026-12-13T10:00"):
        look(text)
    assert numbers(sequence) == [(0, 3, 0, 0)] * 5
    assert len(db.session.scalars(sa.select(ChosenReader).where(ChosenReader.subscriber_id == later[0].id)).all()) == 5
    assert counting.numbers(again(sequence)) == counting.Numbers(3, 0, 3)


@both_databases
def test_a_date_that_is_corrected_in_time_has_its_mails_in_the_same_year(world):
    been_there(world, "2026-11-01T10:00")
    born = factories.make_field(world.ours.customer, "誕生日", FieldKind.date)
    sequence = make_sequence(world, (-2, 9), (0, 9), field=born, every_year=True)
    mine = world.ours.mailing_list
    [mistyped] = sign_up(mine, "2026-11-01T10:00", 誕生日="1990-12-12")
    [over] = sign_up(mine, "2026-11-01T10:00", 誕生日="1990-12-07")
    look("2026-12-05T09:00")
    assert numbers(sequence) == [(1, 1, 0, 0), (1, 0, 0, 0)]
    db.session.get_one(Subscriber, mistyped.id).fields = {"誕生日": "1990-12-11"}
    # A mail of this year's has gone: the year is over for this reader.
    db.session.get_one(Subscriber, over.id).fields = {"誕生日": "1990-12-15"}
    db.session.commit()
    look("2026-12-06T10:00")
    look("2026-12-09T09:00")
    assert numbers(sequence) == [(0, 2, 0, 0), (1, 0, 1, 0)]
    look("2026-12-11T09:00")
    look("2026-12-15T09:00")
    assert numbers(sequence) == [(0, 2, 0, 0), (0, 1, 1, 0)]
    assert counting.numbers(again(sequence)) == counting.Numbers(2, 0, 1)


def move(reader, to, text):
    """Have a reader confirm the address of another one; returns what came of it."""
    with at(text):
        preferences.ask_address_change(reader, read_address(to), language="ja")
        change = db.session.scalar(sa.select(AddressChange))
        came = preferences.move_address(change, ip=None, user_agent=None, carry=carry)
        db.session.commit()
    return came


@both_databases
def test_who_moves_to_another_readers_address_goes_on_there(world, mailbox):
    been_there(world, "2026-11-01T10:00")
    sequence = make_sequence(world, (0, 0), (3, 10), (7, 10), tolerance=7)
    mine = world.ours.mailing_list
    [there] = sign_up(mine, "2026-11-20T10:00")
    [moves] = sign_up(mine, "2026-12-01T12:00")
    day("2026-12-01T12:01")
    day("2026-12-04T10:00")
    assert move(moves, there.address, "2026-12-05T10:00") == (preferences.Moved.merged, there.id)
    assert numbers(sequence) == [(0, 1, 0, 0), (0, 1, 0, 0), (1, 0, 0, 0)]
    day("2026-12-08T10:00")
    assert got(mailbox)[there.address] == ["7日目のお知らせ"]
    # Two who are both in it: the further place wins, and what either had does not go again.
    [first] = sign_up(mine, "2026-12-08T12:00")
    day("2026-12-08T12:01")
    day("2026-12-11T10:00")
    [second] = sign_up(mine, "2026-12-12T12:00")
    day("2026-12-12T12:01")
    kept = second.address
    move(first, kept, "2026-12-13T10:00")
    for text in ("2026-12-15T10:00", "2026-12-16T10:00", "2026-12-19T10:00"):
        day(text)
    assert got(mailbox)[kept] == ["0日目のお知らせ", "7日目のお知らせ"]
    assert counting.numbers(again(sequence)) == counting.Numbers(2, 0, 2)
    assert [each[0::2] for each in numbers(sequence)] == [(0, 0)] * 3


def test_a_click_before_the_move_ends_it_still(world):
    been_there(world, "2026-11-01T10:00")
    sequence = make_sequence(world, (0, 0), (3, 10), leave_on_click=True)
    mine = world.ours.mailing_list
    [there], [moves] = sign_up(mine, "2026-11-20T10:00"), sign_up(mine, "2026-12-01T12:00")
    look("2026-12-01T12:01")
    dispatch = db.session.scalars(sa.select(Dispatch)).one()
    db.session.add(FirstHit(dispatch_id=dispatch.id, seq=1, number=ANY_LINK, at=clock.now(), subscriber_id=moves.id))
    db.session.commit()
    move(moves, there.address, "2026-12-02T10:00")
    row = db.session.scalars(sa.select(SequenceReader)).one()
    assert (row.subscriber_id, row.state) == (there.id, ReaderState.left)
    look("2026-12-04T10:00")
    assert numbers(sequence) == [(0, 1, 0, 0), (0, 0, 1, 0)]


@pytest.mark.parametrize("clicker_is_further", [True, False])
def test_the_click_of_either_place_ends_the_joined_one(world, clicker_is_further):
    been_there(world, "2026-11-01T10:00")
    sequence = make_sequence(world, (0, 0), (3, 10), (7, 10), (9, 10), leave_on_click=True, tolerance=7)
    mine = world.ours.mailing_list
    [further] = sign_up(mine, "2026-12-01T12:00")
    look("2026-12-01T12:01")
    look("2026-12-04T10:00")
    [behind] = sign_up(mine, "2026-12-05T12:00")
    look("2026-12-05T12:01")
    moves, stays = (further, behind) if clicker_is_further else (behind, further)
    first = sa.select(ChosenReader.mailing_id).where(ChosenReader.subscriber_id == moves.id).limit(1)
    dispatch = db.session.scalars(sa.select(Dispatch).where(Dispatch.mailing_id == first.scalar_subquery())).one()
    db.session.add(FirstHit(dispatch_id=dispatch.id, seq=1, number=ANY_LINK, at=clock.now(), subscriber_id=moves.id))
    db.session.commit()
    assert move(moves, stays.address, "2026-12-06T10:00") == (preferences.Moved.merged, stays.id)
    row = db.session.scalars(sa.select(SequenceReader)).one()
    assert (row.subscriber_id, row.state, row.step_id, row.due) == (stays.id, ReaderState.left, None, None)
    assert counting.numbers(again(sequence)).left == 1
