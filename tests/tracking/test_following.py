"""Counted links and the picture: where they lead, what they say to browsers, and that a GET does nothing but count."""

from __future__ import annotations

import email
import email.policy
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from tests import factories
from tests.factories import World
from tests.page import Browser
from tests.tracking.mailed import HTML, click, hits, links, on_public, picture, recipients, seq_of, start, token
from wem import clock
from wem.db import db
from wem.delivery.identity import Purpose
from wem.delivery.message import Features
from wem.delivery.models import Delivery, Dispatch
from wem.delivery.rendering import letter_of
from wem.lists import leaving
from wem.lists.states import FieldKind
from wem.lists.subscription_models import Subscriber, Subscription
from wem.tracking import hitting
from wem.tracking.models import Hit, Link
from wem.web.limits import limiter

pytestmark = pytest.mark.both_databases


def test_from_the_mail_to_the_page(world: World, public: Browser) -> None:
    """What a reader's program finds in the mail leads on, and is written down."""
    dispatch = start(world.ours)
    letter = letter_of(dispatch)
    recipient = recipients(dispatch)[0]
    seq = recipient.seq
    data = letter.mail(recipient, clock.now(), Features()).data
    body = email.message_from_bytes(data, policy=email.policy.default).get_body(("html",))
    assert body is not None
    html = body.get_content()
    found = links(html)
    assert found[0] == found[2] == f"http://localhost:8001{click(dispatch, seq)}"
    assert found[1] == f"http://localhost:8001{click(dispatch, seq, 2)}"
    assert found[3] == "mailto:info@shop.example.jp"
    assert [link.partition("8001/")[2][:2] for link in found[4:]] == ["p/", "u/"]
    assert f'<img src="http://localhost:8001{picture(dispatch, seq)}" alt="" width="1" height="1"' in html
    page = public.get(on_public(found[0]), headers={"User-Agent": "Mail\x00er/1"})
    assert (page.status, page.location) == (302, "https://shop.example.jp/new?a=1&b=2")
    row = db.session.scalars(sa.select(Hit)).one()
    assert (row.dispatch_id, row.seq, row.number, row.counted) == (dispatch.id, seq, 1, False)
    assert (row.network, row.agent) == ("127.0.0.0/24", "Mailer/1")


def test_what_browsers_are_told(world: World, public: Browser) -> None:
    dispatch = start(world.ours)
    for path in (click(dispatch, 1, 2), picture(dispatch, 1), "/l/1.forged", "/o/forged.gif"):
        answer = public.client.get(path, base_url=public.origin)
        answer.close()
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Robots-Tag"] == "noindex"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "Set-Cookie" not in answer.headers


def test_the_picture(world: World, public: Browser) -> None:
    dispatch = start(world.ours)
    answer = public.client.get(picture(dispatch, 1), base_url=public.origin)
    answer.close()
    assert (answer.status_code, answer.mimetype, len(answer.data), answer.data[:6]) == (200, "image/gif", 43, b"GIF89a")
    assert hits() == 1
    assert db.session.scalars(sa.select(Hit.number)).all() == [0]
    forged = public.client.get("/o/" + "a" * 39 + ".gif", base_url=public.origin)
    forged.close()
    assert (forged.status_code, forged.mimetype, forged.data) == (404, "image/gif", answer.data)
    assert hits() == 1


def test_head_is_told_the_way_and_not_counted(world: World, public: Browser) -> None:
    dispatch = start(world.ours)
    answer = public.client.head(click(dispatch, 1), base_url=public.origin)
    answer.close()
    assert (answer.status_code, answer.headers["Location"]) == (302, "https://shop.example.jp/new?a=1&b=2")
    public.client.head(picture(dispatch, 1), base_url=public.origin).close()
    assert hits() == 0


def test_no_other_method_is_known(world: World, public: Browser) -> None:
    dispatch = start(world.ours)
    for path in (click(dispatch, 1), picture(dispatch, 1)):
        for method in ("POST", "PUT", "DELETE"):
            answer = public.client.open(path, method=method, base_url=public.origin)
            answer.close()
            assert answer.status_code == 405
    assert hits() == 0


def test_capital_letters_count_the_same(world: World, public: Browser) -> None:
    dispatch = start(world.ours)
    for path in (f"/l/1.{token(dispatch, 1).upper()}", f"/o/{token(dispatch, 1, Purpose.open).upper()}.gif"):
        public.get(path)
    assert hits() == 2


def test_forged_names_lead_nowhere(world: World, public: Browser) -> None:
    dispatch = start(world.ours)
    good = token(dispatch, 1)
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    bad = [good[:at] + letters[letters.index(good[at]) ^ 1] + good[at + 1 :] for at in range(len(good))]
    bad += [token(dispatch, 1, purpose) for purpose in Purpose if purpose is not Purpose.click]
    bad += [good[:-1], good + "a", "", "https://evil.example"]
    for each in bad:
        page = public.get(f"/l/1.{each}")
        assert page.status == 404, each
        assert not page.location
    for number in ("0", "01", "-1", "+1", "99", "1.1", "", "１", "9" * 30):
        assert public.get(f"/l/{number}.{good}").status == 404, number
    for purpose in Purpose:
        if purpose is not Purpose.open:
            assert public.get(f"/o/{token(dispatch, 1, purpose)}.gif").status == 404
    assert hits() == 0


def test_the_address_comes_from_the_table_alone(world: World, public: Browser) -> None:
    """No parameter, no header turns a link elsewhere."""
    dispatch = start(world.ours)
    for query in ("?url=https://evil.example", "?next=//evil.example", "/../../evil.example"):
        assert "evil" not in public.get(click(dispatch, 1) + query).location


