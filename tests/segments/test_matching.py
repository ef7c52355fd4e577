"""The SQL of segments fits exactly whom plain Python says, on both databases."""

from __future__ import annotations

from datetime import datetime

import hypothesis
import pytest
import sqlalchemy as sa
from flask import Flask

from tests.segments.evaluating import Evaluator
from tests.segments.people import people, some_conditions
from wem.clock import JAPAN
from wem.db import db
from wem.lists.subscription_models import Subscriber
from wem.segments.matching import fits
from wem.segments.rules import Conditions


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "at", [datetime(2026, 11, 28, 8, 30, tzinfo=JAPAN), datetime(2027, 2, 27, 23, 59, tzinfo=JAPAN)], ids=str
)
def test_sql_fits_whom_plain_python_fits(app: Flask, at: datetime) -> None:
    made = people(at)
    evaluator = Evaluator(at, made.mailings)

    @hypothesis.settings(max_examples=200, database=None)
    @hypothesis.given(some_conditions(made))
    def agree(conditions: Conditions) -> None:
        readers = sa.select(Subscriber.id).where(
            Subscriber.customer_id == made.customer.id, fits(conditions, made.customer.id, at)
        )
        wanted = {number for number, reader in made.readers.items() if evaluator.fits(conditions, reader)}
        assert set(db.session.scalars(readers)) == wanted

    agree()
    db.session.rollback()
