"""What a reader of a mailing gets: headers, links, texts, the legal footer; the first mail after an attested upload."""

from __future__ import annotations

import email
import time
from datetime import timedelta
from email.message import EmailMessage
from email.policy import default

import pytest
import sqlalchemy as sa

from tests import factories
from tests.delivery.dispatches import counters, send_all
from wem import clock, tokens
from wem.db import db
from wem.delivery.identity import (
    Purpose,
    identity_keys,
    read_delivery_id,
    read_message_id,
    read_reply_address,
    read_return_path,
)
from wem.delivery.models import Dispatch
from wem.delivery.rendering import shown
from wem.lists.states import Way
from wem.lists.subscription_models import Subscription
from wem.mailbox.client import MailboxClient
from wem.mailings import expanding, starting
from wem.mailings.models import Mailing
from wem.settings import settings

pytestmark = pytest.mark.both_databases


def send(mailing: Mailing) -> Dispatch:
    """Start it and send it as the workers would."""
    dispatch = starting.start(mailing, by=1)
    db.session.commit()
    expanding.expand_until(dispatch.id, time.monotonic() + 20)
    send_all()
    db.session.refresh(dispatch)
    return dispatch


def the_mail(mailbox: MailboxClient, recipient: str) -> tuple[str, EmailMessage]:
    """Return the envelope's sender and the parsed mail."""
    [found] = mailbox.mails(recipient=recipient)
    message = email.message_from_bytes(mailbox.source(found["id"]), policy=default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return found["sender"], message


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_the_whole_mail(world: factories.World, mailbox: MailboxClient) -> None:
    reader = world.ours.readers[2]
    world.ours.mailing.subject = "秋の新商品のお知らせ {{ 氏名 }}様"
    dispatch = send(world.ours.mailing)
    assert counters(dispatch) == {"accepted": 3}
    sender, message = the_mail(mailbox, reader.address)
    keys = identity_keys(settings().SECRET_KEY)
    assert read_return_path(sender, keys) == (Purpose.bounce, dispatch.id, 3)
    assert message["To"] == reader.address
    assert message["From"] == "株式会社髙橋商店 <takahashi@mail.wem.example>"
    assert read_reply_address(str(message["Reply-To"]), keys) == (Purpose.reply, dispatch.id, 3)
    assert message["Subject"] == "秋の新商品のお知らせ 髙橋 次郎様"
    assert read_message_id(message["Message-ID"], keys) == (dispatch.id, 3)
    assert abs(message["Date"].datetime - clock.now()) < timedelta(minutes=1)
    assert message["List-Id"] == f"お得情報 <{world.ours.mailing_list.id}.takahashi.mail.wem.example>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    page, by_mail = (way.strip(" <>") for way in message["List-Unsubscribe"].split(","))
    token = page.removeprefix("http://localhost:8001/u/")
    assert tokens.read(tokens.Purpose.unsubscribe, token) == [reader.id, world.ours.mailing.id]
    local = by_mail.removeprefix("mailto:u.").partition("@")[0]
    assert read_delivery_id(local, Purpose.unsubscribe_mail, keys) == (dispatch.id, 3)
    assert message["Feedback-ID"] == f"{world.ours.mailing.id}:{world.ours.mailing_list.id}:takahashi:wem-mail"
    for kind in ("plain", "html"):
        text = body(message, kind)
        assert "髙橋 次郎様" in text
        assert page in text
        assert "「お得情報」" in text
        assert "東京都立川市曙町1-1-1" in text
        assert "{{" not in text
        assert "今回から" not in text


def test_fields_are_escaped_where_they_stand(world: factories.World, mailbox: MailboxClient) -> None:
    reader = world.ours.readers[0]
    reader.fields = {"氏名": "<b>&\r\nBcc: evil@example.com"}
    world.ours.mailing.subject = "{{ 氏名 }}様"
    send(world.ours.mailing)
    _, message = the_mail(mailbox, reader.address)
    assert "Bcc" not in message
    assert message["Subject"] == "<b>& Bcc: evil@example.com様"
    assert "&lt;b&gt;&amp;" in body(message, "html")
    assert "<b>&" in body(message, "plain")


def test_an_english_mailing(world: factories.World, mailbox: MailboxClient) -> None:
    world.ours.mailing.language = "en"
    world.ours.mailing.text = "{{ date }} {{ preferences_url }}"
    send(world.ours.mailing)
    _, message = the_mail(mailbox, world.ours.readers[0].address)
    assert message["Content-Language"] == "en"
    text = body(message, "plain")
    assert f"{clock.today().isoformat()} http://localhost:8001/p/" in text
    assert "lang=en" in text


def test_an_old_address_is_quoted_on_the_wire(world: factories.World, mailbox: MailboxClient) -> None:
    factories.make_subscriber(world.ours.mailing_list, "taro..1980.@docomo.ne.jp")
    assert counters(send(world.ours.mailing)) == {"accepted": 4}
    assert mailbox.count(recipient='"taro..1980."@docomo.ne.jp') == 1


def test_the_first_mail_after_an_attested_upload_says_why_it_comes(
    world: factories.World, mailbox: MailboxClient
) -> None:
    newcomer = factories.make_subscriber(world.ours.mailing_list, "newcomer@readers.example.com")
    db.session.execute(
        sa.update(Subscription).where(Subscription.subscriber_id == newcomer.id).values(way=Way.attested)
    )
    send(world.ours.mailing)
    for kind in ("plain", "html"):
        assert "今回から" in body(the_mail(mailbox, newcomer.address)[1], kind)
        assert "今回から" not in body(the_mail(mailbox, world.ours.readers[0].address)[1], kind)
    mailbox.delete_mails()
    send(factories.make_mailing(world.ours.mailing_list))
    assert "今回から" not in body(the_mail(mailbox, newcomer.address)[1], "plain")


def test_who_comes_back_by_an_attested_upload_is_told_again(world: factories.World, mailbox: MailboxClient) -> None:
    """The row of an ended subscription is taken again: it is older than the last mailing, its consent is not."""
    send(world.ours.mailing)
    mailbox.delete_mails()
    reader = world.ours.readers[0]
    row = sa.update(Subscription).where(Subscription.subscriber_id == reader.id)
    db.session.execute(row.values(way=Way.attested, confirmed_at=clock.now()))
    send(factories.make_mailing(world.ours.mailing_list))
    assert "今回から" in body(the_mail(mailbox, reader.address)[1], "plain")
    assert "今回から" not in body(the_mail(mailbox, world.ours.readers[1].address)[1], "plain")


def test_a_reader_on_two_lists_gets_one_mail_under_the_list_that_is_left(
    world: factories.World, mailbox: MailboxClient
) -> None:
    other = factories.make_list(world.ours.customer, "セール")
    reader = world.ours.readers[0]
    db.session.add(
        Subscription(
            customer_id=reader.customer_id, list_id=other.id, subscriber_id=reader.id, state="active", way=Way.form
        )
    )
    other.active_count = 1
    world.ours.mailing.lists = [world.ours.mailing_list, other]
    dispatch = starting.start(world.ours.mailing, by=1)
    db.session.commit()
    expanding.expand_until(dispatch.id, time.monotonic() + 20)
    db.session.execute(
        sa.delete(Subscription).where(
            Subscription.subscriber_id == reader.id, Subscription.list_id == world.ours.mailing_list.id
        )
    )
    db.session.commit()
    send_all()
    _, message = the_mail(mailbox, reader.address)
    assert message["List-Id"].startswith("セール")
    assert "「セール」" in body(message, "plain")


@pytest.mark.parametrize(
    ("value", "language", "expected"),
    [
        ("田中", "ja", "田中"),
        (None, "ja", None),
        (True, "ja", "はい"),
        (True, "en", "yes"),
        (False, "ja", ""),
        (["赤", "青"], "ja", "赤、青"),
        (["red", "blue"], "en", "red, blue"),
        (42, "ja", "42"),
        (2.0, "ja", "2"),
        (2.5, "ja", "2.5"),
    ],
)
def test_values_as_texts_show_them(value: object, language: str, expected: str | None) -> None:
    assert shown(value, language) == expected