def test_a_page_that_is_gone_speaks_the_readers_language(world: World, public: Browser) -> None:
    assert "ページが見つかりません" in public.get("/l/1.x").text
    assert "was not found" in public.get("/l/1.x", headers={"Accept-Language": "en-GB,en;q=0.9"}).text
    assert "ページが見つかりません" in public.get("/l/1.x?lang=ja", headers={"Accept-Language": "en"}).text
    assert "ページが見つかりません" in public.get("/l/1.x?lang=xx", headers={"Accept-Language": "fr"}).text


def test_the_portal_knows_no_counted_links(world: World, browser_for) -> None:  # type: ignore[no-untyped-def]
    dispatch = start(world.ours)
    assert browser_for().get(click(dispatch, 1)).status == 404


FIELDS = '<a href="https://shop.example.jp/{{ 会員 }}?area={{ 地域 }}">x</a>'


def with_fields(world: World, **values: object) -> tuple[Dispatch, Subscriber]:
    customer = world.ours.customer
    factories.make_field(customer, "会員", FieldKind.yes_no)
    factories.make_field(customer, "地域", FieldKind.choice, options=["東京", "大阪"])
    reader = world.ours.readers[0]
    reader.fields = values
    return start(world.ours, FIELDS), reader


def test_fields_are_those_of_the_reader(world: World, public: Browser) -> None:
    dispatch, reader = with_fields(world, 会員=True, 地域="東京")
    path = click(dispatch, seq_of(dispatch, reader))
    assert public.get(path).location == "https://shop.example.jp/%E3%81%AF%E3%81%84?area=%E6%9D%B1%E4%BA%AC"
    other = click(dispatch, seq_of(dispatch, world.ours.readers[1]))
    assert public.get(other).location == "https://shop.example.jp/?area="


def test_links_outlive_reader_and_delivery(world: World, public: Browser) -> None:
    dispatch, reader = with_fields(world, 会員=True, 地域="東京")
    path = click(dispatch, seq_of(dispatch, reader))
    leaving.erase(reader)
    db.session.commit()
    assert public.get(path).location == "https://shop.example.jp/?area="
    db.session.execute(sa.delete(Delivery))
    db.session.commit()
    assert public.get(path).location == "https://shop.example.jp/?area="
    db.session.execute(sa.delete(Link))
    db.session.commit()
    assert public.get(path).status == 404


def test_opening_and_following_everything_stops_nobody(world: World, public: Browser) -> None:
    """As a scanner does: every address of every mail, by GET and HEAD."""
    dispatch = start(world.ours, HTML + '<a href="{{ unsubscribe_url }}">stop</a>')
    before = db.session.execute(sa.select(Subscription.id, Subscription.state).order_by(Subscription.id)).all()
    for recipient in recipients(dispatch):
        for path in (click(dispatch, recipient.seq), picture(dispatch, recipient.seq)):
            for method in ("GET", "HEAD"):
                public.client.open(path, method=method, base_url=public.origin).close()
    db.session.expire_all()
    assert db.session.execute(sa.select(Subscription.id, Subscription.state).order_by(Subscription.id)).all() == before
    assert hits() == 2 * len(world.ours.readers)


def test_no_limit_stands_before_a_link(world: World, public: Browser) -> None:
    dispatch = start(world.ours)
    limiter.enabled = True
    try:
        answers = {public.get(click(dispatch, 1)).status for _ in range(100)}
    finally:
        limiter.enabled = False
    assert answers == {302}


@contextmanager
def busy() -> Iterator[None]:
    """Hold what a writer of hits needs, from another thread's connection."""
    held, over = threading.Event(), threading.Event()
    engine = db.engine

    def hold() -> None:
        with engine.connect() as connection:
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql("LOCK TABLE hit IN ACCESS EXCLUSIVE MODE")
            else:
                connection.exec_driver_sql("SELECT 1")  # begins, with the write lock
            held.set()
            over.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(30)
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_a_busy_database_delays_no_link_and_loses_no_count(world: World, public: Browser) -> None:
    dispatch = start(world.ours)
    first, second = click(dispatch, 1), picture(dispatch, 2)
    with busy():
        assert public.get(first).location.startswith("https://shop.example.jp/")
        assert public.get(second).status == 200
    assert hits() == 0
    db.session.commit()
    public.get(click(dispatch, 3))
    found = db.session.execute(sa.select(Hit.seq, Hit.number).order_by(Hit.id)).all()
    assert sorted(map(tuple, found)) == [(1, 1), (2, 0), (3, 1)], "they went in with the next one"


def test_no_count_is_lost_while_no_connection_is_free(
    world: World, public: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispatch = start(world.ours)

    @contextmanager
    def none_free() -> Iterator[None]:
        raise sa.exc.TimeoutError("QueuePool limit reached")
        yield

    with monkeypatch.context() as busy_pool:
        busy_pool.setattr(hitting, "_impatient", none_free)
        assert public.get(picture(dispatch, 1)).status == 200
    public.get(picture(dispatch, 2))
    assert sorted(db.session.scalars(sa.select(Hit.seq))) == [1, 2]


def test_writing_patiently_comes_back_after_a_hit(world: World, public: Browser) -> None:
    dispatch = start(world.ours)
    public.get(click(dispatch, 1))
    if db.engine.dialect.name == "sqlite":
        with db.engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 30000
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 0  # OFF, as the tests set it
    else:
        assert db.session.scalar(sa.text("SHOW lock_timeout")) == "0"
