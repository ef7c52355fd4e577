"""What watches over the database of the other tests sees every kind of write."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from tests.factories import make_customer
from tests.invariants.database import Watch
from tests.invariants.stage import Stage
from tests.page import Browser
from wem import clock
from wem.accounts.models import Customer, SignIn
from wem.audit import AuditEvent
from wem.db import db
from wem.lists.models import MailingList


def test_every_kind_of_write_is_seen(stage: Stage, watch: Watch) -> None:
    assert watch.changed() == []
    customer = make_customer()
    db.session.commit()
    assert "customer" in watch.changed()
    customer.name = "another"
    db.session.commit()
    assert watch.changed() == ["customer"]
    db.session.execute(sa.delete(Customer).where(Customer.id == customer.id))
    db.session.commit()
    assert watch.changed() == ["customer"]
    assert watch.changed() == []


def test_a_sign_of_life_and_what_stays_the_same_are_none(
    stage: Stage, watch: Watch, browser_for: Callable[..., Browser]
) -> None:
    browser_for(stage.ours.person("owner"))
    assert watch.changed() == ["sign_in"]
    db.session.execute(sa.update(SignIn).values(seen_at=clock.now()))
    db.session.execute(sa.update(MailingList).values(name=MailingList.name))
    db.session.commit()
    assert watch.changed() == []


def test_what_is_named_does_not_count(stage: Stage, watch: Watch) -> None:
    db.session.add(AuditEvent(action="list.create", at=clock.now()))
    db.session.commit()
    assert watch.changed(but={"audit_event"}) == []
