"""The whole product on real input: 10,000 readers, every mail counted, workers killed, a contract switched off."""

from __future__ import annotations

import csv
import time
import zlib
from collections import Counter

import pytest
import sqlalchemy as sa
from redis import Redis

from tests.proof.conftest import DATA, WORK
from wem.db import db
from wem.delivery.models import Delivery, DeliveryState, Dispatch
from wem.lists import counting
from wem.lists.models import MailingList
from wem.mailings.models import Mailing
from wem.mailings.states import MailingState
from wem.running.browsing import Browser

FILE = "readers-10000-cp932.csv"
HTML = '<p>{{ 氏名 | default: "お客様" }}様</p><p>秋の新商品のお知らせです。</p>'


@pytest.fixture(scope="module")
def readers():
    with (DATA / FILE).open(encoding="cp932", newline="") as file:
        return {row["メールアドレス"]: row["氏名"] for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def list_id(service, world, office, readers):
    """The list, after the file was uploaded as attested consent, and approved by staff."""
    list_id = office.make_list("全読者", "all")
    url = office.upload(list_id, FILE, "attested")
    office.apply(url)
    page = office.staff.get(f"{service.portal}/staff/uploads")
    page = office.staff.get(page.link("/staff/uploads/"))
    office.staff.submit(page.form(action="/approve"))
    service.wait(
        "10,000 active readers", lambda: db.session.get(MailingList, list_id).active_count == len(readers), WORK
    )
    return list_id


def state_of(mailing_id):
    return lambda: db.session.get(Mailing, mailing_id).state


def finished(service, mailing_id):
    service.wait("the mailing is done", lambda: state_of(mailing_id)() is MailingState.done, 3 * WORK)


def mails_with(service, mark):
    """Return (recipient, subject, Message-ID) of all mails in the mailbox whose subject begins with a mark."""
    found = service.mailbox.recipients()
    return [(m["recipient"], m["subject"], m["message_id"]) for m in found if m["subject"].startswith(mark)]


def test_the_count_is_exact(service, world, list_id, readers):
    assert len(readers) == 10_000
    customer = world.ours.customer.id
    assert service.ask(lambda: counting.registered(customer)) == 10_000 + 3
    assert service.ask(lambda: counting.recount(customer)) == 10_000 + 3
    assert service.ask(lambda: counting.month_peak(customer)) == 10_000 + 3


def test_everyone_gets_one_mail_with_the_right_name(service, office, list_id, readers):
    mailing = office.compose('第一号 {{ 氏名 | default: "お客様" }}様', HTML, list_id)
    office.send(mailing)
    finished(service, mailing)
    got = mails_with(service, "第一号 ")
    assert Counter(recipient.lower() for recipient, _, _ in got) == Counter(address.lower() for address in readers)
    wanted = {address.lower(): f"第一号 {name or 'お客様'}様" for address, name in readers.items()}
    assert {recipient.lower(): subject for recipient, subject, _ in got} == wanted
    for name in ("髙橋", "﨑山"):
        address = next(address for address, whole in readers.items() if whole.startswith(name))
        [mail] = service.mailbox.mails(recipient=address)
        read = service.mailbox.mail(mail["id"])
        assert f"{readers[address]}様" in read["html"] and f"{readers[address]}様" in read["text"]


def test_a_killed_worker_loses_nothing(service, office, list_id, readers):
    """One reader leaves by the one-click header; the next mailing goes to 9,999, with a worker killed on the way."""
    [mail] = service.mailbox.mails(recipient=next(iter(readers)))
    headers = {name.lower(): value for name, value in service.mailbox.mail(mail["id"])["headers"]}
    target = next(part.strip(" <>") for part in headers["list-unsubscribe"].split(",") if "http" in part)
    Browser().post(target, {"List-Unsubscribe": "One-Click"})
    gone = mail["recipient"].lower()

    mailing = office.compose("第二号 {{ 氏名 }}", HTML, list_id)
    office.send(mailing)
    service.wait("the first thousand are out", lambda: accepted(mailing) > 1_000, WORK)
    service.kill("send-1")
    finished(service, mailing)
    got = mails_with(service, "第二号 ")
    counts = Counter(recipient.lower() for recipient, _, _ in got)
    assert set(counts) == {address.lower() for address in readers} - {gone}
    assert sum(counts.values()) - len(counts) <= service.settings.batch_size
    assert max(counts.values()) <= 2
    ids = {}
    for recipient, _, message_id in got:
        assert ids.setdefault(recipient, message_id) == message_id


def test_a_contract_switched_off_stops_its_mailing(service, world, office, list_id, readers):
    mailing = office.compose("第三号 {{ 氏名 }}", HTML, list_id)
    office.send(mailing)
    service.wait("the first are out", lambda: accepted(mailing) > 500, WORK)
    office.enter_what_is_owed(world.ours.contract.id)
    page = office.staff.get(f"{service.portal}/staff/contracts/{world.ours.contract.id}/suspend")
    form = page.form("ground", "note")
    form.fill("ground", "nonpayment")
    form.fill("note", "未払いのため")
    office.staff.submit(form)
    # One second after the stop is committed nothing leaves any more.
    time.sleep(1)
    then = len(mails_with(service, "第三号 "))
    service.wait("the mailing is held", lambda: state_of(mailing)() is MailingState.held, WORK)
    time.sleep(2)
    assert len(mails_with(service, "第三号 ")) == then < len(readers) - 1
    assert office.owner.get(f"{service.portal}/mailings", expect=403)


def test_what_is_recorded_is_what_left(service, list_id):
    """No delivery counts as accepted that the mailbox does not hold."""
    ours = service.ask(
        lambda: db.session.scalar(
            sa.select(sa.func.count()).select_from(Delivery).where(Delivery.state == DeliveryState.accepted)
        )
    )
    got = {(m["recipient"], m["message_id"]) for m in service.mailbox.recipients() if m["subject"].startswith("第")}
    assert len(got) >= ours


def accepted(mailing_id):
    return db.session.scalar(sa.select(sa.func.sum(Dispatch.accepted)).where(Dispatch.mailing_id == mailing_id)) or 0


def test_redis_holds_nobody(service, readers):
    """Jobs carry ids, and pace and limits count: an erasure has nothing to look for there (Art. 15)."""
    with Redis.from_url(service.settings.redis_url) as redis:
        content = b"\n".join(held_by(redis))
    assert b"wem." in content or b"rq:" in content
    shown = [name for pair in readers.items() for name in pair if name.encode() in content]
    assert not shown


def held_by(redis):
    """Yield every key and every value of Redis as they read: RQ packs what a job is called with."""
    of_kind = {
        b"string": lambda key: [redis.get(key)],
        b"hash": lambda key: [each for pair in redis.hgetall(key).items() for each in pair],
        b"list": lambda key: redis.lrange(key, 0, -1),
        b"set": redis.smembers,
        b"zset": lambda key: redis.zrange(key, 0, -1),
        b"stream": lambda key: [each for _, entry in redis.xrange(key) for pair in entry.items() for each in pair],
    }
    for key in redis.scan_iter():
        yield key
        for value in of_kind[redis.type(key)](key):
            try:
                yield zlib.decompress(value or b"")
            except zlib.error:
                yield value or b""
