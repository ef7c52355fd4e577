"""The count of registered addresses and its month's peak: exact when many change it at once (Art. 7-2)."""

from __future__ import annotations

import threading
from datetime import date, datetime

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from tests.factories import World, make_subscriber
from wem.clock import JAPAN
from wem.db import db
from wem.lists import counting
from wem.lists.count_models import MonthPeak

pytestmark = pytest.mark.both_databases
CUSTOMER = 7
JANUARY, FEBRUARY = date(2026, 1, 1), date(2026, 2, 1)


def at(*moment: int) -> time_machine.travel:
    return time_machine.travel(datetime(*moment, tzinfo=JAPAN), tick=False)  # type: ignore[arg-type]


def peaks() -> dict[date, int]:
    rows = db.session.execute(sa.select(MonthPeak.month, MonthPeak.peak).where(MonthPeak.customer_id == CUSTOMER))
    return {row.month: row.peak for row in rows}


def test_up_and_down(app: Flask) -> None:
    with at(2026, 1, 15, 12):
        for change, registered, peak in ((3, 3, 3), (-2, 1, 3), (1, 2, 3), (5, 7, 7), (-7, 0, 7), (0, 0, 7)):
            counting.change_count(CUSTOMER, change)
            assert (counting.registered(CUSTOMER), counting.month_peak(CUSTOMER)) == (registered, peak)


def test_what_stands_on_the_first_counts_for_the_month(app: Flask) -> None:
    """The month's row is made from the count before the change: 00:00 on the 1st is in the month (A-06)."""
    with at(2026, 1, 31, 23, 59):
        counting.change_count(CUSTOMER, 10)
    with at(2026, 2, 1, 0, 0):
        assert counting.month_peak(CUSTOMER) == 10
        counting.change_count(CUSTOMER, -4)
        assert counting.month_peak(CUSTOMER) == 10
    assert peaks() == {JANUARY: 10, FEBRUARY: 10}


def test_the_month_is_japans(app: Flask) -> None:
    with time_machine.travel("2026-01-31T15:00:00+00:00", tick=False):  # midnight in Tokyo
        counting.change_count(CUSTOMER, 1)
    assert peaks() == {FEBRUARY: 1}


def test_when_the_peak_was_reached_first(app: Flask) -> None:
    with at(2026, 1, 10, 9):
        counting.change_count(CUSTOMER, 5)
    with at(2026, 1, 11, 9):
        counting.change_count(CUSTOMER, -1)
        counting.change_count(CUSTOMER, 1)
    reached = db.session.scalar(sa.select(MonthPeak.reached_at).where(MonthPeak.customer_id == CUSTOMER))
    assert reached == datetime(2026, 1, 10, 9, tzinfo=JAPAN)


def test_customers_do_not_mix(app: Flask) -> None:
    counting.change_count(CUSTOMER, 5)
    counting.change_count(CUSTOMER + 1, 2)
    assert (counting.registered(CUSTOMER), counting.registered(CUSTOMER + 1), counting.registered(99)) == (5, 2, 0)


def test_it_goes_with_its_transaction(app: Flask) -> None:
    counting.change_count(CUSTOMER, 5)
    db.session.commit()
    counting.change_count(CUSTOMER, 3)
    db.session.rollback()
    assert (counting.registered(CUSTOMER), counting.month_peak(CUSTOMER)) == (5, 5)
    with db.session.begin_nested() as point:
        counting.change_count(CUSTOMER, 9)
        point.rollback()
    assert (counting.registered(CUSTOMER), counting.month_peak(CUSTOMER)) == (5, 5)


def test_the_kept_count_is_the_true_one(world: World) -> None:
    for _ in range(3):
        make_subscriber(world.ours.mailing_list)
    db.session.commit()
    customer = world.ours.customer.id
    assert counting.registered(customer) == counting.recount(customer) == 6


def test_no_peak_is_missed_by_many_at_once(app: Flask) -> None:
    """Each goes up and down again in transactions of its own; every state between is one that the peak must know."""
    threads, rounds, step = 8, 6, 3
    highest = [0]
    seen, errors = threading.Lock(), []
    start = threading.Barrier(threads)

    def work() -> None:
        try:
            with app.app_context():
                start.wait()
                for _ in range(rounds):
                    for change in (step, -step + 1):
                        counting.change_count(CUSTOMER, change)
                        after = counting.registered(CUSTOMER)
                        # Still our transaction: nobody else can have changed what we hold.
                        with seen:
                            highest[0] = max(highest[0], after)
                        db.session.commit()
                db.session.remove()
        except Exception as error:
            errors.append(error)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert not errors
    assert counting.registered(CUSTOMER) == threads * rounds
    assert counting.month_peak(CUSTOMER) == highest[0] >= threads * rounds
