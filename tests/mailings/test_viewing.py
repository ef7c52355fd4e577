"""A mail in the browser: its reader's, and nobody's once the reader is gone; looking changes nothing."""

from __future__ import annotations

import sqlalchemy as sa

from tests import factories
from tests.factories import World
from tests.page import Browser
from wem import clock
from wem.db import db
from wem.delivery.message import Features
from wem.delivery.models import Delivery, Dispatch
from wem.delivery.recipients import recipients_of
from wem.delivery.rendering import letter_of
from wem.lists.subscription_models import Subscriber
from wem.lists.takedown_models import Takedown, TakenDown
from wem.mailings import jobs as mailings_jobs
from wem.mailings import previewing, starting, viewing
from wem.mailings.models import BodyKind, Mailing
from wem.tracking.models import Hit

HTML = '<p>{{ 氏名 }}様</p><a href="https://shop.example.jp/new">新商品</a>'


def sent(world: World, **values: object) -> Dispatch:
    mailing = factories.make_mailing(world.ours.mailing_list, **{"html": HTML, **values})
    db.session.commit()
    dispatch = starting.start(mailing, by=world.ours.owner.id)
    db.session.commit()
    mailings_jobs.expand(dispatch.id)
    db.session.commit()
    return dispatch


def readers(dispatch: Dispatch) -> list[tuple[int, Subscriber]]:
    rows = db.session.execute(
        sa.select(Delivery.seq, Subscriber)
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(Delivery.dispatch_id == dispatch.id)
        .order_by(Delivery.seq)
    )
    return [(row[0], row[1]) for row in rows]


def path(dispatch: Dispatch, seq: int) -> str:
    return viewing.view_url(dispatch.id, seq).removeprefix("http://localhost:8001")


def test_each_reader_sees_their_own_mail_and_nothing_is_counted(world: World, public: Browser) -> None:
    dispatch = sent(world)
    (first, one), (second, other) = readers(dispatch)[:2]
    one.fields, other.fields = {"氏名": "田中 一"}, {"氏名": "鈴木 二"}
    db.session.commit()
    page = public.get(path(dispatch, first))
    assert "田中 一様" in page.text
    assert "鈴木 二" not in page.html
    assert "鈴木 二様" in public.get(path(dispatch, second)).text
    assert 'href="https://shop.example.jp/new"' in page.html
    assert "/o/" not in page.html
    assert "/u/" in page.html, "the way to stop is the reader's own"
    assert page.response.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert page.response.headers["Referrer-Policy"] == "no-referrer"
    assert page.response.headers["Content-Security-Policy"].startswith("sandbox allow-popups")
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Hit)) == 0


def test_who_left_leaves_nothing_behind(world: World, public: Browser) -> None:
    dispatch = sent(world)
    seq, reader = readers(dispatch)[0]
    reader.fields = {"氏名": "田中 一"}
    db.session.commit()
    db.session.execute(
        sa.update(Delivery).where(Delivery.dispatch_id == dispatch.id, Delivery.seq == seq).values(subscriber_id=10**9)
    )
    db.session.commit()
    page = public.get(path(dispatch, seq))
    assert "読者様" in page.text
    assert "田中" not in page.text
    # Also when the delivery is gone.
    db.session.execute(sa.delete(Delivery).where(Delivery.dispatch_id == dispatch.id))
    db.session.commit()
    assert "読者様" in public.get(path(dispatch, seq)).text
    db.session.execute(sa.delete(Dispatch).where(Dispatch.id == dispatch.id))
    db.session.commit()
    gone = public.get(path(dispatch, seq))
    assert gone.status == 410
    assert "保存されていません" in gone.text


def test_a_test_copy_says_what_its_link_is(world: World, public: Browser) -> None:
    shown = previewing.as_sample(factories.make_mailing(world.ours.mailing_list, text="{{ view_url }}"), 0)
    page = public.get(shown.text.strip().splitlines()[0].removeprefix("http://localhost:8001"))
    assert shown.size_kb >= 1
    assert page.status == 404
    assert "テストメールのリンクです" in page.text


def test_a_text_mail_masks_the_address(world: World, public: Browser) -> None:
    dispatch = sent(world, body_kind=BodyKind.text, text="{{ email }} {{ view_url }}")
    seq, reader = readers(dispatch)[0]
    page = public.get(path(dispatch, seq))
    assert reader.address not in page.text
    assert reader.masked in page.text


def test_forged_taken_down_and_suspended_are_not_shown(world: World, public: Browser) -> None:
    dispatch = sent(world)
    seq, _ = readers(dispatch)[0]
    good = path(dispatch, seq)
    assert public.get(good[:-1] + ("a" if good[-1] != "a" else "b")).status == 404
    row = Takedown(
        customer_id=world.ours.customer.id,
        kind=TakenDown.mailing,
        target_id=dispatch.mailing_id,
        reason="権利侵害",
        by=world.admin.id,
    )
    db.session.add(row)
    db.session.commit()
    assert public.get(good).status == 403
    row.lift("解決", by=world.admin.id)
    world.ours.contract.suspended_at = clock.now()
    db.session.commit()
    page = public.get(good)
    assert page.status == 403
    assert page.soup.find(id="sender") is not None


def test_the_mail_carries_the_address_of_its_page(world: World) -> None:
    dispatch = sent(world, view_line=True)
    assert "画像が表示されない場合" in (dispatch.content["html"] or "")
    seen = viewing.seen(dispatch.id, readers(dispatch)[0][0])
    assert isinstance(seen, viewing.Seen) and "画像が表示されない場合" not in (seen.html or ""), "it leads to itself"
    batch = db.session.scalars(sa.select(Delivery.batch).where(Delivery.dispatch_id == dispatch.id)).first() or 0
    recipient = recipients_of(dispatch.id, batch, [world.ours.mailing_list.id])[0]
    mail = letter_of(dispatch).mail(recipient, clock.now(), Features())
    assert viewing.view_url(dispatch.id, recipient.seq).encode() in mail.data.replace(b"=\r\n", b"")
    mailing = db.session.get_one(Mailing, dispatch.mailing_id)
    assert mailing.view_line
