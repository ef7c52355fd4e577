"""1,000 invited, 100 confirm, the rest is erased when its time is up."""

from __future__ import annotations

import time
from datetime import timedelta

import sqlalchemy as sa
import time_machine

from tests.proof.conftest import WORK
from wem import clock
from wem.db import db
from wem.lists import counting
from wem.lists.expiring import erase_expired_pending
from wem.lists.models import MailingList
from wem.lists.states import SubscriptionState
from wem.lists.subscription_models import Subscriber, Subscription
from wem.running.browsing import Browser


def test_a_thousand_invitations(service, world, office):
    list_id = office.make_list("招待", "invited")
    office.apply(office.upload(list_id, "readers-1000-utf8-bom.csv", "invitation"))
    service.wait("1,000 pending", lambda: db.session.get(MailingList, list_id).pending_count == 1_000, WORK)
    deadline = time.monotonic() + WORK
    while service.mailbox.count() < 1_000:
        assert time.monotonic() < deadline, service.log()
        time.sleep(0.2)
    mails = list(service.mailbox.recipients())
    assert len(mails) == len({mail["recipient"] for mail in mails}) == 1_000
    before = service.ask(lambda: counting.registered(world.ours.customer.id))

    reader, forms = Browser(), []
    for mail in mails[:100]:
        [found] = service.mailbox.mails(recipient=mail["recipient"])
        link = next(link for link in service.mailbox.mail(found["id"])["links"] if "/c/" in link)
        forms.append(reader.get(link).form(action="/c/"))
    assert service.ask(lambda: db.session.get(MailingList, list_id).active_count) == 0  # opening a page does nothing
    time.sleep(1.2)  # a button pressed at once is taken for a scanner's
    for form in forms:
        reader.submit(form)
    assert not list(reader.cookies)
    counts = service.ask(lambda: (db.session.get(MailingList, list_id).active_count, pending(list_id)))
    assert counts == (100, 900)
    assert service.ask(lambda: counting.registered(world.ours.customer.id)) == before + 100

    with service.app.app_context(), time_machine.travel(clock.now() + timedelta(days=7, minutes=1)):
        while erase_expired_pending():
            db.session.commit()
        db.session.commit()
    assert service.ask(lambda: (db.session.get(MailingList, list_id).active_count, pending(list_id))) == (100, 0)
    left = sa.select(sa.func.count()).select_from(Subscriber).where(Subscriber.customer_id == world.ours.customer.id)
    assert service.ask(lambda: db.session.scalar(left)) == before + 100
    assert service.ask(lambda: counting.recount(world.ours.customer.id)) == before + 100


def pending(list_id):
    return db.session.scalar(
        sa.select(sa.func.count())
        .select_from(Subscription)
        .where(Subscription.list_id == list_id, Subscription.state == SubscriptionState.pending)
    )
